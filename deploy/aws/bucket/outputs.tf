output "bucket" {
  description = "The bucket's name, once its policy stands."
  value       = aws_s3_bucket.bucket.bucket
  depends_on  = [aws_s3_bucket_policy.bucket]
}

output "arn" {
  description = "The bucket's ARN."
  value       = aws_s3_bucket.bucket.arn
}
