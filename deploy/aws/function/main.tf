# One entry point: its function, its log, and the queue where what it could not do waits for a person.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

resource "aws_cloudwatch_log_group" "log" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_lambda_function" "function" {
  function_name    = var.name
  description      = "nephoscope: ${var.entry_point}"
  role             = var.role.arn
  package_type     = var.artefact.image == null ? "Zip" : "Image"
  image_uri        = var.artefact.image
  s3_bucket        = var.artefact.bucket
  s3_key           = var.artefact.key
  source_code_hash = var.artefact.hash
  handler          = var.artefact.image == null ? "handler.${var.entry_point}" : null
  runtime          = var.artefact.image == null ? "python3.13" : null
  architectures    = [var.architecture]
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  kms_key_arn      = var.key_arn

  ephemeral_storage {
    size = var.scratch_mb
  }

  dynamic "image_config" {
    for_each = var.artefact.image == null ? [] : [1]

    content {
      command = ["handler.${var.entry_point}"]
    }
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]

    content {
      subnet_ids         = vpc_config.value.subnets
      security_group_ids = vpc_config.value.groups
    }
  }

  environment {
    variables = var.environment
  }

  logging_config {
    log_format = "Text" # our lines are JSON already
    log_group  = aws_cloudwatch_log_group.log.name
  }

  depends_on = [aws_iam_role_policy.runtime]
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "${var.name}-dead"
  alarm_description   = "${var.entry_point} gave up on something: read the queue ${var.name}-dead, then send it again."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.operations_arn]
  ok_actions          = [var.operations_arn]
}
