variable "name" {
  description = "What every name starts with: lower-case letters, digits and '-'."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,19}$", var.name))
    error_message = "A name has 3 to 20 lower-case letters, digits and '-', and starts with a letter."
  }
}

variable "settings" {
  description = "The configuration, decoded: its stores, data sets, timers and secrets say what is made."
  type        = any

  validation {
    condition     = can(regex("^az://[a-z0-9]{3,24}/[^/]+", var.settings.stores.azure))
    error_message = "The configuration needs a store for Azure: stores.azure, such as az://acmenephoscope/records."
  }

  validation {
    condition = alltrue([
      for cron in values(try(var.settings.timers, {})) : can(regex("^\\S+ \\S+ \\S+ \\S+ \\S+$", cron)) && can(regex("^[0-9*/, A-Za-z-]+$", cron)) && !can(regex("^[A-Za-z]+ ", cron))
    ])
    error_message = "A timer has five cron fields, such as '*/5 * * * *'."
  }
}

variable "account" {
  description = "What is Azure's own; the README explains each."
  type = object({
    subscription_id   = string
    location          = string
    existing_accounts = optional(map(string), {})
    workspace_id      = optional(string)
    features_image    = optional(string)
    features_registry = optional(string)
    features_subnet   = optional(string)
    bills             = optional(bool, true)
    token_audience    = optional(string, "api://AzureADTokenExchange")
    token_aud         = optional(string, "fb60f99c-7a34-4190-8149-302f77469936")
    log_days          = optional(number, 90)
    operators         = list(string)
    az                = optional(bool, true)
  })

  validation {
    condition     = can(regex("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", var.account.subscription_id))
    error_message = "azure.subscription_id is a subscription's id: 32 hex digits in five groups."
  }

  validation {
    condition     = (var.account.features_image == null) == (var.account.features_registry == null)
    error_message = "azure.features_image is pulled from azure.features_registry: name both, or neither."
  }

  validation {
    condition = (
      !can(var.settings.metric_stores.azure.workspace) || can(regex("^/subscriptions/[^/]+/.*/workspaces/[^/]+$", var.account.workspace_id)) ||
      !(can(var.settings.timers.monitoring) || (can(var.settings.timers.cost) && can(var.settings.bills.azure)))
    )
    error_message = "The configuration reads metrics in a workspace (metric_stores.azure.workspace): azure.workspace_id is its resource id, so that jobs may read there."
  }

  validation {
    condition     = alltrue([for id in values(var.account.existing_accounts) : can(regex("^/subscriptions/[^/]+/.*/storageAccounts/[^/]+$", id))])
    error_message = "azure.existing_accounts gives each account's resource id: /subscriptions/…/storageAccounts/NAME."
  }

  validation {
    condition     = can(regex("^(australia|austria|brazil|canada|central|chile|east|france|germany|india|indonesia|israel|italy|japan|jio|korea|malaysia|mexico|newzealand|north|norway|poland|qatar|south|spain|sweden|switzerland|taiwan|uae|uk|west)[a-z]*[0-9]?$", var.account.location))
    error_message = "azure.location is a region's short name, such as westeurope."
  }

  validation {
    condition     = length(var.account.operators) > 0 && alltrue([for each in var.account.operators : strcontains(each, "@")])
    error_message = "azure.operators names at least one e-mail address: whom the alarms tell that nephoscope itself fails."
  }
}

variable "artefacts" {
  description = "The folder of the staged artefacts: build/azure."
  type        = string
}

variable "publish" {
  description = "How Reports reach the Topic: the topic's resource id where it is here, an identity elsewhere where it is not."
  type = object({
    topic    = optional(object({ id = string }))
    identity = optional(string, "")
    audience = optional(string, "")
  })
}

variable "desk" {
  description = "What telling people takes: the hub's container, its prefixes and its secrets; null where the hub is elsewhere."
  type        = object({ container = string, prefixes = list(string), secrets = map(string) })
  default     = null
}
