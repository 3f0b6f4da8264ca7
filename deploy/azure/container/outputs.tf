output "id" {
  description = "The app's resource id."
  value       = azurerm_linux_function_app.app.id
}

output "name" {
  description = "The app's name."
  value       = azurerm_linux_function_app.app.name
}

output "functions" {
  description = "The entry points that are on."
  value       = module.entry_points.mine
}
