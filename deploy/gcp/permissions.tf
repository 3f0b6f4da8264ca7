# One service account a job, with exactly the permissions that its code uses, in roles of our own.

locals {
  pubsub_agent = "service-${data.google_project.project.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  roles = {
    append  = ["storage.objects.create", "storage.objects.get"]                           # records that are written once
    record  = ["storage.objects.create", "storage.objects.delete", "storage.objects.get"] # replacing takes delete
    list    = ["storage.objects.list"]
    read    = ["storage.objects.get"]
    publish = ["pubsub.topics.publish"]
    metrics = ["monitoring.timeSeries.list", "monitoring.metricDescriptors.list"]
    query   = ["bigquery.jobs.create"]
    bills   = ["bigquery.tables.get", "bigquery.tables.getData"]
    secret  = ["secretmanager.versions.access"]
  }

  # A role of ours holds in its own project alone: where metrics or bills are another's, their roles are made there.
  bills = try(regex("^(?P<project>.+)[.](?P<dataset>[^.]+)[.][^.]+$", var.settings.bills.gcp.table), null)
  homes = merge(
    length(setintersection(local.jobs, ["monitoring", "cost"])) == 0 ? {} : { metrics = try(var.settings.metric_stores.gcp.project, local.project) },
    !contains(local.jobs, "cost") || local.bills == null ? {} : { query = try(var.settings.bills.gcp.project, local.bills.project), bills = local.bills.project },
  )

  # Features: the online store of this cloud, as Feast's own code for it calls it, and the store's password.
  serving  = try(var.settings.features.stores.gcp, {})
  kind     = contains(local.jobs, "features") ? try(local.serving.online_store.type, "") : ""
  password = try(regex("^gcp-sm:projects/[^/]+/secrets/([^/]+)", local.serving.password)[0], "")
  online = lookup({
    datastore = [
      "datastore.databases.get", "datastore.entities.create", "datastore.entities.get", "datastore.entities.update",
    ]
    bigtable = [
      "bigtable.tables.create", "bigtable.tables.get", "bigtable.tables.mutateRows", "bigtable.tables.readRows", "bigtable.tables.update",
    ]
  }, local.kind, [])

  # Who may do what under which prefix of which bucket.
  prefixes = merge(
    { for job in local.jobs : "${job}/ledger" => { job = job, role = "append", bucket = local.store.bucket, prefix = "${local.records}ledger/" } },
    { for folder, job in { baselines = "drift", parts = "drift", cost = "cost" } : "${job}/${folder}" => { job = job, role = "append", bucket = local.store.bucket, prefix = "${local.records}${folder}/" } if contains(local.jobs, job) },
    { for folder, job in { features = "features", sweep = "sweep" } : "${job}/${folder}" => { job = job, role = "record", bucket = local.store.bucket, prefix = "${local.records}${folder}/" } if contains(local.jobs, job) },
    { for name, place in local.places : "drift/landed/${name}" => { job = "drift", role = "read", bucket = place.bucket, prefix = place.prefix } },
    { for view, place in local.computed : "features/source/${view}" => { job = "features", role = "read", bucket = place.bucket, prefix = place.prefix } if contains(local.jobs, "features") },
    { for prefix in var.desk == null ? [] : var.desk.prefixes : "sweep/desk/${prefix}" => { job = "sweep", role = "record", bucket = var.desk.bucket, prefix = prefix } },
  )
  listed = merge(
    { for job in local.jobs : "${job}/${local.store.bucket}" => { job = job, bucket = local.store.bucket } },
    # What was deleted before it is read answers 404 only to whoever may list, and is acknowledged.
    { for bucket in local.landing : "drift/${bucket}" => { job = "drift", bucket = bucket } },
    { for bucket in local.sources : "features/${bucket}" => { job = "features", bucket = bucket } if contains(local.jobs, "features") },
    var.desk == null ? {} : { "sweep/desk" = { job = "sweep", bucket = var.desk.bucket } },
  )
}

resource "google_project_iam_custom_role" "role" {
  for_each = local.roles

  project = lookup(local.homes, each.key, local.project)
  # Elsewhere there may be one of another deployment's.
  role_id     = replace(join("_", concat([var.name, each.key], lookup(local.homes, each.key, local.project) == local.project ? [] : [local.project])), "-", "_")
  title       = "${var.name} ${each.key}"
  permissions = each.value

  depends_on = [google_project_service.api]
}

resource "google_project_iam_custom_role" "online" {
  count = length(local.online) == 0 ? 0 : 1

  project     = local.project
  role_id     = "${replace(var.name, "-", "_")}_online"
  title       = "${var.name} online"
  permissions = local.online

  depends_on = [google_project_service.api]
}

resource "google_service_account" "job" {
  for_each = local.jobs

  project      = local.project
  account_id   = "${var.name}-${each.key}"
  display_name = "nephoscope: the job ${each.key}"

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket_iam_member" "prefix" {
  for_each = local.prefixes

  bucket = each.value.bucket
  role   = google_project_iam_custom_role.role[each.value.role].id
  member = google_service_account.job[each.value.job].member

  condition {
    title      = "prefix"
    expression = "resource.name.startsWith(\"projects/_/buckets/${each.value.bucket}/objects/${each.value.prefix}\")"
  }

  depends_on = [module.store]
}

resource "google_storage_bucket_iam_member" "list" {
  for_each = local.listed

  bucket     = each.value.bucket
  role       = google_project_iam_custom_role.role["list"].id
  member     = google_service_account.job[each.value.job].member
  depends_on = [module.store]
}

resource "google_pubsub_topic_iam_member" "publish" {
  for_each = var.publish.topic == "" ? toset([]) : local.jobs

  project = local.project
  topic   = var.publish.topic
  role    = google_project_iam_custom_role.role["publish"].id
  member  = google_service_account.job[each.key].member
}

resource "google_project_iam_member" "metrics" {
  for_each = setintersection(local.jobs, try(var.settings.metric_stores.gcp, null) == null ? [] : ["monitoring", "cost"])

  project = local.homes.metrics
  role    = google_project_iam_custom_role.role["metrics"].id
  member  = google_service_account.job[each.key].member
}

resource "google_project_iam_member" "query" {
  for_each = local.bills == null ? toset([]) : setintersection(local.jobs, ["cost"])

  project = local.homes.query
  role    = google_project_iam_custom_role.role["query"].id
  member  = google_service_account.job[each.key].member
}

resource "google_bigquery_dataset_iam_member" "bills" {
  for_each = local.bills == null ? toset([]) : setintersection(local.jobs, ["cost"])

  project    = local.bills.project
  dataset_id = local.bills.dataset
  role       = google_project_iam_custom_role.role["bills"].id
  member     = google_service_account.job[each.key].member
}

# Each recommender has permissions of its own name; the viewer's role holds the reading ones of all.
resource "google_project_iam_member" "advice" {
  for_each = { for pair in setproduct(setintersection(local.jobs, ["cost"]), distinct([for name in try(var.settings.bills.gcp.recommenders, []) : split("/", name)[1]])) : pair[1] => pair[0] }

  project = each.key
  role    = "roles/recommender.viewer"
  member  = google_service_account.job[each.value].member
}

resource "google_secret_manager_secret_iam_member" "desk" {
  for_each = var.desk == null ? {} : var.desk.secrets

  project   = local.project
  secret_id = each.value
  role      = google_project_iam_custom_role.role["secret"].id
  member    = google_service_account.job["sweep"].member
}

resource "google_project_iam_member" "online" {
  count = length(local.online) == 0 ? 0 : 1

  project = local.project
  role    = google_project_iam_custom_role.online[0].id
  member  = google_service_account.job["features"].member
}

resource "google_secret_manager_secret_iam_member" "password" {
  for_each = local.password == "" ? toset([]) : setintersection(local.jobs, ["features"])

  project   = local.project
  secret_id = try(var.desk.secrets[local.password], local.password)
  role      = google_project_iam_custom_role.role["secret"].id
  member    = google_service_account.job[each.key].member
}

# Who calls functions, and who builds them.
resource "google_service_account" "pusher" {
  project      = local.project
  account_id   = "${var.name}-pusher"
  display_name = "nephoscope: Pub/Sub and Eventarc, calling functions"

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "pusher" {
  project = local.project
  role    = "roles/eventarc.eventReceiver"
  member  = google_service_account.pusher.member
}

resource "google_service_account" "builder" {
  project      = local.project
  account_id   = "${var.name}-builder"
  display_name = "nephoscope: Cloud Build, building functions"

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "builder" {
  for_each = toset(["roles/logging.logWriter", "roles/artifactregistry.writer", "roles/storage.objectViewer"])

  project = local.project
  role    = each.key
  member  = google_service_account.builder.member
}

# What Google's own services need for Eventarc on buckets, dead letters and the log's sink.
resource "google_project_iam_member" "storage_events" {
  project = local.project
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${data.google_storage_project_service_account.storage.email_address}"
}

resource "google_pubsub_topic_iam_member" "dead_letters" {
  project = local.project
  topic   = google_pubsub_topic.dead.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${local.pubsub_agent}"
}

resource "google_pubsub_topic_iam_member" "sink" {
  project = local.project
  topic   = google_pubsub_topic.topic["security"].name
  role    = "roles/pubsub.publisher"
  member  = google_logging_project_sink.security.writer_identity
}
