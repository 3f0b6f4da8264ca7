variable "name" {
  description = "What every name starts with: lower-case letters, digits and '-'."
  type        = string
}

variable "settings" {
  description = "The configuration, decoded: its topic, state, channels, route and secrets say what is made."
  type        = any

  validation {
    condition     = can(regex("^sns:arn:aws:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.settings.topic))
    error_message = "The configuration of a hub in AWS needs topic: sns:arn:aws:sns:REGION:ACCOUNT:NAME."
  }

  validation {
    condition     = can(regex("^s3://[^/]+", var.settings.state)) && try(var.settings.state != var.settings.stores.aws, true)
    error_message = "The configuration of a hub in AWS needs state: s3://BUCKET/PREFIX, apart from stores.aws."
  }

  validation {
    condition     = length(try(var.settings.channels, {})) > 0 && length(try(var.settings.route.channels, [])) > 0
    error_message = "A hub tells somebody: the configuration needs channels, and a route that names at least one."
  }
}

variable "account" {
  description = "What is AWS's own; the README explains each."
  type = object({
    region       = string
    architecture = optional(string, "x86_64")
    log_days     = optional(number, 90)
  })
}

variable "artefacts" {
  description = "The folder of the staged artefacts: build/aws."
  type        = string
}

variable "operations_arn" {
  description = "The topic that tells operators when nephoscope itself fails."
  type        = string
}

variable "ledger" {
  description = "The statements that let a job keep its ledger, in AWS's half."
  type        = any
  default     = []
}

variable "foreign" {
  description = "The clouds that publish from outside: who signs their tokens, for whom, and each job's subject."
  type = map(object({
    issuer   = string
    audience = string
    subjects = map(string)
  }))
  default = {}

  validation {
    condition = alltrue([
      for each in values(var.foreign) :
      startswith(each.issuer, "https://") && each.audience != "" && length(each.subjects) > 0
      && alltrue([for subject in values(each.subjects) : subject != "" && !strcontains(subject, "*")])
    ])
    error_message = "A foreign cloud's trust pins an issuer, an audience and every subject; none may be empty or a pattern."
  }
}

variable "destroy_records" {
  description = "Whether buckets may be deleted with the records in them."
  type        = bool
  default     = false
}
