# The hub in AWS: the Topic, the store of Alerts, and the two functions that only a hub has.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  topic   = regex("^sns:(?P<arn>arn:aws:sns:(?P<region>[^:]+):(?P<account>[^:]+):(?P<name>.+))$", var.settings.topic)
  state   = regex("^s3://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?$", var.settings.state)
  records = local.state.prefix == "" ? "" : "${local.state.prefix}/"
  folders = ["streams", "due", "groups", "silences", "reports", "channels", "told", "sweep"]
  timers  = merge({ rollup = "*/15 * * * *" }, try(var.settings.timers, {}))

  # Whatever the configuration calls aws-sm:NAME, wherever it stands in it.
  secrets = toset(flatten(regexall("\"aws-sm:([^\"]+)\"", jsonencode(var.settings))))

  jobs = toset(["notify", "rollup"])
}

resource "aws_sns_topic" "reports" {
  name              = local.topic.name
  kms_master_key_id = aws_kms_key.key.id

  lifecycle {
    precondition {
      condition     = local.topic.region == var.account.region && local.topic.account == local.account
      error_message = "The topic ${local.topic.arn} lies in another account or region than is deployed to (${local.account}, ${var.account.region})."
    }
  }
}

resource "aws_kms_key" "key" {
  description         = "nephoscope: the hub of ${var.name}"
  enable_key_rotation = true
  policy              = local.key_policy
}

module "state" {
  source = "../../aws/bucket"

  name            = local.state.bucket
  key_arn         = aws_kms_key.key.arn
  records         = [for folder in local.folders : "${local.records}${folder}/"]
  destroy_records = var.destroy_records
}

# A secret's value is the one thing that people put in by hand; its place is made here.
resource "aws_secretsmanager_secret" "secret" {
  for_each = local.secrets

  name                    = each.key
  kms_key_id              = aws_kms_key.key.arn
  recovery_window_in_days = 7
}

module "artefacts" {
  source = "../../aws/bucket"

  name            = "${var.name}-hub-artefacts-${local.account}"
  key_arn         = aws_kms_key.key.arn
  records         = []
  destroy_records = true
}

resource "aws_s3_object" "artefact" {
  for_each = local.jobs

  bucket      = module.artefacts.bucket
  key         = "${each.key}-${filemd5("${var.artefacts}/${each.key}.zip")}.zip"
  source      = "${var.artefacts}/${each.key}.zip"
  source_hash = filebase64sha256("${var.artefacts}/${each.key}.zip")
  kms_key_id  = aws_kms_key.key.arn
}

module "notify" {
  source = "../../aws/function"

  name            = "${var.name}-notify-on-message"
  entry_point     = "notify_on_message"
  role            = { arn = aws_iam_role.job["notify"].arn, name = aws_iam_role.job["notify"].name }
  artefact        = { bucket = module.artefacts.bucket, key = aws_s3_object.artefact["notify"].key, hash = filebase64sha256("${var.artefacts}/notify.zip") }
  environment     = { NEPHOSCOPE_CONFIG = "nephoscope.json" }
  memory_mb       = 512
  timeout_seconds = 60
  architecture    = var.account.architecture
  queue           = { arn = aws_sqs_queue.reports.arn, batch = 10, most_at_once = 10 }
  key_arn         = aws_kms_key.key.arn
  operations_arn  = var.operations_arn
  log_days        = var.account.log_days
}

module "rollup" {
  source = "../../aws/function"

  name            = "${var.name}-rollup-on-timer"
  entry_point     = "rollup_on_timer"
  role            = { arn = aws_iam_role.job["rollup"].arn, name = aws_iam_role.job["rollup"].name }
  artefact        = { bucket = module.artefacts.bucket, key = aws_s3_object.artefact["rollup"].key, hash = filebase64sha256("${var.artefacts}/rollup.zip") }
  environment     = { NEPHOSCOPE_CONFIG = "nephoscope.json" }
  memory_mb       = 512
  timeout_seconds = 120
  architecture    = var.account.architecture
  schedule        = local.timers.rollup
  schedule_group  = aws_scheduler_schedule_group.timers.name
  key_arn         = aws_kms_key.key.arn
  operations_arn  = var.operations_arn
  log_days        = var.account.log_days
}
