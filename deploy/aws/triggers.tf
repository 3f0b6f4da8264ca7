# What sets jobs off: timers, objects that land (S3 → EventBridge → SQS), and calls that were refused or open a bucket.

resource "aws_scheduler_schedule_group" "timers" {
  name = var.name
}

locals {
  # Where each job's objects land: a bill by its manifest, which is delivered after all of its files.
  watched = merge(
    length(local.places) == 0 ? {} : {
      drift = [for place in local.places : { bucket = place.bucket, key = { prefix = place.prefix } }]
    },
    !var.account.bills ? {} : {
      cost = [{ bucket = local.bills_bucket, key = { suffix = "-Manifest.json" } }]
    },
    var.account.features_image == null || length(local.computed) == 0 ? {} : {
      features = [for place in local.computed : { bucket = place.bucket, key = { prefix = place.prefix } }]
    },
  )

  # What a rule says of each place, in EventBridge's words.
  landings = {
    for job, places in local.watched : job => [
      for place in places : { bucket = { name = [place.bucket] }, object = { key = [place.key] } }
    ]
  }

  # CloudTrail's words for a caller who had no right, and the calls that may open a bucket to others.
  watched_calls = jsonencode({
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail = {
      "$or" = [
        { errorCode = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation"] },
        {
          eventSource = ["s3.amazonaws.com"]
          eventName = [
            "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl", "PutObjectAcl",
            "PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock",
            "PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock",
          ]
        },
      ]
    }
  })
}

resource "aws_cloudwatch_event_rule" "landed" {
  for_each = local.watched

  name        = "${var.name}-${each.key}-landed"
  description = "nephoscope: what lands for ${each.key}"
  # EventBridge refuses a $or of fewer than two: one place stands in detail itself.
  event_pattern = length(each.value) == 1 ? jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail        = local.landings[each.key][0]
    }) : jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    "$or"         = [for landing in local.landings[each.key] : { detail = landing }]
  })
}

resource "aws_cloudwatch_event_target" "landed" {
  for_each = local.watched

  rule = aws_cloudwatch_event_rule.landed[each.key].name
  arn  = aws_sqs_queue.landed[each.key].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

resource "aws_sqs_queue" "landed" {
  for_each = local.watched

  name                       = "${var.name}-${each.key}-landed"
  sqs_managed_sse_enabled    = true
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 6 * local.every["${each.key}_on_object"].timeout_seconds
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.undelivered.arn
    maxReceiveCount     = 5
  })
}

# What EventBridge could not hand over, and what a job failed at five times.
resource "aws_sqs_queue" "undelivered" {
  name                      = "${var.name}-landed-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_metric_alarm" "undelivered" {
  alarm_name          = "${var.name}-landed-dead"
  alarm_description   = "Objects landed that no job could handle: read the queue ${aws_sqs_queue.undelivered.name}, then redrive it."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.operations.arn]
  ok_actions          = [aws_sns_topic.operations.arn]
}

resource "aws_cloudwatch_metric_alarm" "waiting" {
  for_each = local.watched

  alarm_name          = "${var.name}-${each.key}-waiting"
  alarm_description   = "An object has waited for an hour: ${each.key} does not keep up or does not run."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.landed[each.key].name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3600
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.operations.arn]
  ok_actions          = [aws_sns_topic.operations.arn]
}

locals {
  bills_bucket = "${var.name}-bills-${local.account}"
}

module "bills" {
  source = "./bucket"
  count  = var.account.bills ? 1 : 0

  name            = local.bills_bucket
  key_arn         = null
  records         = []
  destroy_records = var.destroy_records
  writers = [{
    Sid       = "DataExports"
    Effect    = "Allow"
    Principal = { Service = ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"] }
    Action    = ["s3:PutObject", "s3:GetBucketPolicy"]
    Resource  = ["arn:aws:s3:::${local.bills_bucket}", "arn:aws:s3:::${local.bills_bucket}/*"]
    Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
  }]
}

# The bill in FOCUS 1.2, up to three times a day.
resource "aws_bcmdataexports_export" "focus" {
  count = var.account.bills ? 1 : 0

  export {
    name = "${var.name}-focus"

    data_query {
      query_statement = "SELECT ${join(", ", local.focus_columns)} FROM FOCUS_1_2_AWS"
      table_configurations = {
        FOCUS_1_2_AWS = { TIME_GRANULARITY = "DAILY" }
      }
    }

    destination_configurations {
      s3_destination {
        s3_bucket = module.bills[0].bucket
        s3_prefix = "focus"
        s3_region = var.account.region

        s3_output_configurations {
          compression = "PARQUET"
          format      = "PARQUET"
          output_type = "CUSTOM"
          overwrite   = "OVERWRITE_REPORT"
        }
      }
    }

    refresh_cadence {
      frequency = "SYNCHRONOUS"
    }
  }
}

locals {
  # `SELECT *` is refused: the columns of FOCUS 1.2 that a report reads.
  focus_columns = [
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
    "ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountId",
    "CommitmentDiscountStatus", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost", "InvoiceId",
    "InvoiceIssuerName", "ListCost", "PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName",
    "PublisherName", "RegionId", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName",
    "ServiceSubcategory", "SkuId", "SubAccountId", "SubAccountName", "Tags",
  ]
}
