# What the Functions host does in the app's name; what its code calls stands in the module that uses this one.

locals {
  on_host = {
    blobs     = { role = "Storage Blob Data Owner", scope = var.runtime.account_id }
    queues    = { role = "Storage Queue Data Contributor", scope = var.runtime.account_id }
    image     = { role = "AcrPull", scope = var.registry_id }
    telemetry = { role = "Monitoring Metrics Publisher", scope = var.runtime.insights_id }
  }
}

resource "azurerm_role_assignment" "host" {
  for_each = local.on_host

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = var.identity.principal_id
  principal_type       = "ServicePrincipal"
}
