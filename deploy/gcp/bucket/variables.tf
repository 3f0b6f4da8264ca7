variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "region" {
  description = "Where it lies."
  type        = string
}

variable "due" {
  description = "The prefix of markers that are done with after seven days; null for none."
  type        = string
  default     = null
}

variable "destroy_records" {
  description = "Whether it may be deleted with what is in it."
  type        = bool
}
