# Messages are pushed, and one that fails five times goes to the dead-letter topic; objects come by Eventarc.

resource "google_pubsub_subscription" "messages" {
  count = var.topic == null ? 0 : 1

  name                       = var.name
  project                    = var.project
  topic                      = var.topic.id
  ack_deadline_seconds       = var.timeout_seconds + 60
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }

  push_config {
    push_endpoint = google_cloud_run_v2_service.service.uri

    oidc_token {
      service_account_email = var.pusher
      audience              = google_cloud_run_v2_service.service.uri
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = var.dead_topic
    max_delivery_attempts = 5
  }
}

resource "google_eventarc_trigger" "objects" {
  count = var.bucket == null ? 0 : 1

  name            = var.name
  project         = var.project
  location        = var.region
  service_account = var.pusher

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.storage.object.v1.finalized"
  }

  matching_criteria {
    attribute = "bucket"
    value     = var.bucket
  }

  destination {
    cloud_run_service {
      service = google_cloud_run_v2_service.service.name
      region  = var.region
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.pusher]
}
