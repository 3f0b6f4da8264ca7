# A private bucket: encrypted and TLS only as every one of Google's, versioned, and without access by object.

terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

resource "google_storage_bucket" "bucket" {
  name                        = var.name
  location                    = var.region
  force_destroy               = var.destroy_records
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  dynamic "lifecycle_rule" {
    # Markers of what was due are told and done within two hours.
    for_each = var.due == null ? [] : [var.due]

    content {
      action {
        type = "Delete"
      }

      condition {
        age            = 7
        matches_prefix = [lifecycle_rule.value]
      }
    }
  }
}
