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
  description = "The folder that stage.py leaves the artefacts in."
  type        = string
  default     = "../build"
}

variable "destroy_records" {
  description = "Whether taking a cloud down deletes its ledger, Baselines and Alerts too; without it, a bucket with records stays."
  type        = bool
  default     = false
}

variable "aws" {
  description = "What is AWS's own; needed when clouds has aws."
  type = object({
    region           = string                     # the region, such as eu-central-1
    operators        = list(string)               # e-mail addresses that alarms of nephoscope itself go to
    architecture     = optional(string, "x86_64") # x86_64, as stage.py stages, or arm64
    existing_buckets = optional(set(string), [])  # buckets that are there already: read, not made; turn EventBridge on in them
    features_image   = optional(string)           # the features image by its digest; no features without it
    features_subnets = optional(set(string), [])  # where features call from, if their store is inside a network
    features_groups  = optional(set(string), [])  # the security groups that they are in there
    bills            = optional(bool, true)       # whether the bill is exported in FOCUS
    token_issuer     = optional(string)           # who signs AWS's own tokens, https://…; needed for a hub in Azure
    log_days         = optional(number, 90)       # how long logs are kept
  })
  default = null

  validation {
    condition     = !contains(var.clouds, "aws") || var.aws != null
    error_message = "aws = { region = \"eu-central-1\", operators = [\"ops@example.org\"] } is needed to run in AWS."
  }

  # The provider that is recorded has no resource that switches it on.
  validation {
    condition     = var.hub != "azure" || !contains(var.clouds, "aws") || can(regex("^https://[a-z0-9.-]+$", var.aws.token_issuer))
    error_message = "Jobs in AWS show a hub in Azure a token that AWS signs. Switch that on, once for the account: aws iam enable-outbound-web-identity-federation. Then aws.token_issuer is what this prints: aws iam get-outbound-web-identity-federation-info --query IssuerIdentifier --output text."
  }
}

variable "azure" {
  description = "What is Azure's own; needed when clouds has azure."
  type = object({
    subscription_id   = string                                                   # the subscription
    location          = string                                                   # the region's short name, such as westeurope
    operators         = list(string)                                             # e-mail addresses that alarms of nephoscope itself go to
    existing_accounts = optional(map(string), {})                                # storage accounts that are there already, name to resource id: read, not made
    workspace_id      = optional(string)                                         # the resource id of the workspace whose metrics are read; needed where metric_stores.azure names one
    features_image    = optional(string)                                         # the features image by its digest; no features without it
    features_registry = optional(string)                                         # the resource id of the container registry that it is pulled from
    features_subnet   = optional(string)                                         # where features call from, if their store is inside a network
    bills             = optional(bool, true)                                     # whether the bill is exported in FOCUS
    token_audience    = optional(string, "api://AzureADTokenExchange")           # what the jobs' tokens for other clouds are asked for
    token_aud         = optional(string, "fb60f99c-7a34-4190-8149-302f77469936") # what stands in those tokens as their audience
    log_days          = optional(number, 90)                                     # how long logs are kept
    az                = optional(bool, true)                                     # whether apply calls az for what the provider cannot: publishing the packages of the function apps
  })
  default = null

  validation {
    condition     = !contains(var.clouds, "azure") || var.azure != null
    error_message = "azure = { subscription_id = \"…\", location = \"westeurope\", operators = [\"ops@example.org\"] } is needed to run in Azure."
  }
}

variable "gcp" {
  description = "What is Google's own; needed when clouds has gcp."
  type = object({
    project          = string                    # the project's id
    region           = string                    # the region, such as europe-west3
    operators        = list(string)              # e-mail addresses that alarms of nephoscope itself go to
    existing_buckets = optional(set(string), []) # buckets of the project that are there already: read, not made
    features_image   = optional(string)          # the features image by its digest; no features without it
    features_subnet  = optional(string)          # where features call from, if their store is inside a network
    gcloud           = optional(bool, true)      # whether apply calls gcloud for what has no resource: the dead letters of Eventarc's subscriptions
  })
  default = null

  validation {
    condition     = !contains(var.clouds, "gcp") || var.gcp != null
    error_message = "gcp = { project = \"acme-ml\", region = \"europe-west3\", operators = [\"ops@example.org\"] } is needed to run in Google Cloud."
  }
}
