variable "name" {
  description = "The function app's name, unique in all of Azure."
  type        = string
}

variable "job" {
  description = "The job: what of the artefact is on."
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

variable "zip" {
  description = "The staged artefact."
  type        = string
}

variable "az" {
  description = "Whether apply calls az to publish the artefact."
  type        = bool
}

variable "subscription_id" {
  description = "The subscription, which az is told."
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

variable "memory_mb" {
  description = "Memory of an instance."
  type        = number

  validation {
    condition     = contains([512, 2048, 4096], var.memory_mb)
    error_message = "Flex Consumption has instances of 512, 2048 and 4096 MB."
  }
}
