output "identities" {
  description = "The identity of each job, as another cloud's trust names it: the subject of its token."
  value       = { for job, identity in azurerm_user_assigned_identity.job : job => identity.principal_id }
}

output "token_issuer" {
  description = "Who signs the tokens of these identities."
  value       = "https://login.microsoftonline.com/${data.azurerm_client_config.current.tenant_id}/v2.0"
}

output "token_aud" {
  description = "The audience that stands in these tokens."
  value       = var.account.token_aud
}

output "landing" {
  description = "Where each data set's files are put."
  value       = { for name, place in local.places : name => "az://${place.account}/${place.container}/${place.prefix}" }
}

output "functions" {
  description = "Every app with the entry points that are on."
  value       = { for job, app in merge(module.app, module.container) : job => { app = app.name, functions = app.functions } }
}

output "platform" {
  description = "What the hub's apps share with these."
  value = {
    group = local.group
    runtime = {
      account_id    = module.runtime.id
      account_name  = local.host_account
      blob_endpoint = module.runtime.blob_endpoint
      insights_id   = azurerm_application_insights.insights.id
    }
    operators = azurerm_monitor_action_group.operators.id
    ledger    = { container = local.store_container, prefix = "${local.records}ledger/" }
    roles     = { for name, role in azurerm_role_definition.role : name => role.role_definition_resource_id }
    tenant_id = data.azurerm_client_config.current.tenant_id
  }
}

output "insights" {
  description = "Where telemetry goes; it lets nobody write, for local authentication is off."
  value       = azurerm_application_insights.insights.connection_string
  sensitive   = true
}

output "packages" {
  description = "The commands that publish the apps' packages, for whoever lets no apply call az."
  value       = join("", [for app in module.app : "${app.publish}\n"])
}
