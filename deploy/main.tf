# Any of three clouds, told from one of them. What is made stands in nephoscope.yaml: its topic, stores, data sets, timers and
# secrets. Clouds trust each other by tokens that they sign for a job's identity; there is no key to copy.

locals {
  settings = yamldecode(file(var.config))

  here = { for cloud in ["aws", "azure", "gcp"] : cloud => contains(var.clouds, cloud) ? 1 : 0 }
  hubs = { for cloud in ["aws", "azure", "gcp"] : cloud => var.hub == cloud ? 1 : 0 }

  exchange = "api://AzureADTokenExchange" # the audience that Entra ID wants of a foreign token
  google   = "nephoscope"                 # the audience that Google's tokens for AWS are made for

  # Who publishes from outside, as the hub's trust names them. Outputs are named one by one ([0], not [*]): a module as a whole
  # waits for all of its resources, and the two halves need parts of each other. Nor by try(): what is unknown yet makes all of it so.
  publishers = {
    aws = {
      issuer     = coalesce(try(var.aws.token_issuer, null), "missing")
      account_id = local.here.aws == 1 ? module.aws[0].account_id : null
      audience   = local.exchange
      subjects   = local.here.aws == 1 ? module.aws[0].identities : null
    }
    azure = {
      issuer     = local.here.azure == 1 ? module.azure[0].token_issuer : null
      account_id = ""
      audience   = local.here.azure == 1 ? module.azure[0].token_aud : null
      subjects   = local.here.azure == 1 ? module.azure[0].identities : null
    }
    gcp = {
      issuer     = local.here.gcp == 1 ? module.gcp[0].token_issuer : null
      account_id = ""
      audience   = var.hub == "azure" ? local.exchange : local.google
      subjects   = local.here.gcp == 1 ? module.gcp[0].identities : null
    }
  }
  foreign = { for cloud in setsubtract(var.clouds, [var.hub]) : cloud => local.publishers[cloud] }

  # As whom each cloud publishes where the Topic is elsewhere.
  published_as = merge(
    local.hubs.aws == 1 ? module.hub_aws[0].publishers : {},
    local.hubs.azure == 1 ? module.hub_azure[0].publishers : {},
    local.hubs.gcp == 1 ? module.hub_gcp[0].publishers : {},
  )
  audiences = {
    aws   = var.hub == "azure" ? local.exchange : "" # Google takes a signed question to AWS instead of a token
    azure = try(var.azure.token_audience, "")
    gcp   = var.hub == "azure" ? local.exchange : local.google
  }
  elsewhere = { for cloud in ["aws", "azure", "gcp"] : cloud => {
    identity = var.hub == cloud ? "" : lookup(local.published_as, cloud, "")
    audience = var.hub == cloud ? "" : local.audiences[cloud]
  } }
}

# A configuration that was changed and not staged again would be deployed in half.
check "staged" {
  assert {
    condition = alltrue(flatten([
      for cloud in var.clouds : [
        for section in ["topic", "state", "stores", "timers"] :
        try(jsondecode(file("${var.artefacts}/${cloud}/sweep/nephoscope.json"))[section], null) == try(local.settings[section], null)
      ] if fileexists("${var.artefacts}/${cloud}/sweep/nephoscope.json")
    ]))
    error_message = "The artefacts were staged with another configuration than ${var.config}: run stage.py again."
  }
}

module "aws" {
  source = "./aws"
  count  = local.here.aws

  name            = var.name
  settings        = local.settings
  account         = var.aws
  artefacts       = "${var.artefacts}/aws"
  destroy_records = var.destroy_records
  publish = {
    rights   = flatten([for hub in range(local.hubs.aws) : module.hub_aws[0].rights])
    identity = local.elsewhere.aws.identity
    audience = local.elsewhere.aws.audience
  }
  desk = flatten([for hub in range(local.hubs.aws) : module.hub_aws[0].desk])
}

module "azure" {
  source = "./azure"
  count  = local.here.azure

  name      = var.name
  settings  = local.settings
  account   = var.azure
  artefacts = "${var.artefacts}/azure"
  publish = {
    topic    = local.hubs.azure == 1 ? { id = module.hub_azure[0].topic_id } : null
    identity = local.elsewhere.azure.identity
    audience = local.elsewhere.azure.audience
  }
  desk = local.hubs.azure == 1 ? module.hub_azure[0].desk : null
}

module "gcp" {
  source = "./gcp"
  count  = local.here.gcp

  name            = var.name
  settings        = local.settings
  account         = var.gcp
  artefacts       = "${var.artefacts}/gcp"
  destroy_records = var.destroy_records
  publish = {
    topic    = local.hubs.gcp == 1 ? module.hub_gcp[0].topic : ""
    identity = local.elsewhere.gcp.identity
    audience = local.elsewhere.gcp.audience
  }
  desk = local.hubs.gcp == 1 ? module.hub_gcp[0].desk : null
}

module "hub_aws" {
  source = "./hub/aws"
  count  = local.hubs.aws

  name            = var.name
  settings        = local.settings
  account         = var.aws
  artefacts       = "${var.artefacts}/aws"
  operations_arn  = local.here.aws == 1 ? module.aws[0].operations_arn : null
  ledger          = flatten([for half in range(local.here.aws) : module.aws[0].ledger])
  foreign         = local.foreign
  destroy_records = var.destroy_records
}

module "hub_azure" {
  source = "./hub/azure"
  count  = local.hubs.azure

  name      = var.name
  settings  = local.settings
  account   = var.azure
  artefacts = "${var.artefacts}/azure"
  platform  = local.here.azure == 1 ? module.azure[0].platform : null
  insights  = local.here.azure == 1 ? module.azure[0].insights : null
  foreign   = local.foreign
}

module "hub_gcp" {
  source = "./hub/gcp"
  count  = local.hubs.gcp

  name            = var.name
  settings        = local.settings
  account         = var.gcp
  artefacts       = "${var.artefacts}/gcp"
  platform        = local.here.gcp == 1 ? module.gcp[0].platform : null
  foreign         = local.foreign
  destroy_records = var.destroy_records
}
