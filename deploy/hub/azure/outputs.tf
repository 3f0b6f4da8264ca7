output "topic_id" {
  description = "The Topic's resource id."
  value       = azurerm_eventgrid_topic.reports.id
}

output "desk" {
  description = "What telling people takes."
  value = {
    container = local.container
    prefixes  = local.folders
    secrets   = { for name in local.secrets : name => "${one(values(azurerm_key_vault.vault)).id}/secrets/${name}" }
  }
}

output "publishers" {
  description = "What each foreign cloud becomes to publish: the tenant and the identity's client id."
  value       = { for cloud, identity in azurerm_user_assigned_identity.publisher : cloud => "${var.platform.tenant_id}/${identity.client_id}" }
}

output "secrets" {
  description = "Secrets that wait for their value: az keyvault secret set --vault-name VAULT --name NAME --value VALUE."
  value       = [for name in local.secrets : "${local.vault}/${name}"]
}

output "doors" {
  description = "Whom the HTTP entry points of a container that is the hub's notify let in (docs/clouds.md)."
  value       = local.doors
}

output "dead_letters" {
  description = "Where what notify failed at, and what Event Grid could not hand over, waits, as nephoscope redrive --from is told."
  value       = ["az-queue://${local.state.account}/${azurerm_storage_queue.reports["nephoscope-reports-poison"].name}", "az://${local.state.account}/deadletters"]
}

output "packages" {
  description = "The commands that publish the apps' packages, for whoever lets no apply call az."
  value       = join("", [for app in module.app : "${app.publish}\n"])
}
