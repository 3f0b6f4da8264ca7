variable "name" {
  description = "What every name starts with: lower-case letters, digits and '-'."
  type        = string
}

variable "settings" {
  description = "The configuration, decoded: its topic, state, channels, route and secrets say what is made."
  type        = any

  validation {
    condition     = can(regex("^eventgrid:https://[a-z0-9-]+\\.[a-z0-9-]+\\.eventgrid\\.azure\\.net/api/events$", var.settings.topic))
    error_message = "The configuration of a hub in Azure needs topic: eventgrid:https://NAME.REGION-1.eventgrid.azure.net/api/events."
  }

  validation {
    condition     = can(regex("^az://[a-z0-9]{3,24}/[^/]+", var.settings.state)) && try(split("/", var.settings.state)[2] != split("/", var.settings.stores.azure)[2], true)
    error_message = "The configuration of a hub in Azure needs state: az://ACCOUNT/CONTAINER/PREFIX, in an account apart from that of stores.azure."
  }

  validation {
    condition     = length(try(var.settings.channels, {})) > 0 && length(try(var.settings.route.channels, [])) > 0
    error_message = "A hub tells somebody: the configuration needs channels, and a route that names at least one."
  }
}

variable "account" {
  description = "What is Azure's own; the README explains each."
  type        = object({ subscription_id = string, location = string, az = optional(bool, true) })
}

variable "artefacts" {
  description = "The folder of the staged artefacts: build/azure."
  type        = string
}

variable "platform" {
  description = "What Azure's half shares with the hub's apps."
  type = object({
    group = object({ name = string, location = string })
    runtime = object({
      account_id    = string
      account_name  = string
      blob_endpoint = string
      insights_id   = string
    })
    operators = string
    ledger    = object({ container = string, prefix = string })
    roles     = map(string)
    tenant_id = string
  })
}

variable "insights" {
  description = "Where telemetry goes: Application Insights' connection string."
  type        = string
  sensitive   = true
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
    error_message = "A foreign cloud's trust pins an issuer, an audience and every subject; none may be empty or a pattern. For AWS, turn outbound federation on and give its issuer as aws.token_issuer."
  }
}
