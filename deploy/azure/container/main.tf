# One job in an image: a function app on Elastic Premium, for Flex Consumption takes no image; the rest is as in ../app.

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

locals {
  image = regex("^(?P<registry>[^/]+)/(?P<name>[^@]+@sha256):(?P<digest>[0-9a-f]+)$", var.image)
}

resource "azurerm_service_plan" "plan" {
  name                         = var.name
  resource_group_name          = var.group.name
  location                     = var.group.location
  os_type                      = "Linux"
  sku_name                     = "EP1"
  maximum_elastic_worker_count = 3
}

resource "azurerm_linux_function_app" "app" {
  name                = var.name
  resource_group_name = var.group.name
  location            = var.group.location
  service_plan_id     = azurerm_service_plan.plan.id

  storage_account_name          = var.runtime.account_name
  storage_uses_managed_identity = true
  https_only                    = true
  virtual_network_subnet_id     = var.subnet_id

  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }

  site_config {
    minimum_tls_version                           = "1.2"
    ftps_state                                    = "Disabled"
    http2_enabled                                 = true
    application_insights_connection_string        = var.insights
    container_registry_use_managed_identity       = true
    container_registry_managed_identity_client_id = var.identity.client_id

    application_stack {
      docker {
        registry_url = "https://${local.image.registry}"
        image_name   = local.image.name # a tag and a digest are both written after a colon
        image_tag    = local.image.digest
      }
    }
  }

  app_settings = merge(local.host, module.entry_points.settings, var.settings, {
    NEPHOSCOPE_CONFIG                   = "nephoscope.json"
    AZURE_CLIENT_ID                     = var.identity.client_id
    WEBSITES_ENABLE_APP_SERVICE_STORAGE = "false" # what runs is the image's own
  })

  depends_on = [azurerm_role_assignment.host]
}
