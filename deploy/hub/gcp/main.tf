# The hub in Google: the Topic, the store of Alerts, and the two functions that only a hub has.

terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

locals {
  project = var.account.project
  topic   = regex("^pubsub:projects/(?P<project>[^/]+)/topics/(?P<name>.+)$", var.settings.topic)
  state   = regex("^gs://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?$", var.settings.state)
  records = local.state.prefix == "" ? "" : "${local.state.prefix}/"
  folders = [for folder in ["streams", "due", "groups", "silences", "reports", "channels", "told", "sweep"] : "${local.records}${folder}/"]
  timers  = merge({ rollup = "*/15 * * * *" }, try(var.settings.timers, {}))

  # Whatever the configuration calls gcp-sm:projects/PROJECT/secrets/NAME, wherever it stands in it.
  secrets = toset(flatten(regexall("\"gcp-sm:projects/[^/\"]+/secrets/([^/\"]+)", jsonencode(var.settings))))

  jobs = toset(["notify", "rollup"])
}

resource "google_pubsub_topic" "reports" {
  name                       = local.topic.name
  project                    = local.project
  message_retention_duration = "604800s"

  message_storage_policy {
    allowed_persistence_regions = [var.account.region]
  }

  depends_on = [var.platform] # whose services are on by then

  lifecycle {
    precondition {
      condition     = local.topic.project == local.project
      error_message = "The topic ${var.settings.topic} lies in another project than is deployed to (${local.project})."
    }
  }
}

module "state" {
  source = "../../gcp/bucket"

  name            = local.state.bucket
  region          = var.account.region
  due             = "${local.records}due/"
  destroy_records = var.destroy_records
}

# A secret's value is the one thing that people put in by hand; its place is made here.
resource "google_secret_manager_secret" "secret" {
  for_each = local.secrets

  project             = local.project
  secret_id           = each.key
  deletion_protection = false

  replication {
    user_managed {
      replicas {
        location = var.account.region
      }
    }
  }
}

resource "google_storage_bucket_object" "artefact" {
  for_each = local.jobs

  bucket = var.platform.artefacts
  name   = "${each.key}-${filemd5("${var.artefacts}/${each.key}.zip")}.zip"
  source = "${var.artefacts}/${each.key}.zip"
}

module "function" {
  source = "../../gcp/function"
  for_each = {
    notify_on_message = { job = "notify", topic = google_pubsub_topic.reports.id, timeout_seconds = 60 }
    rollup_on_timer   = { job = "rollup", topic = google_pubsub_topic.rollup.id, timeout_seconds = 120 }
  }

  name            = "${var.name}-${replace(each.key, "_", "-")}"
  entry_point     = each.key
  project         = local.project
  region          = var.account.region
  identity        = google_service_account.job[each.value.job].email
  builder         = var.platform.builder
  pusher          = var.platform.pusher
  source_object   = { bucket = var.platform.artefacts, object = google_storage_bucket_object.artefact[each.value.job].name }
  environment     = { NEPHOSCOPE_CONFIG = "nephoscope.json" }
  memory          = "512Mi"
  timeout_seconds = each.value.timeout_seconds
  topic           = { id = each.value.topic }
  dead_topic      = var.platform.dead_topic
  pubsub_agent    = var.platform.pubsub_agent
}
