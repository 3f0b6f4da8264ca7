variable "name" {
  description = "The function's name."
  type        = string
}

variable "entry_point" {
  description = "The handler's function, such as drift_on_object."
  type        = string
}

variable "role" {
  description = "The role of its job."
  type        = object({ arn = string, name = string })
}

variable "artefact" {
  description = "What runs: a zip in a bucket, or an image by its digest."
  type = object({
    bucket = optional(string)
    key    = optional(string)
    hash   = optional(string)
    image  = optional(string)
  })

  validation {
    condition     = var.artefact.image == null ? var.artefact.key != null : strcontains(var.artefact.image, "@sha256:")
    error_message = "An artefact is a zip's key, or an image with its digest (…@sha256:…)."
  }
}

variable "environment" {
  description = "The function's environment."
  type        = map(string)
}

variable "memory_mb" {
  description = "Memory, which sets the share of a processor too."
  type        = number
}

variable "scratch_mb" {
  description = "Room under /tmp, where files lie while they are read."
  type        = number
  default     = 512
  nullable    = false
}

variable "timeout_seconds" {
  description = "How long one call may take."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "Lambda runs a call for 1 to 900 seconds."
  }
}

variable "architecture" {
  description = "arm64 or x86_64."
  type        = string
}

variable "schedule" {
  description = "When it runs by itself: a cron expression of five fields, in UTC; null for never."
  type        = string
  default     = null
}

variable "schedule_group" {
  description = "The group its schedule belongs to."
  type        = string
  default     = null
}

variable "event_pattern" {
  description = "Which of the account's events call it (an EventBridge pattern in JSON); null for none."
  type        = string
  default     = null
}

variable "queue" {
  description = "The queue it takes messages from, if any."
  type        = object({ arn = string, batch = number, most_at_once = number })
  default     = null
}

variable "network" {
  description = "The subnets that it calls from and the security groups it is in, where a store is reached from nowhere else; null for none."
  type        = object({ subnets = set(string), groups = set(string) })
  default     = null
}

variable "key_arn" {
  description = "The key that encrypts its environment and its log."
  type        = string
}

variable "operations_arn" {
  description = "The topic that tells operators of what the function could not do."
  type        = string
}

variable "log_days" {
  description = "How long its log is kept."
  type        = number
}
