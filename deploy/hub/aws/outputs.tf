output "rights" {
  description = "The statements that let a job of this cloud publish."
  value       = local.publish
}

output "desk" {
  description = "The statements that let the sweep tell people."
  value       = concat(local.desk, local.mail)
}

output "publishers" {
  description = "What each foreign cloud becomes to publish."
  value       = { for cloud, role in aws_iam_role.publisher : cloud => role.arn }
}

output "topic" {
  description = "The Topic, as the configuration names it."
  value       = "sns:${aws_sns_topic.reports.arn}"
}

output "secrets" {
  description = "Secrets that wait for their value: aws secretsmanager put-secret-value --secret-id NAME --secret-string VALUE."
  value       = [for secret in aws_secretsmanager_secret.secret : secret.name]
}

output "doors" {
  description = "Whom the HTTP entry points of a container that is the hub's notify let in (docs/clouds.md)."
  value       = { NEPHOSCOPE_SNS_TOPICS = local.topic.arn }
}

output "dead_letters" {
  description = "Where what the hub could not take in waits, as nephoscope redrive --from is told."
  value       = ["sqs:${aws_sqs_queue.dead.arn}"]
}
