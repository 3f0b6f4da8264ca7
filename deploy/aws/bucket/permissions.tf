locals {
  tls_only = {
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = [aws_s3_bucket.bucket.arn, "${aws_s3_bucket.bucket.arn}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  # "Null": true means that the request has no such header. Parts of an upload never have one, their completion does.
  conditional = {
    Sid       = "OnlyUnderACondition"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:PutObject"
    Resource  = [for prefix in var.records : "${aws_s3_bucket.bucket.arn}/${prefix}*"]
    Condition = {
      Null = { "s3:if-none-match" = "true", "s3:if-match" = "true" }
      Bool = { "s3:ObjectCreationOperation" = "true" }
    }
  }

  kept = {
    Sid       = "KeepRecords"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    Resource  = concat([aws_s3_bucket.bucket.arn], [for prefix in var.records : "${aws_s3_bucket.bucket.arn}/${prefix}*"])
  }
}

resource "aws_s3_bucket_policy" "bucket" {
  bucket = aws_s3_bucket.bucket.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.tls_only],
      [for each in [local.conditional] : each if length(var.records) > 0],
      [for each in [local.kept] : each if length(var.records) > 0 && !var.destroy_records],
      var.writers,
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.bucket]
}
