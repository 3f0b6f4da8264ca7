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
    condition     = can(regex("^s3://[^/]+", var.settings.stores.aws))
    error_message = "The configuration needs a store for AWS: stores.aws, such as s3://acme-nephoscope-aws."
  }

  validation {
    condition = alltrue([
      for cron in values(try(var.settings.timers, {})) :
      can(regex("^(\\*|[0-9,-]+)(/[0-9]+)? (\\*|[0-9,-]+)(/[0-9]+)? (\\*|[0-9,-]+)(/[0-9]+)? (\\*|[0-9A-Za-z,-]+)(/[0-9]+)? (\\*|[0-7A-Za-z,-]+)$", cron))
      && !can(regex("^\\S+ \\S+ [^*]\\S* \\S+ [^*]", cron))
    ])
    error_message = "A timer has five cron fields, such as '*/5 * * * *'; of day of the month and day of the week, one is '*'."
  }
}

variable "account" {
  description = "What is AWS's own; the README explains each."
  type = object({
    region           = string
    architecture     = optional(string, "x86_64")
    existing_buckets = optional(set(string), [])
    features_image   = optional(string)
    features_subnets = optional(set(string), [])
    features_groups  = optional(set(string), [])
    bills            = optional(bool, true)
    token_issuer     = optional(string)
    log_days         = optional(number, 90)
    operators        = list(string)
  })

  validation {
    condition     = can(regex("^(af|ap|ca|eu|il|me|mx|sa|us)-(central|east|north|northeast|northwest|south|southeast|southwest|west)-[1-9]$", var.account.region))
    error_message = "aws.region is a region of AWS, such as eu-central-1."
  }

  validation {
    condition     = contains(["arm64", "x86_64"], var.account.architecture)
    error_message = "aws.architecture is arm64 or x86_64."
  }

  validation {
    condition     = length(var.account.operators) > 0 && alltrue([for each in var.account.operators : strcontains(each, "@")])
    error_message = "aws.operators names at least one e-mail address: whom the alarms tell that nephoscope itself fails."
  }
}

variable "artefacts" {
  description = "The folder of the staged artefacts: build/aws."
  type        = string
}

variable "publish" {
  description = "How Reports reach the Topic: rights where it is here, an identity elsewhere where it is not."
  type = object({
    rights   = optional(any, [])
    identity = optional(string, "")
    audience = optional(string, "")
  })
}

variable "desk" {
  description = "The rights that telling people takes; none where the hub is elsewhere."
  type        = any
  default     = []
}

variable "destroy_records" {
  description = "Whether buckets may be deleted with the records in them."
  type        = bool
  default     = false
}
