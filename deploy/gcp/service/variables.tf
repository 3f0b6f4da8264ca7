variable "name" {
  description = "The service's name."
  type        = string
}

variable "entry_point" {
  description = "The function in main.py, such as features_on_object."
  type        = string
}

variable "project" {
  description = "The project."
  type        = string
}

variable "region" {
  description = "Where it runs."
  type        = string
}

variable "identity" {
  description = "The e-mail address of its job's service account."
  type        = string
}

variable "pusher" {
  description = "The e-mail address of the service account by which Pub/Sub and Eventarc call it."
  type        = string
}

variable "image" {
  description = "The image, by its digest."
  type        = string

  validation {
    condition     = strcontains(var.image, "@sha256:")
    error_message = "An image is named with its digest (…@sha256:…)."
  }
}

variable "environment" {
  description = "The service's environment."
  type        = map(string)
}

variable "memory" {
  description = "Memory, such as 512Mi."
  type        = string
}

variable "timeout_seconds" {
  description = "How long one call may take; Pub/Sub waits at most 600 seconds for an answer."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 10 && var.timeout_seconds <= 540
    error_message = "A call may take 10 to 540 seconds."
  }
}

variable "topic" {
  description = "The topic whose messages it takes, if any, by its full name."
  type        = object({ id = string })
  default     = null
}

variable "bucket" {
  description = "The bucket whose finalized objects it takes, if any."
  type        = string
  default     = null
}

variable "dead_topic" {
  description = "Where messages go that failed five times, by the topic's full name."
  type        = string
}

variable "pubsub_agent" {
  description = "Pub/Sub's own service account, which moves dead letters."
  type        = string
}

variable "subnet" {
  description = "The subnetwork that it calls private addresses from; null for none."
  type        = string
  default     = null
}
