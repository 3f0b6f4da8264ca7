output "function" {
  description = "The function, as alarms and people name it."
  value = {
    name = aws_lambda_function.function.function_name
    arn  = aws_lambda_function.function.arn
    role = var.role.name
  }
}

output "scratch_mb" {
  description = "Room under /tmp."
  value       = aws_lambda_function.function.ephemeral_storage[0].size
}

output "subnets" {
  description = "The subnets that it calls from; none where it is in no network."
  value       = toset(var.network == null ? [] : var.network.subnets)
}

output "schedule" {
  description = "Its schedule as Scheduler has it; null without one."
  value       = local.expression
}

output "dead_queue" {
  description = "Where what it could not do waits."
  value       = { name = aws_sqs_queue.dead.name, url = aws_sqs_queue.dead.url, arn = aws_sqs_queue.dead.arn }
}

output "rule" {
  description = "The rule whose events call it, its state and its pattern; null without one."
  value       = one([for rule in aws_cloudwatch_event_rule.event : { state = rule.state, pattern = rule.event_pattern }])
}
