# What sets jobs off: timers (Scheduler → Pub/Sub), objects (Eventarc, at the function), refused calls (audit log → Pub/Sub).

resource "google_pubsub_topic" "topic" {
  for_each = local.topics

  name                       = "${var.name}-${each.key}"
  project                    = local.project
  message_retention_duration = "604800s"

  message_storage_policy {
    allowed_persistence_regions = [var.account.region]
  }

  depends_on = [google_project_service.api]
}

resource "google_cloud_scheduler_job" "timer" {
  for_each = { for name, function in local.ticking : function.job => name }

  name        = "${var.name}-${each.key}"
  description = "nephoscope: ${each.value}"
  project     = local.project
  region      = var.account.region
  schedule    = local.timers[each.key]
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.topic[each.key].id
    data       = base64encode(jsonencode({ job = each.key }))
    attributes = { schedule = each.key }
  }

  retry_config {
    retry_count = 5
  }

  depends_on = [google_project_service.api]
}

resource "google_logging_project_sink" "security" {
  name                   = "${var.name}-security"
  project                = local.project
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.topic["security"].id}"
  unique_writer_identity = true
  # Audit log entries of callers who had no right (code 7 is PERMISSION_DENIED, 16 is UNAUTHENTICATED), and of calls that
  # may open a bucket to others.
  filter = join(" ", [
    "logName:\"cloudaudit.googleapis.com\" AND (protoPayload.status.code=(7 OR 16)",
    "OR protoPayload.methodName=~\"(?i)(setIam(Policy|Permissions)|(bucket|object)AccessControls?\\.(insert|patch|update))$\")",
  ])
}

resource "google_pubsub_topic" "dead" {
  name                       = "${var.name}-dead"
  project                    = local.project
  message_retention_duration = "2678400s"

  message_storage_policy {
    allowed_persistence_regions = [var.account.region]
  }

  depends_on = [google_project_service.api]
}

# Dead letters wait here for a person.
resource "google_pubsub_subscription" "dead" {
  name                       = "${var.name}-dead"
  project                    = local.project
  topic                      = google_pubsub_topic.dead.id
  message_retention_duration = "2678400s"
  ack_deadline_seconds       = 600

  expiration_policy {
    ttl = ""
  }
}

resource "google_monitoring_alert_policy" "dead" {
  project               = local.project
  display_name          = "${var.name}: dead letters"
  combiner              = "OR"
  notification_channels = [for channel in google_monitoring_notification_channel.operators : channel.name]

  documentation {
    content = "A message failed five times: set right what its log lines say, then nephoscope redrive --from pubsub:${google_pubsub_subscription.dead.id}"
  }

  conditions {
    display_name = "a dead letter waits"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${google_pubsub_subscription.dead.name}\" AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }
}

# Eventarc makes its subscriptions itself, under names that no plan knows: gcloud gives them the dead-letter topic, after each
# apply that made or replaced one.
locals {
  told     = [for name, called in merge(local.functions, local.services) : name if can(called.bucket)]
  triggers = [for name in local.told : contains(keys(local.services), name) ? module.service[name].trigger : module.function[name].trigger]

  eventarc_dead_letters = length(local.told) == 0 ? "" : <<-EOT
    set -eu
    for trigger in ${join(" ", local.triggers[*].name)}; do
      subscription=$(gcloud eventarc triggers describe "$trigger" --format='value(transport.pubsub.subscription)')
      gcloud pubsub subscriptions add-iam-policy-binding "$subscription" --project=${local.project} --member=serviceAccount:${local.pubsub_agent} --role=roles/pubsub.subscriber
      gcloud pubsub subscriptions update "$subscription" --project=${local.project} --dead-letter-topic=${google_pubsub_topic.dead.id} --max-delivery-attempts=100 --message-retention-duration=7d
    done
  EOT
}

resource "terraform_data" "eventarc_dead_letters" {
  count = var.account.gcloud && length(local.told) > 0 ? 1 : 0

  triggers_replace = { commands = local.eventarc_dead_letters, made = local.triggers[*].made }

  provisioner "local-exec" {
    command     = local.eventarc_dead_letters
    interpreter = ["/bin/sh", "-c"]
  }
}

# An event that waits for an hour is told.
resource "google_monitoring_alert_policy" "waiting" {
  project               = local.project
  display_name          = "${var.name}: events wait"
  combiner              = "OR"
  notification_channels = [for channel in google_monitoring_notification_channel.operators : channel.name]

  documentation {
    content = "An event has waited for an hour: its function does not keep up, fails, or does not run. ${var.account.gcloud ? "After a hundred tries it is a dead letter." : "Without a dead-letter topic (terraform output eventarc_dead_letters) it is dropped in the end."} The object stays: copy it onto itself, and it is told again."
  }

  conditions {
    display_name = "an event has waited for an hour"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = monitoring.regex.full_match(\"(eventarc-.*|)${var.name}-.*-on-.*\") AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = 3600
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }
}
