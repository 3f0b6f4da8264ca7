variable "name" {
  description = "The storage account's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.name))
    error_message = "A storage account's name has 3 to 24 lower-case letters and digits."
  }
}

variable "group" {
  description = "The resource group and its location."
  type        = object({ name = string, location = string })
}

variable "containers" {
  description = "The containers in it."
  type        = set(string)
}

variable "due" {
  description = "The prefix (container/folder) of markers that are done with after seven days; null for none."
  type        = string
  default     = null
}
