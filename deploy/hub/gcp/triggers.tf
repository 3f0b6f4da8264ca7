# The Topic pushes to notify (in the function's module); the rollup has a timer.

resource "google_pubsub_topic" "rollup" {
  name                       = "${var.name}-rollup"
  project                    = local.project
  message_retention_duration = "604800s"

  message_storage_policy {
    allowed_persistence_regions = [var.account.region]
  }

  depends_on = [var.platform] # whose services are on by then
}

resource "google_cloud_scheduler_job" "rollup" {
  name        = "${var.name}-rollup"
  description = "nephoscope: rollup_on_timer"
  project     = local.project
  region      = var.account.region
  schedule    = local.timers.rollup
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.rollup.id
    data       = base64encode(jsonencode({ job = "rollup" }))
    attributes = { schedule = "rollup" }
  }

  retry_config {
    retry_count = 5
  }
}
