# Messages are pushed; one that fails five times goes to the dead-letter topic.

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
    push_endpoint = google_cloudfunctions2_function.function.service_config[0].uri

    oidc_token {
      service_account_email = var.pusher
      audience              = google_cloudfunctions2_function.function.service_config[0].uri
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
