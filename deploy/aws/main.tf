# AWS's own half: a store, the buckets where data sets land, the bill's export, and a function for each way in.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  store   = regex("^s3://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?$", var.settings.stores.aws)
  records = local.store.prefix == "" ? "" : "${local.store.prefix}/"

  # The data sets that land here, and all buckets that they land in.
  places = {
    for name, dataset in try(var.settings.datasets, {}) :
    name => regex("^s3://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?$", dataset.objects)
    if startswith(dataset.objects, "s3://")
  }
  # What feature views are computed to, where the configuration names it for this cloud.
  computed = {
    for view, place in try(var.settings.features.sources.aws, {}) :
    view => regex("^s3://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?$", place) if startswith(place, "s3://")
  }
  landing = toset([for place in concat(values(local.places), values(local.computed)) : place.bucket])
  buckets = setunion(setsubtract(local.landing, var.account.existing_buckets), [local.store.bucket])

  timers   = merge({ sweep = "* * * * *" }, try(var.settings.timers, {}))
  explored = try(var.settings.bills.aws, null) != null && contains(keys(local.timers), "cost")
  jobs = toset(concat(
    ["security", "sweep"],
    try(var.settings.metric_stores.aws, null) != null && contains(keys(local.timers), "monitoring") ? ["monitoring"] : [],
    local.explored || var.account.bills ? ["cost"] : [],
    length(local.places) > 0 ? ["drift"] : [],
    var.account.features_image != null ? ["features"] : [],
  ))
  functions = { for name, function in local.every : name => function if contains(local.jobs, function.job) }
  every = merge(
    {
      for name, function in {
        monitoring_on_timer = { job = "monitoring", memory_mb = 512, timeout_seconds = 120 }
        cost_on_timer       = { job = "cost", memory_mb = 1024, timeout_seconds = 300 }
        drift_on_timer      = { job = "drift", memory_mb = 1024, timeout_seconds = 300 }
        features_on_timer   = { job = "features", memory_mb = 2048, timeout_seconds = 900 }
        sweep_on_timer      = { job = "sweep", memory_mb = 512, timeout_seconds = 120 }
      } : name => merge(function, { trigger = "timer" }) if contains(keys(local.timers), function.job) && (name != "cost_on_timer" || local.explored)
    },
    {
      for name, function in {
        # Files of up to 512 MiB lie under /tmp while they are read; a bill's delivery is several of them.
        cost_on_object     = { job = "cost", memory_mb = 2048, scratch_mb = 4096, timeout_seconds = 600 }
        drift_on_object    = { job = "drift", memory_mb = 3008, scratch_mb = 1024, timeout_seconds = 600 }
        features_on_object = { job = "features", memory_mb = 2048, timeout_seconds = 900 }
      } : name => merge(function, { trigger = "object" }) if contains(keys(local.watched), function.job)
    },
    { security_on_event = { job = "security", memory_mb = 256, timeout_seconds = 60, trigger = "event" } },
  )

  environment = merge(
    { NEPHOSCOPE_CONFIG = "nephoscope.json" },
    var.publish.identity == "" ? {} : {
      NEPHOSCOPE_PUBLISH_AS     = var.publish.identity
      NEPHOSCOPE_TOKEN_AUDIENCE = var.publish.audience
    },
  )
}

resource "aws_kms_key" "key" {
  description         = "nephoscope: records, logs, environments and schedules of ${var.name}"
  enable_key_rotation = true
  policy              = local.key_policy
}

resource "aws_kms_alias" "key" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.key.key_id
}

module "store" {
  source   = "./bucket"
  for_each = local.buckets

  name            = each.key
  key_arn         = aws_kms_key.key.arn
  records         = each.key == local.store.bucket ? [for folder in ["ledger", "baselines", "parts", "cost", "features", "sweep"] : "${local.records}${folder}/"] : []
  destroy_records = var.destroy_records
}

# Zips larger than 50 MB can only be deployed from a bucket; all of them are, so that there is one way.
module "artefacts" {
  source = "./bucket"

  name            = "${var.name}-artefacts-${local.account}"
  key_arn         = aws_kms_key.key.arn
  records         = []
  destroy_records = true
}

resource "aws_s3_object" "artefact" {
  for_each = setsubtract(local.jobs, ["features"])

  bucket      = module.artefacts.bucket
  key         = "${each.key}-${filemd5("${var.artefacts}/${each.key}.zip")}.zip"
  source      = "${var.artefacts}/${each.key}.zip"
  source_hash = filebase64sha256("${var.artefacts}/${each.key}.zip")
  kms_key_id  = aws_kms_key.key.arn
}

module "function" {
  source   = "./function"
  for_each = local.functions

  name        = "${var.name}-${replace(each.key, "_", "-")}"
  entry_point = each.key
  role        = { arn = aws_iam_role.job[each.value.job].arn, name = aws_iam_role.job[each.value.job].name }
  artefact = each.value.job == "features" ? { image = var.account.features_image } : {
    bucket = module.artefacts.bucket
    key    = aws_s3_object.artefact[each.value.job].key
    hash   = filebase64sha256("${var.artefacts}/${each.value.job}.zip")
  }
  environment     = local.environment
  memory_mb       = each.value.memory_mb
  scratch_mb      = try(each.value.scratch_mb, null)
  timeout_seconds = each.value.timeout_seconds
  architecture    = var.account.architecture
  schedule        = each.value.trigger == "timer" ? local.timers[each.value.job] : null
  schedule_group  = aws_scheduler_schedule_group.timers.name
  event_pattern   = each.value.trigger == "event" ? local.watched_calls : null
  queue = each.value.trigger != "object" ? null : {
    arn          = aws_sqs_queue.landed[each.value.job].arn
    batch        = each.value.job == "drift" ? 1 : 10
    most_at_once = 10
  }
  key_arn        = aws_kms_key.key.arn
  network        = each.value.job != "features" || length(var.account.features_subnets) == 0 ? null : { subnets = var.account.features_subnets, groups = var.account.features_groups }
  operations_arn = aws_sns_topic.operations.arn
  log_days       = var.account.log_days
}

# The image of the features functions is pushed here; the second apply deploys it.
resource "aws_ecr_repository" "features" {
  name                 = "${var.name}-features"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.key.arn
  }
}

# Whom the alarms tell: not by our own Topic, for these are the alarms that it does not work.
resource "aws_sns_topic" "operations" {
  name              = "${var.name}-operations"
  kms_master_key_id = aws_kms_key.key.id
}

resource "aws_sns_topic_subscription" "operators" {
  for_each = toset(var.account.operators)

  topic_arn = aws_sns_topic.operations.arn
  protocol  = "email"
  endpoint  = each.key
}
