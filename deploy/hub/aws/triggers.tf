# The Topic's queue: SNS → SQS → notify, five tries, then a person.

resource "aws_scheduler_schedule_group" "timers" {
  name = "${var.name}-hub"
}

resource "aws_sqs_queue" "reports" {
  name                       = "${var.name}-reports"
  sqs_managed_sse_enabled    = true
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 360 # six times the function's timeout, as Lambda asks for
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-reports-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sns_topic_subscription" "reports" {
  topic_arn            = aws_sns_topic.reports.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.reports.arn
  raw_message_delivery = false # the envelope's id is the Event's, whichever queue message brings it
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "${var.name}-reports-dead"
  alarm_description   = "Reports that the hub could not take in: set right what its log lines say, then nephoscope redrive --from sqs:${aws_sqs_queue.dead.arn}"
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

resource "aws_cloudwatch_metric_alarm" "waiting" {
  alarm_name          = "${var.name}-reports-waiting"
  alarm_description   = "A Report has waited for ten minutes: the hub does not keep up or does not run."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.reports.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 600
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.operations_arn]
  ok_actions          = [var.operations_arn]
}
