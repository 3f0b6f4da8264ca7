# One role a job, with exactly the actions that its code calls. `tests/deploy` holds them against what the SDKs ask.

locals {
  store_arn = "arn:aws:s3:::${local.store.bucket}"
  key_arns  = [aws_kms_key.key.arn]

  # A record that is not there answers 404 only to whoever may list the bucket, else 403: to know it is missing takes that.
  ledger = [
    {
      Sid      = "Ledger"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "${local.store_arn}/${local.records}ledger/*"
    },
    {
      Sid      = "Missing"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = local.store_arn
    },
    {
      Sid      = "Encrypted"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = local.key_arns
    },
  ]
  federated = var.publish.audience == "" ? [] : [{
    Sid       = "OwnToken"
    Effect    = "Allow"
    Action    = "sts:GetWebIdentityToken"
    Resource  = "*"
    Condition = { "ForAnyValue:StringEquals" = { "sts:IdentityTokenAudience" = var.publish.audience } }
  }]

  # What was deleted before it is read answers 404 likewise, and is acknowledged: with 403 it would be tried again.
  landed = [
    for each in [
      {
        Sid      = "Landed"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = [for place in local.places : "arn:aws:s3:::${place.bucket}/${place.prefix}${place.prefix == "" ? "" : "/"}*"]
      },
      {
        Sid      = "LandedMissing"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = distinct([for place in local.places : "arn:aws:s3:::${place.bucket}"])
      },
    ] : each if length(local.places) > 0
  ]
  # What a job keeps beside the ledger: Baselines and parts of tables, reports of bills, how far features are in step.
  kept = {
    for job, folders in { drift = ["baselines", "parts"], cost = ["cost"], features = ["features"], sweep = ["sweep"] } : job => [{
      Sid      = "Kept"
      Effect   = "Allow"
      Action   = job == "cost" ? ["s3:PutObject"] : ["s3:GetObject", "s3:PutObject"]
      Resource = [for folder in folders : "${local.store_arn}/${local.records}${folder}/*"]
    }]
  }
  metrics = try(var.settings.metric_stores.aws, null) == null ? [] : [{
    Sid      = "Metrics"
    Effect   = "Allow"
    Action   = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"]
    Resource = "*" # CloudWatch's reading actions know no resources
  }]
  costs = [{
    Sid      = "Costs"
    Effect   = "Allow"
    Action   = concat(["ce:GetCostAndUsage"], try(var.settings.bills.aws.recommendations, false) ? ["cost-optimization-hub:ListRecommendations"] : [])
    Resource = "*" # neither service knows resources
  }]

  # Features: the files behind views, each a file or a folder of files, and the online store of this cloud.
  sources = [
    for each in [
      {
        Sid    = "Sources"
        Effect = "Allow"
        Action = "s3:GetObject"
        Resource = flatten([
          for place in local.computed : [
            for key in place.prefix == "" ? ["*"] : [place.prefix, "${place.prefix}/*"] : "arn:aws:s3:::${place.bucket}/${key}"
          ]
        ])
      },
      {
        Sid      = "SourcesListed"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = distinct([for place in local.computed : "arn:aws:s3:::${place.bucket}"])
      },
    ] : each if length(local.computed) > 0
  ]
  serving = try(var.settings.features.stores.aws, { type = "none" })
  tables = replace(replace(
    try(local.serving.table_name_template, "{project}.{table_name}"), "{project}", try(var.settings.features.project, "")
  ), "{table_name}", "*")
  password = try(regex("^aws-sm:(.+)$", local.serving.password)[0], "")
  online = concat(
    local.serving.type != "dynamodb" ? [] : [{
      Sid      = "Online"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:CreateTable", "dynamodb:DescribeTable"]
      Resource = "arn:aws:dynamodb:${local.serving.region}:${local.account}:table/${local.tables}"
    }],
    local.password == "" ? [] : [{
      Sid      = "Password"
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = "arn:aws:secretsmanager:${var.account.region}:${local.account}:secret:${local.password}-*"
    }],
    [for each in var.desk : merge(each, { Sid = "PasswordEncrypted", Action = "kms:Decrypt" }) if local.password != "" && each.Sid == "RecordsEncrypted"],
  )

  # What each job calls beyond its ledger and the Topic.
  calls = {
    monitoring = local.metrics
    cost = concat(
      local.kept.cost,
      [for each in concat(local.metrics, local.costs) : each if local.explored],
      [
        for each in [
          {
            Sid      = "Bills"
            Effect   = "Allow"
            Action   = ["s3:GetObject", "s3:GetObjectVersion"]
            Resource = "arn:aws:s3:::${local.bills_bucket}/focus/*"
          },
          {
            Sid      = "BillsMissing"
            Effect   = "Allow"
            Action   = ["s3:ListBucket"]
            Resource = "arn:aws:s3:::${local.bills_bucket}"
          },
        ] : each if var.account.bills
      ],
    )
    drift    = concat(local.landed, local.kept.drift)
    features = concat(local.sources, local.kept.features, local.online)
    security = []
    sweep    = concat(local.kept.sweep, var.desk)
  }
}

resource "aws_iam_role" "job" {
  for_each = local.jobs

  name        = "${var.name}-${each.key}"
  description = "nephoscope: the job ${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "calls" {
  for_each = local.jobs

  name = "${var.name}-${each.key}-calls"
  role = aws_iam_role.job[each.key].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.ledger, var.publish.rights, local.federated, local.calls[each.key])
  })
}

resource "aws_sqs_queue_policy" "landed" {
  for_each = local.watched

  queue_url = aws_sqs_queue.landed[each.key].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Landed"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.landed[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.landed[each.key].arn } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.landed[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sqs_queue_policy" "undelivered" {
  queue_url = aws_sqs_queue.undelivered.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.undelivered.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for rule in aws_cloudwatch_event_rule.landed : {
        Sid       = "GiveUp${replace(title(rule.name), "-", "")}"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.undelivered.arn
        Condition = { ArnEquals = { "aws:SourceArn" = rule.arn } }
      }],
    )
  })
}

locals {
  # Rights to a key are given by roles' policies; AWS's own services need theirs here.
  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ByRoles"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.account.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${var.account.region}:${local.account}:log-group:/aws/lambda/${var.name}-*" } }
      },
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_sns_topic_policy" "operations" {
  arn = aws_sns_topic.operations.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.operations.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.operations.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
