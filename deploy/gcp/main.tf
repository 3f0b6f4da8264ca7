# Google's own half: a store, the buckets where data sets land, and a function for each way in.

terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

data "google_project" "project" {
  project_id = var.account.project
}

data "google_storage_project_service_account" "storage" {
  project = var.account.project
}

locals {
  project = var.account.project
  store   = regex("^gs://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?$", var.settings.stores.gcp)
  records = local.store.prefix == "" ? "" : "${local.store.prefix}/"

  # The data sets that land here, and all buckets that they land in.
  places = {
    for name, dataset in try(var.settings.datasets, {}) :
    name => regex("^gs://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?$", dataset.objects)
    if startswith(dataset.objects, "gs://")
  }
  landing = toset([for place in local.places : place.bucket])
  # What feature views are computed to, where the configuration names it for this cloud.
  computed = {
    for view, place in try(var.settings.features.sources.gcp, {}) :
    view => regex("^gs://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?$", place) if startswith(place, "gs://")
  }
  sources = toset([for place in local.computed : place.bucket])
  buckets = setunion(setsubtract(setunion(local.landing, local.sources), var.account.existing_buckets), [local.store.bucket])

  timers = merge({ sweep = "* * * * *" }, try(var.settings.timers, {}))
  jobs = toset(concat(
    ["security", "sweep"],
    try(var.settings.metric_stores.gcp, null) != null && contains(keys(local.timers), "monitoring") ? ["monitoring"] : [],
    try(var.settings.bills.gcp, null) != null && contains(keys(local.timers), "cost") ? ["cost"] : [],
    length(local.places) > 0 ? ["drift"] : [],
    var.account.features_image != null ? ["features"] : [],
  ))

  timed = {
    for name, function in {
      monitoring_on_timer = { job = "monitoring", memory = "512Mi", timeout_seconds = 120 }
      cost_on_timer       = { job = "cost", memory = "1Gi", timeout_seconds = 300 }
      drift_on_timer      = { job = "drift", memory = "1Gi", timeout_seconds = 300 }
      sweep_on_timer      = { job = "sweep", memory = "512Mi", timeout_seconds = 120 }
    } : name => merge(function, { topic = function.job }) if contains(keys(local.timers), function.job) && contains(local.jobs, function.job)
  }
  # Eventarc's filter knows buckets and no prefixes: a function for each bucket, which ignores what lies elsewhere in it.
  landed = {
    for bucket in local.landing : "drift_on_object/${bucket}" => { job = "drift", memory = "4Gi", timeout_seconds = 540, bucket = bucket }
  }
  called    = { security_on_event = { job = "security", memory = "256Mi", timeout_seconds = 60, topic = "security" } }
  functions = merge(local.timed, local.landed, local.called)
  # Features are an image: a service instead of a function, under the same name.
  features = { job = "features", memory = "2Gi", timeout_seconds = 540 }
  services = merge(
    {
      for name, topic in { features_on_timer = "features" } : name => merge(local.features, { topic = topic })
      if contains(local.jobs, "features") && contains(keys(local.timers), "features")
    },
    { for bucket in local.sources : "features_on_object/${bucket}" => merge(local.features, { bucket = bucket }) if contains(local.jobs, "features") },
  )
  # A service's name has at most 49 letters, digits and '-', and a bucket's may be longer and have dots: what is changed for
  # that stays its own by the bucket's hash.
  plain = { for key in keys(merge(local.functions, local.services)) : key => replace("${var.name}-${key}", "/[^a-z0-9-]/", "-") }
  names = {
    for key, name in local.plain :
    key => length(name) <= 49 && !strcontains(key, ".") ? name : "${trim(substr(name, 0, 42), "-")}-${substr(md5(basename(key)), 0, 6)}"
  }
  ticking = { for name, function in merge(local.timed, { for name, service in local.services : name => service if can(service.topic) }) : name => function }
  topics  = toset([for function in merge(local.ticking, local.called) : function.topic])

  environment = merge(
    { NEPHOSCOPE_CONFIG = "nephoscope.json" },
    var.publish.identity == "" ? {} : {
      NEPHOSCOPE_PUBLISH_AS     = var.publish.identity
      NEPHOSCOPE_TOKEN_AUDIENCE = var.publish.audience
    },
  )
}

resource "google_project_service" "api" {
  for_each = toset(concat(
    [
      "artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler", "eventarc", "iam",
      "iamcredentials", "logging", "monitoring", "pubsub", "run", "secretmanager", "storage",
    ],
    local.bills == null ? [] : ["bigquery"],
    length(try(var.settings.bills.gcp.recommenders, [])) == 0 ? [] : ["recommender"],
  ))

  project            = local.project
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

module "store" {
  source   = "./bucket"
  for_each = local.buckets

  name            = each.key
  region          = var.account.region
  destroy_records = var.destroy_records
}

module "artefacts" {
  source = "./bucket"

  name            = "${var.name}-artefacts-${local.project}"
  region          = var.account.region
  destroy_records = true
}

resource "google_storage_bucket_object" "artefact" {
  for_each = setsubtract(local.jobs, ["features"])

  bucket = module.artefacts.bucket
  name   = "${each.key}-${filemd5("${var.artefacts}/${each.key}.zip")}.zip"
  source = "${var.artefacts}/${each.key}.zip"
}

module "function" {
  source   = "./function"
  for_each = local.functions

  name            = local.names[each.key]
  entry_point     = split("/", each.key)[0]
  project         = local.project
  region          = var.account.region
  identity        = google_service_account.job[each.value.job].email
  builder         = google_service_account.builder.name
  pusher          = google_service_account.pusher.email
  source_object   = { bucket = module.artefacts.bucket, object = google_storage_bucket_object.artefact[each.value.job].name }
  environment     = local.environment
  memory          = each.value.memory
  timeout_seconds = each.value.timeout_seconds
  topic           = can(each.value.topic) ? { id = google_pubsub_topic.topic[each.value.topic].id } : null
  bucket          = try(each.value.bucket, null)
  dead_topic      = google_pubsub_topic.dead.id
  pubsub_agent    = local.pubsub_agent

  depends_on = [
    google_project_iam_member.builder, google_project_iam_member.pusher, google_project_iam_member.storage_events,
    google_project_service.api, module.store,
  ]
}

module "service" {
  source   = "./service"
  for_each = local.services

  name            = local.names[each.key]
  entry_point     = split("/", each.key)[0]
  project         = local.project
  region          = var.account.region
  identity        = google_service_account.job[each.value.job].email
  pusher          = google_service_account.pusher.email
  image           = var.account.features_image
  environment     = local.environment
  memory          = each.value.memory
  timeout_seconds = each.value.timeout_seconds
  topic           = can(each.value.topic) ? { id = google_pubsub_topic.topic[each.value.topic].id } : null
  bucket          = try(each.value.bucket, null)
  subnet          = var.account.features_subnet
  dead_topic      = google_pubsub_topic.dead.id
  pubsub_agent    = local.pubsub_agent

  depends_on = [google_project_iam_member.pusher, google_project_iam_member.storage_events, google_project_service.api, module.store]
}

# The image of the features services is pushed here; the second apply deploys it.
resource "google_artifact_registry_repository" "features" {
  project       = local.project
  location      = var.account.region
  repository_id = "${var.name}-features"
  format        = "DOCKER"

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.api]
}

# Whom the alarms tell: not by our own Topic, for these are the alarms that it does not work.
resource "google_monitoring_notification_channel" "operators" {
  for_each = toset(var.account.operators)

  project      = local.project
  display_name = "${var.name} operators"
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.api]
}
