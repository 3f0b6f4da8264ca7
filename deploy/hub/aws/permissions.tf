# Who may publish, from here and from other clouds, and what the hub's own jobs call.

locals {
  state_arn = "arn:aws:s3:::${local.state.bucket}"

  publish = [
    {
      Sid      = "Publish"
      Effect   = "Allow"
      Action   = "sns:Publish"
      Resource = aws_sns_topic.reports.arn
    },
    {
      Sid      = "PublishEncrypted"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = aws_kms_key.key.arn
    },
  ]

  kept = [
    {
      Sid      = "Records"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = [for folder in local.folders : "${local.state_arn}/${local.records}${folder}/*"]
    },
    {
      Sid      = "RecordsMissing"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = local.state_arn
    },
    {
      Sid      = "RecordsEncrypted"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = aws_kms_key.key.arn
    },
  ]
  # Telling people: the hub's records and the channels' secrets.
  desk = concat(
    local.kept,
    length(local.secrets) == 0 ? [] : [{
      Sid      = "Secrets"
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = [for secret in aws_secretsmanager_secret.secret : secret.arn]
    }],
  )
  # SES knows identities; its right is by the address that it sends from.
  mail = [
    for name, channel in var.settings.channels : {
      Sid       = "Mail${replace(title(name), "/[^A-Za-z0-9]/", "")}"
      Effect    = "Allow"
      Action    = "ses:SendEmail"
      Resource  = "arn:aws:ses:${channel.region}:${local.account}:identity/*"
      Condition = { StringEquals = { "ses:FromAddress" = channel.sender } }
    } if channel.type == "ses"
  ]
  # The rollup tells nobody: it reads the records.
  rollup = [
    for each in local.kept : merge(each, each.Sid == "Records" ? { Action = ["s3:GetObject"] } : {})
  ]
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
  for_each = { notify = concat(local.desk, local.mail), rollup = concat(local.rollup, var.ledger, local.publish) }

  name   = "${var.name}-${each.key}-calls"
  role   = aws_iam_role.job[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

# Google's tokens are trusted by name; every other issuer is made known first.
resource "aws_iam_openid_connect_provider" "foreign" {
  for_each = { for cloud, trust in var.foreign : cloud => trust if trust.issuer != "https://accounts.google.com" }

  url            = each.value.issuer
  client_id_list = [each.value.audience]
}

locals {
  # For Google `aud` is the token's azp, which is its sub; what we call the audience is `oaud`.
  trusted = {
    for cloud, trust in var.foreign : cloud => trust.issuer == "https://accounts.google.com" ? {
      principal = "accounts.google.com"
      condition = {
        "accounts.google.com:oaud" = [trust.audience]
        "accounts.google.com:aud"  = values(trust.subjects)
        "accounts.google.com:sub"  = values(trust.subjects)
      }
      } : {
      principal = aws_iam_openid_connect_provider.foreign[cloud].arn
      condition = {
        "${trimprefix(trust.issuer, "https://")}:aud" = [trust.audience]
        "${trimprefix(trust.issuer, "https://")}:sub" = values(trust.subjects)
      }
    }
  }
}

resource "aws_iam_role" "publisher" {
  for_each = local.trusted

  name                 = "${var.name}-publish-from-${each.key}"
  description          = "nephoscope: what the jobs in ${each.key} become to publish a Report"
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = each.value.principal }
      Condition = { StringEquals = each.value.condition }
    }]
  })
}

resource "aws_iam_role_policy" "publisher" {
  for_each = local.trusted

  name   = "${var.name}-publish-from-${each.key}"
  role   = aws_iam_role.publisher[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.publish })
}

resource "aws_sns_topic_policy" "reports" {
  arn = aws_sns_topic.reports.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.reports.arn
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.reports.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sqs_queue_policy" "queues" {
  for_each = { reports = aws_sqs_queue.reports, dead = aws_sqs_queue.dead }

  queue_url = each.value.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "FromTheTopic"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.reports.arn } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
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
    ]
  })
}
