# What calls it: a schedule, an event of the account, or a queue.

locals {
  asynchronous = var.schedule != null || var.event_pattern != null

  # Scheduler's cron has a year, counts days of the week from SUN = 1, and wants "?" in one of its two day fields.
  cron = var.schedule == null ? null : split(" ", var.schedule)
  days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
  weekday = local.cron == null ? null : join("", [
    for sign in split("", local.cron[4]) : try(local.days[tonumber(sign)], sign)
  ])
  expression = local.cron == null ? null : format("cron(%s %s %s %s %s *)",
    local.cron[0], local.cron[1],
    local.cron[2] == "*" && local.cron[4] != "*" ? "?" : local.cron[2],
    local.cron[3],
    local.cron[4] == "*" ? "?" : upper(local.weekday),
  )
}

resource "aws_scheduler_schedule" "timer" {
  count = var.schedule == null ? 0 : 1

  name                         = var.name
  group_name                   = var.schedule_group
  schedule_expression          = local.expression
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = var.key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.function.arn
    role_arn = aws_iam_role.scheduler[0].arn
    # The slot is the Event's identity: an execution's id is new for each attempt. Scheduler looks for these words as
    # they stand; jsonencode would write their < and > as \u003c and \u003e, and nothing would be filled in.
    input = "{\"schedule-arn\": \"<aws.scheduler.schedule-arn>\", \"scheduled-time\": \"<aws.scheduler.scheduled-time>\"}"

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead.arn
    }
  }
}

resource "aws_cloudwatch_event_rule" "event" {
  count = var.event_pattern == null ? 0 : 1

  name          = var.name
  description   = "nephoscope: what calls ${var.entry_point}"
  event_pattern = var.event_pattern
  # Of CloudTrail's management events, a rule that is only ENABLED sees none that reads.
  state = strcontains(var.event_pattern, "via CloudTrail") ? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" : "ENABLED"
}

resource "aws_cloudwatch_event_target" "event" {
  count = var.event_pattern == null ? 0 : 1

  rule = aws_cloudwatch_event_rule.event[0].name
  arn  = aws_lambda_function.function.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

resource "aws_lambda_permission" "event" {
  count = var.event_pattern == null ? 0 : 1

  function_name = aws_lambda_function.function.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.event[0].arn
}

# Scheduler and EventBridge only hand over; what the function then fails to do goes to the same queue by this way.
resource "aws_lambda_function_event_invoke_config" "asynchronous" {
  count = local.asynchronous ? 1 : 0

  function_name                = aws_lambda_function.function.function_name
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead.arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "queue" {
  count = var.queue == null ? 0 : 1

  event_source_arn                   = var.queue.arn
  function_name                      = aws_lambda_function.function.arn
  batch_size                         = var.queue.batch
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.queue.most_at_once
  }
}
