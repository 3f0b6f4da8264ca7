variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts it; null for S3's own, where AWS itself delivers into it."
  type        = string
}

variable "records" {
  description = "Prefixes under which objects are only ever created or replaced under a condition."
  type        = list(string)
}

variable "writers" {
  description = "Further statements of its policy: who else may write."
  type        = any
  default     = []
}

variable "destroy_records" {
  description = "Whether it may be deleted with what is in it."
  type        = bool
}
