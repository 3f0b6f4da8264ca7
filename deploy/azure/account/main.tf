# A private storage account: encrypted, TLS 1.2 only, versioned, without keys: whoever has no role has no access.

terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm" }
  }
}

resource "azurerm_storage_account" "account" {
  name                              = var.name
  resource_group_name               = var.group.name
  location                          = var.group.location
  account_tier                      = "Standard"
  account_replication_type          = "ZRS"
  account_kind                      = "StorageV2"
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  infrastructure_encryption_enabled = true
  allow_nested_items_to_be_public   = false
  shared_access_key_enabled         = false
  local_user_enabled                = false
  cross_tenant_replication_enabled  = false
  default_to_oauth_authentication   = true

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = 30
    }

    container_delete_retention_policy {
      days = 30
    }
  }
}

resource "azurerm_storage_container" "container" {
  for_each = var.containers

  name                  = each.key
  storage_account_id    = azurerm_storage_account.account.id
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "forget" {
  storage_account_id = azurerm_storage_account.account.id

  rule {
    name    = "versions"
    enabled = true

    filters {
      blob_types = ["blockBlob"]
    }

    actions {
      version {
        delete_after_days_since_creation = 30
      }
    }
  }

  dynamic "rule" {
    # Markers of what was due are told and done within two hours.
    for_each = var.due == null ? [] : [var.due]

    content {
      name    = "due"
      enabled = true

      filters {
        blob_types   = ["blockBlob"]
        prefix_match = [rule.value]
      }

      actions {
        base_blob {
          delete_after_days_since_creation_greater_than = 7
        }
      }
    }
  }
}
