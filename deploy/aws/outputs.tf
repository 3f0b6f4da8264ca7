output "identities" {
  description = "The role of each job, as another cloud's trust names it: the subject of its token."
  value       = { for job, role in aws_iam_role.job : job => role.arn }
}

output "account_id" {
  description = "The account."
  value       = local.account
}

output "token_issuer" {
  description = "Who signs the tokens of these roles; null until outbound federation is turned on in the account."
  value       = var.account.token_issuer
}

output "landing" {
  description = "Where each data set's files are put."
  value       = { for name, place in local.places : name => "s3://${place.bucket}/${place.prefix}" }
}

output "functions" {
  description = "Every function with its role."
  value       = { for name, function in module.function : name => function.function }
}

output "operations_arn" {
  description = "The topic that tells operators when nephoscope itself fails."
  value       = aws_sns_topic.operations.arn
}

output "key_arn" {
  description = "The key of this half."
  value       = aws_kms_key.key.arn
}

output "features_repository" {
  description = "Where the image of the features functions is pushed."
  value       = aws_ecr_repository.features.repository_url
}

output "ledger" {
  description = "The statements that let a job keep its ledger."
  value       = local.ledger
}
