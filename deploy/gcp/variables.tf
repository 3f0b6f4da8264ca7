variable "name" {
  description = "What every name starts with: lower-case letters, digits and '-'."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,13}[a-z0-9]$", var.name))
    error_message = "A name has 4 to 15 lower-case letters, digits and '-', and starts with a letter: a service account's has at most 30."
  }
}

variable "settings" {
  description = "The configuration, decoded: its stores, data sets, timers and secrets say what is made."
  type        = any

  validation {
    condition     = can(regex("^gs://[^/]+", var.settings.stores.gcp))
    error_message = "The configuration needs a store for Google: stores.gcp, such as gs://acme-nephoscope-gcp."
  }

  validation {
    condition = alltrue([
      for cron in values(try(var.settings.timers, {})) : can(regex("^\\S+ \\S+ \\S+ \\S+ \\S+$", cron)) && can(regex("^[0-9*/, A-Za-z-]+$", cron)) && !can(regex("^[A-Za-z]+ ", cron))
    ])
    error_message = "A timer has five cron fields, such as '*/5 * * * *'."
  }
}

variable "account" {
  description = "What is Google's own; the README explains each."
  type = object({
    project          = string
    region           = string
    existing_buckets = optional(set(string), [])
    features_image   = optional(string)
    features_subnet  = optional(string)
    operators        = list(string)
    gcloud           = optional(bool, true)
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.account.project))
    error_message = "gcp.project is a project's id, such as acme-ml."
  }

  validation {
    condition     = can(regex("^(africa|asia|australia|europe|me|northamerica|southamerica|us)-(central|east|north|northeast|northwest|south|southeast|southwest|west)[1-9][0-9]?$", var.account.region))
    error_message = "gcp.region is a region of Google Cloud, such as europe-west3."
  }

  validation {
    condition     = alltrue([for found in regexall("\"gcp-sm:projects/([^/\"]+)/secrets/", jsonencode(var.settings)) : found[0] == var.account.project || can(tonumber(found[0]))])
    error_message = "The configuration names a secret of another project than gcp.project, where these jobs may read none."
  }

  validation {
    condition     = length(var.account.operators) > 0 && alltrue([for each in var.account.operators : strcontains(each, "@")])
    error_message = "gcp.operators names at least one e-mail address: whom the alarms tell that nephoscope itself fails."
  }
}

variable "artefacts" {
  description = "The folder of the staged artefacts: build/gcp."
  type        = string
}

variable "publish" {
  description = "How Reports reach the Topic: the topic where it is here, an identity elsewhere where it is not."
  type = object({
    topic    = optional(string, "")
    identity = optional(string, "")
    audience = optional(string, "")
  })
}

variable "desk" {
  description = "What telling people takes: the hub's bucket, its prefixes and its secrets; null where the hub is elsewhere."
  type        = object({ bucket = string, prefixes = list(string), secrets = map(string) })
  default     = null
}

variable "destroy_records" {
  description = "Whether buckets may be deleted with the records in them."
  type        = bool
  default     = false
}
