# Azure's own half: a store, the accounts where data sets land, the bill's export, and a function app for each job.

terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm" }
  }
}

data "azurerm_client_config" "current" {}

locals {
  subscription = "/subscriptions/${var.account.subscription_id}"
  group        = { name = azurerm_resource_group.group.name, location = azurerm_resource_group.group.location }
  short        = substr(md5("${var.account.subscription_id}/${var.name}"), 0, 6)
  host_account = "${substr(replace(var.name, "-", ""), 0, 15)}run${local.short}"

  place   = "^az://(?P<account>[^/]+)/(?P<container>[^/]+)/?(?P<prefix>.*?)/?$"
  store   = regex(local.place, var.settings.stores.azure)
  records = local.store.prefix == "" ? "" : "${local.store.prefix}/"

  # The data sets that land here; the accounts that they and the records lie in, each with its containers.
  places = {
    for name, dataset in try(var.settings.datasets, {}) :
    name => regex(local.place, dataset.objects) if startswith(dataset.objects, "az://")
  }
  # What feature views are computed to, where the configuration names it for this cloud.
  computed = {
    for view, place in try(var.settings.features.sources.azure, {}) :
    view => regex(local.place, place) if startswith(place, "az://") && var.account.features_image != null
  }
  landing    = toset([for place in concat(values(local.places), values(local.computed)) : place.account])
  all        = concat(values(local.places), values(local.computed), [local.store])
  made       = setsubtract(toset([for place in local.all : place.account]), keys(var.account.existing_accounts))
  containers = { for account in local.made : account => toset(concat([for place in local.all : place.container if place.account == account], ["deadletters"])) }
  accounts   = merge({ for name, account in module.account : name => account.id }, var.account.existing_accounts)

  timers     = merge({ sweep = "* * * * *" }, try(var.settings.timers, {}))
  asks_bills = try(var.settings.bills.azure, null) != null && contains(keys(local.timers), "cost")
  jobs = toset(concat(
    ["security", "sweep"],
    try(var.settings.metric_stores.azure, null) != null && contains(keys(local.timers), "monitoring") ? ["monitoring"] : [],
    local.asks_bills || var.account.bills ? ["cost"] : [],
    length(local.places) > 0 ? ["drift"] : [],
    var.account.features_image != null ? ["features"] : [],
  ))
  memory_mb = { monitoring = 512, cost = 2048, drift = 4096, security = 512, sweep = 512 }

  foreign = var.publish.identity == "" ? {} : {
    NEPHOSCOPE_PUBLISH_AS     = var.publish.identity
    NEPHOSCOPE_TOKEN_AUDIENCE = var.publish.audience
  }
}

resource "azurerm_resource_group" "group" {
  name     = var.name
  location = var.account.location
}

module "account" {
  source   = "./account"
  for_each = local.made

  name       = each.key
  group      = local.group
  containers = local.containers[each.key]
}

# The Functions host keeps its own things here: packages, timers' locks, what it could not deliver.
module "runtime" {
  source = "./account"

  name       = local.host_account
  group      = local.group
  containers = ["deadletters", "bills"]
}

resource "azurerm_log_analytics_workspace" "logs" {
  name                         = var.name
  resource_group_name          = local.group.name
  location                     = local.group.location
  sku                          = "PerGB2018"
  retention_in_days            = var.account.log_days
  local_authentication_enabled = false
}

resource "azurerm_application_insights" "insights" {
  name                          = var.name
  resource_group_name           = local.group.name
  location                      = local.group.location
  workspace_id                  = azurerm_log_analytics_workspace.logs.id
  application_type              = "other"
  local_authentication_disabled = true
}

locals {
  runtime = {
    account_id    = module.runtime.id
    account_name  = local.host_account
    blob_endpoint = module.runtime.blob_endpoint
    insights_id   = azurerm_application_insights.insights.id
  }
}

module "app" {
  source   = "./app"
  for_each = setsubtract(local.jobs, ["features"])

  name  = "${var.name}-${each.key}-${local.short}"
  job   = each.key
  group = local.group
  identity = {
    id           = azurerm_user_assigned_identity.job[each.key].id
    client_id    = azurerm_user_assigned_identity.job[each.key].client_id
    principal_id = azurerm_user_assigned_identity.job[each.key].principal_id
  }
  zip       = "${var.artefacts}/${each.key}.zip"
  az        = var.account.az
  runtime   = local.runtime
  insights  = azurerm_application_insights.insights.connection_string
  timers    = local.timers
  settings  = local.foreign
  memory_mb = local.memory_mb[each.key]

  subscription_id = var.account.subscription_id
}

module "container" {
  source   = "./container"
  for_each = setintersection(local.jobs, ["features"])

  name  = "${var.name}-${each.key}-${local.short}"
  job   = each.key
  group = local.group
  identity = {
    id           = azurerm_user_assigned_identity.job[each.key].id
    client_id    = azurerm_user_assigned_identity.job[each.key].client_id
    principal_id = azurerm_user_assigned_identity.job[each.key].principal_id
  }
  image       = var.account.features_image
  registry_id = var.account.features_registry
  runtime     = local.runtime
  insights    = azurerm_application_insights.insights.connection_string
  timers      = local.timers
  settings    = local.foreign
  subnet_id   = var.account.features_subnet
}

# Whom the alarms tell: not by our own Topic, for these are the alarms that it does not work.
resource "azurerm_monitor_action_group" "operators" {
  name                = "${var.name}-operators"
  resource_group_name = local.group.name
  short_name          = "nephoscope"

  dynamic "email_receiver" {
    for_each = var.account.operators

    content {
      name                    = email_receiver.value
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }
}
