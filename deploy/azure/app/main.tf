# One job: a function app on Flex Consumption with an identity of its own; the entry points of other jobs are off.

terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm" }
  }
}

module "entry_points" {
  source = "../entry_points"

  job    = var.job
  timers = var.timers
}

resource "azurerm_service_plan" "plan" {
  name                = var.name
  resource_group_name = var.group.name
  location            = var.group.location
  os_type             = "Linux"
  sku_name            = "FC1"
}

resource "azurerm_storage_container" "package" {
  name                  = "package-${var.job}"
  storage_account_id    = var.runtime.account_id
  container_access_type = "private"
}

resource "azurerm_function_app_flex_consumption" "app" {
  name                = var.name
  resource_group_name = var.group.name
  location            = var.group.location
  service_plan_id     = azurerm_service_plan.plan.id

  runtime_name           = "python"
  runtime_version        = "3.13"
  instance_memory_in_mb  = var.memory_mb
  maximum_instance_count = 40
  https_only             = true

  storage_container_type            = "blobContainer"
  storage_container_endpoint        = "${var.runtime.blob_endpoint}${azurerm_storage_container.package.name}"
  storage_authentication_type       = "UserAssignedIdentity"
  storage_user_assigned_identity_id = var.identity.id

  webdeploy_publish_basic_authentication_enabled = false

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }

  site_config {
    minimum_tls_version                    = "1.2"
    application_insights_connection_string = var.insights
  }

  app_settings = merge(local.host, module.entry_points.settings, var.settings, { NEPHOSCOPE_CONFIG = "nephoscope.json", AZURE_CLIENT_ID = var.identity.client_id })

  depends_on = [azurerm_role_assignment.host]
}

locals {
  publish = "az functionapp deployment source config-zip --subscription ${var.subscription_id} --resource-group ${var.group.name} --name ${azurerm_function_app_flex_consumption.app.name} --src '${var.zip}'"
}

# az publishes the package as whom it is signed in: again for each other content, and for an app that was made anew.
# The provider's zip_deploy_file asks an endpoint that Flex Consumption has not, by credentials that are switched off above,
# and never again while the path stays the same.
resource "terraform_data" "package" {
  count = var.az ? 1 : 0

  triggers_replace = [filemd5(var.zip), azurerm_function_app_flex_consumption.app.id]

  provisioner "local-exec" {
    command     = local.publish
    interpreter = ["/bin/sh", "-c"]
  }
}
