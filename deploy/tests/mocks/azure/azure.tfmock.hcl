mock_data "azurerm_client_config" {
  defaults = { tenant_id = "11111111-1111-4111-8111-111111111111" }
}

mock_resource "azurerm_subscription_template_deployment" {
  defaults = { output_content = "{\"principal\": {\"value\": \"44444444-4444-4444-8444-444444444444\"}}" }
}

mock_resource "azurerm_storage_account" {
  defaults = {
    id                    = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/nephoscope/providers/Microsoft.Storage/storageAccounts/mocked"
    primary_blob_endpoint = "https://mocked.blob.core.windows.net/"
  }
}

mock_resource "azurerm_eventgrid_topic" {
  defaults = {
    id       = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/nephoscope/providers/Microsoft.EventGrid/topics/nephoscope"
    endpoint = "https://nephoscope.westeurope-1.eventgrid.azure.net/api/events"
  }
}

mock_resource "azurerm_key_vault" {
  defaults = {
    id = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/nephoscope/providers/Microsoft.KeyVault/vaults/nephoscope"
  }
}
