# Stands in for the halves of a cloud in which there is no account (leave_out.py): without one resource of its provider,
# Terraform does not configure that, and so nobody has to sign in.

variable "name" {
  description = "As in the module that this one stands in for, like all that follow."
  type        = any
}

variable "settings" {
  description = "Not used."
  type        = any
}

variable "account" {
  description = "Not used."
  type        = any
}

variable "artefacts" {
  description = "Not used."
  type        = any
}

variable "publish" {
  description = "Not used."
  type        = any
  default     = null
}

variable "desk" {
  description = "Not used."
  type        = any
  default     = null
}

variable "platform" {
  description = "Not used."
  type        = any
  default     = null
}

variable "insights" {
  description = "Not used."
  type        = any
  default     = null
}

variable "operations_arn" {
  description = "Not used."
  type        = any
  default     = null
}

variable "foreign" {
  description = "Not used."
  type        = any
  default     = null
}

variable "destroy_records" {
  description = "Not used."
  type        = any
  default     = null
}

variable "ledger" {
  description = "Not used."
  type        = any
  default     = null
}
