# Every output of the modules that this one stands in for.

output "account_id" {
  description = "Nothing."
  value       = null
}

output "desk" {
  description = "Nothing."
  value       = null
}

output "features_repository" {
  description = "Nothing."
  value       = null
}

output "functions" {
  description = "Nothing."
  value       = null

  precondition {
    condition     = var.name == null
    error_message = "This cloud was left out (leave_out.py) and is one of clouds. Take it out of clouds, or in again: leave_out.py without it."
  }
}

output "identities" {
  description = "Nothing."
  value       = null
}

output "insights" {
  description = "Nothing."
  value       = null
}

output "key_arn" {
  description = "Nothing."
  value       = null
}

output "landing" {
  description = "Nothing."
  value       = null
}

output "operations_arn" {
  description = "Nothing."
  value       = null
}

output "platform" {
  description = "Nothing."
  value       = null
}

output "publishers" {
  description = "Nothing."
  value       = null
}

output "rights" {
  description = "Nothing."
  value       = null
}

output "secrets" {
  description = "Nothing."
  value       = null
}

output "token_aud" {
  description = "Nothing."
  value       = null
}

output "token_issuer" {
  description = "Nothing."
  value       = null
}

output "topic" {
  description = "Nothing."
  value       = null
}

output "topic_id" {
  description = "Nothing."
  value       = null
}

output "ledger" {
  description = "Nothing."
  value       = null
}

output "doors" {
  description = "Nothing."
  value       = null
}

output "dead_letters" {
  description = "Nothing."
  value       = null
}

output "eventarc_dead_letters" {
  description = "Nothing."
  value       = null
}

output "packages" {
  description = "Nothing."
  value       = null
}
