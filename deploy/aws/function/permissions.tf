# What Lambda and Scheduler do in the function's name. What its code calls stands in the role of its job.

resource "aws_iam_role_policy" "runtime" {
  name = "${var.name}-runtime"
  role = var.role.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Log"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${aws_cloudwatch_log_group.log.arn}:*"
        },
        {
          Sid      = "Environment"
          Effect   = "Allow"
          Action   = "kms:Decrypt"
          Resource = var.key_arn
        },
      ],
      [
        for each in local.asynchronous ? [1] : [] : {
          Sid      = "OnFailure"
          Effect   = "Allow"
          Action   = "sqs:SendMessage"
          Resource = aws_sqs_queue.dead.arn
        }
      ],
      [
        for each in var.queue == null ? [] : [1] : {
          Sid      = "Poll"
          Effect   = "Allow"
          Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
          Resource = var.queue.arn
        }
      ],
      [
        for each in var.network == null ? [] : [1] : {
          Sid      = "Network"
          Effect   = "Allow"
          Action   = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
          Resource = "*" # Lambda asks of interfaces that are not there yet
        }
      ],
    )
  })
}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "scheduler" {
  count = var.schedule == null ? 0 : 1

  name = "${var.name}-timer"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  count = var.schedule == null ? 0 : 1

  name = "${var.name}-timer"
  role = aws_iam_role.scheduler[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Call"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = aws_lambda_function.function.arn
      },
      {
        Sid      = "GiveUp"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.dead.arn
      },
      {
        Sid      = "ReadInput"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.key_arn
      },
    ]
  })
}

resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.dead.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [
        for rule in aws_cloudwatch_event_rule.event : {
          Sid       = "GiveUp"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = aws_sqs_queue.dead.arn
          Condition = { ArnEquals = { "aws:SourceArn" = rule.arn } }
        }
      ],
    )
  })
}
