# One entry point: a function that only Pub/Sub and Eventarc of this project can call.

terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

resource "google_cloudfunctions2_function" "function" {
  name        = var.name
  description = "nephoscope: ${var.entry_point}"
  project     = var.project
  location    = var.region

  build_config {
    runtime         = "python313"
    entry_point     = var.entry_point
    service_account = var.builder

    source {
      storage_source {
        bucket = var.source_object.bucket
        object = var.source_object.object
      }
    }
  }

  service_config {
    service_account_email            = var.identity
    environment_variables            = var.environment
    available_memory                 = var.memory
    timeout_seconds                  = var.timeout_seconds
    max_instance_count               = 10
    max_instance_request_concurrency = 1
    ingress_settings                 = "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
  }

  dynamic "event_trigger" {
    for_each = var.bucket == null ? [] : [var.bucket]

    content {
      event_type            = "google.cloud.storage.object.v1.finalized"
      trigger_region        = var.region
      service_account_email = var.pusher
      # Without it an event whose function failed is dropped, and the drop reads as a success.
      retry_policy = "RETRY_POLICY_RETRY"

      event_filters {
        attribute = "bucket"
        value     = event_trigger.value
      }
    }
  }
}
