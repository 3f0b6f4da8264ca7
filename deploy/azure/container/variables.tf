variable "name" {
  description = "The function app's name, unique in all of Azure."
  type        = string
}

variable "job" {
  description = "The job: what of the image is on."
  type        = string
}

variable "group" {
  description = "The resource group and its location."
  type        = object({ name = string, location = string })
}

variable "identity" {
  description = "Who the app is."
  type        = object({ id = string, client_id = string, principal_id = string })
}

variable "image" {
  description = "The image, by its digest."
  type        = string

  validation {
    condition     = can(regex("^[^/]+/[^@]+@sha256:[0-9a-f]+$", var.image))
    error_message = "An image is named with its registry and its digest (…azurecr.io/…@sha256:…)."
  }
}

variable "registry_id" {
  description = "The container registry's resource id, which the app pulls from as itself."
  type        = string
}

variable "runtime" {
  description = "What apps share: the account of their host, and the component that takes their telemetry."
  type = object({
    account_id    = string
    account_name  = string
    blob_endpoint = string
    insights_id   = string
  })
}

variable "insights" {
  description = "Where telemetry goes: Application Insights' connection string."
  type        = string
}

variable "timers" {
  description = "The configuration's timers: cron expressions of five fields, by job."
  type        = map(string)
}

variable "settings" {
  description = "Further application settings."
  type        = map(string)
  default     = {}
}

variable "subnet_id" {
  description = "The subnet that it calls private addresses from; null for none."
  type        = string
  default     = null
}
