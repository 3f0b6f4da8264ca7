output "id" {
  description = "The account's resource id."
  value       = azurerm_storage_account.account.id
}

output "containers" {
  description = "Each container's resource id."
  value       = { for name, container in azurerm_storage_container.container : name => container.id }
}

output "blob_endpoint" {
  description = "Where its blobs are."
  value       = azurerm_storage_account.account.primary_blob_endpoint
}
