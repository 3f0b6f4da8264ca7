output "id" {
  description = "The app's resource id."
  value       = azurerm_function_app_flex_consumption.app.id
}

output "name" {
  description = "The app's name."
  value       = azurerm_function_app_flex_consumption.app.name
}

output "functions" {
  description = "The entry points that are on."
  value       = module.entry_points.mine
}

output "settings" {
  description = "What stands in its environment."
  value       = azurerm_function_app_flex_consumption.app.app_settings
}

output "publish" {
  description = "The command that publishes its artefact."
  value       = local.publish
}
