variable "clouds" {
  description = "Where nephoscope runs: any of aws, azure and gcp. Taking one out takes all of it down."
  type        = set(string)

  validation {
    condition     = length(var.clouds) > 0 && length(setsubtract(var.clouds, ["aws", "azure", "gcp"])) == 0
    error_message = "clouds is one or more of aws, azure and gcp."
  }
}

variable "hub" {
  description = "The cloud that owns the Topic, the Alerts and the notifier; one of clouds, and the configuration's hub."
  type        = string

  validation {
    condition     = contains(var.clouds, var.hub)
    error_message = "The hub is one of the clouds."
  }
}

variable "config" {
  description = "The path of nephoscope.yaml, the same that was staged into the artefacts."
  type        = string

  validation {
    condition     = can(yamldecode(file(var.config)))
    error_message = "config is the path of a nephoscope.yaml that 'nephoscope validate' accepts."
  }

  validation {
    condition     = !can(yamldecode(file(var.config))) || try(yamldecode(file(var.config)).hub, "local") == var.hub
    error_message = "The configuration names another hub than the deployment does."
  }

  validation {
    condition     = !can(yamldecode(file(var.config))) || length(try(yamldecode(file(var.config)).channels, {})) > 0
    error_message = "The configuration names no channel: nobody would be told."
  }
}

variable "name" {
  description = "What every name starts with: 4 to 15 lower-case letters, digits and '-'."
  type        = string
  default     = "nephoscope"
}

variable "artefacts" {
  description = "The folder that `make stage` leaves the artefacts in."
  type        = string
  default     = "../build"
}

variable "destroy_records" {
  description = "Whether taking a cloud down deletes its ledger, Baselines and Alerts too; without it, a bucket with records stays."
  type        = bool
  default     = false
}

variable "aws" {
  description = "AWS: the region; operators' e-mail addresses, whom alarms of nephoscope itself tell; whether the bill is exported; the issuer of outbound tokens, which a hub in Azure needs."
  type = object({
    region           = string
    operators        = list(string)
    architecture     = optional(string, "x86_64")
    existing_buckets = optional(set(string), [])
    features_image   = optional(string)
    bills            = optional(bool, true)
    token_issuer     = optional(string)
    log_days         = optional(number, 90)
  })
  default = null

  validation {
    condition     = !contains(var.clouds, "aws") || var.aws != null
    error_message = "aws = { region = \"eu-central-1\", operators = [\"ops@example.org\"] } is needed to run in AWS."
  }
}

variable "azure" {
  description = "Azure: the subscription, the region's short name and operators' e-mail addresses; accounts that are there already, by resource id; the workspace whose metrics are read, by resource id; whether the bill is exported, and from when; the audience that its tokens are asked for, and the one that stands in them."
  type = object({
    subscription_id   = string
    location          = string
    operators         = list(string)
    existing_accounts = optional(map(string), {})
    workspace_id      = optional(string)
    bills             = optional(bool, true)
    bills_from        = optional(string, "2026-01-01T00:00:00Z")
    token_audience    = optional(string, "api://AzureADTokenExchange")
    token_aud         = optional(string, "fb60f99c-7a34-4190-8149-302f77469936")
    log_days          = optional(number, 90)
  })
  default = null

  validation {
    condition     = !contains(var.clouds, "azure") || var.azure != null
    error_message = "azure = { subscription_id = \"…\", location = \"westeurope\", operators = [\"ops@example.org\"] } is needed to run in Azure."
  }
}

variable "gcp" {
  description = "Google: the project, the region and operators' e-mail addresses; buckets that are there already; the billing data set."
  type = object({
    project          = string
    region           = string
    operators        = list(string)
    existing_buckets = optional(set(string), [])
    bills            = optional(object({ project = string, dataset = string }))
  })
  default = null

  validation {
    condition     = !contains(var.clouds, "gcp") || var.gcp != null
    error_message = "gcp = { project = \"acme-ml\", region = \"europe-west3\", operators = [\"ops@example.org\"] } is needed to run in Google Cloud."
  }
}
