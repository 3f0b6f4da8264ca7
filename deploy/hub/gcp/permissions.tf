# Who may publish, from here and from other clouds, and what the hub's own jobs use.

resource "google_service_account" "job" {
  for_each = local.jobs

  project      = local.project
  account_id   = "${var.name}-${each.key}"
  display_name = "nephoscope: the job ${each.key}"

  depends_on = [var.platform] # whose services are on by then
}

resource "google_storage_bucket_iam_member" "prefix" {
  for_each = merge(
    { for folder in local.folders : "notify/${folder}" => { job = "notify", bucket = module.state.bucket, prefix = folder, role = "record" } },
    { for folder in local.folders : "rollup/${folder}" => { job = "rollup", bucket = module.state.bucket, prefix = folder, role = "read" } },
    { "rollup/ledger" = { job = "rollup", bucket = var.platform.ledger.bucket, prefix = var.platform.ledger.prefix, role = "append" } },
  )

  bucket = each.value.bucket
  role   = var.platform.roles[each.value.role]
  member = google_service_account.job[each.value.job].member

  condition {
    title      = "prefix"
    expression = "resource.name.startsWith(\"projects/_/buckets/${each.value.bucket}/objects/${each.value.prefix}\")"
  }
}

resource "google_storage_bucket_iam_member" "list" {
  for_each = {
    "notify/state"  = { job = "notify", bucket = module.state.bucket }
    "rollup/state"  = { job = "rollup", bucket = module.state.bucket }
    "rollup/ledger" = { job = "rollup", bucket = var.platform.ledger.bucket }
  }

  bucket = each.value.bucket
  role   = var.platform.roles["list"]
  member = google_service_account.job[each.value.job].member
}

resource "google_secret_manager_secret_iam_member" "secret" {
  for_each = google_secret_manager_secret.secret

  project   = local.project
  secret_id = each.value.secret_id
  role      = var.platform.roles["secret"]
  member    = google_service_account.job["notify"].member
}

resource "google_pubsub_topic_iam_member" "rollup" {
  project = local.project
  topic   = google_pubsub_topic.reports.name
  role    = var.platform.roles["publish"]
  member  = google_service_account.job["rollup"].member
}

# Other clouds: a pool that knows their issuers, and one service account that may publish and nothing else.
resource "google_iam_workload_identity_pool" "foreign" {
  count = length(var.foreign) == 0 ? 0 : 1

  project                   = local.project
  workload_identity_pool_id = "${var.name}-publishers"
  display_name              = "nephoscope publishers"
}

resource "google_iam_workload_identity_pool_provider" "foreign" {
  for_each = var.foreign

  project                            = local.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.foreign[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "${var.name}-${each.key}"

  attribute_mapping = each.key == "aws" ? {
    "google.subject" = "assertion.arn"
    "attribute.role" = "assertion.arn.extract('assumed-role/{role}/')"
    } : {
    "google.subject" = "assertion.sub"
    "attribute.role" = "assertion.sub"
  }
  # Whoever is not on this list gets no token at all.
  attribute_condition = each.key == "aws" ? (
    "assertion.arn.extract('assumed-role/{role}/') in ${jsonencode(local.roles[each.key])}"
    ) : (
    "assertion.sub in ${jsonencode(local.roles[each.key])}"
  )

  dynamic "aws" {
    for_each = each.key == "aws" ? [each.value.account_id] : []

    content {
      account_id = aws.value
    }
  }

  dynamic "oidc" {
    for_each = each.key == "aws" ? [] : [each.value]

    content {
      issuer_uri        = oidc.value.issuer
      allowed_audiences = [oidc.value.audience]
    }
  }
}

locals {
  # An AWS role's name is what its sessions have in common: arn:aws:iam::ACCOUNT:role/NAME.
  roles = {
    for cloud, trust in var.foreign :
    cloud => sort([for subject in values(trust.subjects) : cloud == "aws" ? element(split("/", subject), -1) : subject])
  }
  principals = merge([
    for cloud, trust in var.foreign : {
      for job, subject in trust.subjects :
      "${cloud}/${job}" => cloud == "aws" ? element(split("/", subject), -1) : subject
    }
  ]...)
}

resource "google_service_account" "publisher" {
  count = length(var.foreign) == 0 ? 0 : 1

  project      = local.project
  account_id   = "${var.name}-publisher"
  display_name = "nephoscope: what jobs in other clouds become to publish a Report"

  depends_on = [var.platform] # whose services are on by then
}

resource "google_service_account_iam_member" "publisher" {
  for_each = local.principals

  service_account_id = google_service_account.publisher[0].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.foreign[0].name}/attribute.role/${each.value}"
}

resource "google_pubsub_topic_iam_member" "publisher" {
  count = length(var.foreign) == 0 ? 0 : 1

  project = local.project
  topic   = google_pubsub_topic.reports.name
  role    = var.platform.roles["publish"]
  member  = google_service_account.publisher[0].member
}
