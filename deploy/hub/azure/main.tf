# The hub in Azure: the Topic, the store of Alerts, the vault, and the two apps that only a hub has.

terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm" }
  }
}

locals {
  group   = var.platform.group
  short   = substr(md5("${var.platform.group.name}/${var.platform.runtime.account_name}"), 0, 6)
  topic   = regex("^eventgrid:(?P<endpoint>https://(?P<name>[^.]+)\\..*)$", var.settings.topic)
  state   = regex("^az://(?P<account>[^/]+)/(?P<container>[^/]+)/?(?P<prefix>.*?)/?$", var.settings.state)
  records = local.state.prefix == "" ? "" : "${local.state.prefix}/"
  folders = [for folder in ["streams", "due", "groups", "silences", "reports", "channels", "told", "sweep"] : "${local.records}${folder}/"]
  timers  = merge({ rollup = "*/15 * * * *" }, try(var.settings.timers, {}))

  # Whatever the configuration calls azure-kv:https://VAULT.vault.azure.net/secrets/NAME (or VAULT/NAME), wherever it stands.
  secrets = toset(flatten(regexall("\"azure-kv:(?:https://)?[^/\"]+(?:/secrets)?/([^/\"]+)\"", jsonencode(var.settings))))
  vault   = one(distinct(flatten(regexall("\"azure-kv:(?:https://)?([a-zA-Z0-9-]+)", jsonencode(var.settings)))))

  jobs = toset(["notify", "rollup"])

  # How notify comes by what the Topic's queue holds, and what is known of whom its HTTP entry point would
  # let in: the Topic of this tenant; for which application its tokens are made is up to who makes that.
  queue = {
    NEPHOSCOPE_QUEUE__queueServiceUri = "https://${local.state.account}.queue.core.windows.net"
    NEPHOSCOPE_QUEUE__credential      = "managedidentity"
    NEPHOSCOPE_QUEUE__clientId        = azurerm_user_assigned_identity.job["notify"].client_id
  }
  doors = {
    NEPHOSCOPE_GRID_TENANT  = var.platform.tenant_id
    NEPHOSCOPE_GRID_TOPICS  = azurerm_eventgrid_topic.reports.id
    NEPHOSCOPE_GRID_ORIGINS = "eventgrid.azure.net"
  }
}

resource "azurerm_eventgrid_topic" "reports" {
  name                = local.topic.name
  resource_group_name = local.group.name
  location            = local.group.location
  input_schema        = "CloudEventSchemaV1_0"
  local_auth_enabled  = false # roles only: a key would publish as nobody in particular

  identity {
    type = "SystemAssigned"
  }

  lifecycle {
    postcondition {
      condition     = self.endpoint == local.topic.endpoint
      error_message = "The topic answers at ${self.endpoint}, and the configuration says ${var.settings.topic}."
    }
  }
}

module "state" {
  source = "../../azure/account"

  name       = local.state.account
  group      = local.group
  containers = [local.state.container, "deadletters"]
  due        = "${local.state.container}/${local.records}due/"
}

# A secret's value is the one thing that people put in by hand; its vault is made here.
resource "azurerm_key_vault" "vault" {
  for_each = local.vault == null ? toset([]) : toset([local.vault])

  name                       = each.key
  resource_group_name        = local.group.name
  location                   = local.group.location
  tenant_id                  = var.platform.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 30
}

module "app" {
  source   = "../../azure/app"
  for_each = local.jobs

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
  runtime   = var.platform.runtime
  insights  = var.insights
  timers    = local.timers
  memory_mb = 512
  settings  = each.key == "notify" ? merge(local.queue, local.doors) : {}

  subscription_id = var.account.subscription_id
}
