variable "name" {
  description = "What every name starts with: lower-case letters, digits and '-'."
  type        = string
}

variable "settings" {
  description = "The configuration, decoded: its topic, state, channels, route and secrets say what is made."
  type        = any

  validation {
    condition     = can(regex("^pubsub:projects/[^/]+/topics/[^/]+$", var.settings.topic))
    error_message = "The configuration of a hub in Google needs topic: pubsub:projects/PROJECT/topics/TOPIC."
  }

  validation {
    condition     = can(regex("^gs://[^/]+", var.settings.state)) && try(var.settings.state != var.settings.stores.gcp, true)
    error_message = "The configuration of a hub in Google needs state: gs://BUCKET/PREFIX, apart from stores.gcp."
  }

  validation {
    condition     = length(try(var.settings.channels, {})) > 0 && length(try(var.settings.route.channels, [])) > 0
    error_message = "A hub tells somebody: the configuration needs channels, and a route that names at least one."
  }
}

variable "account" {
  description = "What is Google's own; the README explains each."
  type        = object({ project = string, region = string })
}

variable "artefacts" {
  description = "The folder of the staged artefacts: build/gcp."
  type        = string
}

variable "platform" {
  description = "What Google's half shares with the hub's functions."
  type = object({
    builder      = string
    pusher       = string
    dead_topic   = string
    pubsub_agent = string
    artefacts    = string
    ledger       = object({ bucket = string, prefix = string })
    roles        = map(string)
  })
}

variable "foreign" {
  description = "The clouds that publish from outside: who signs their tokens, for whom, and each job's subject."
  type = map(object({
    issuer     = optional(string, "")
    account_id = optional(string, "")
    audience   = string
    subjects   = map(string)
  }))
  default = {}

  validation {
    condition = alltrue([
      for cloud, each in var.foreign :
      (cloud == "aws" ? can(regex("^[0-9]{12}$", each.account_id)) : startswith(each.issuer, "https://") && each.audience != "")
      && length(each.subjects) > 0
      && alltrue([for subject in values(each.subjects) : subject != "" && !strcontains(subject, "*")])
    ])
    error_message = "A foreign cloud's trust pins an account or an issuer with an audience, and every subject; none may be empty or a pattern."
  }
}

variable "destroy_records" {
  description = "Whether buckets may be deleted with the records in them."
  type        = bool
  default     = false
}
