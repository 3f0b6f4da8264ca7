output "function" {
  description = "The function, as people name it."
  value       = { name = google_cloudfunctions2_function.function.name, identity = var.identity }
}

output "subscription" {
  description = "The subscription that pushes to it; null where Eventarc calls it."
  value       = one(google_pubsub_subscription.messages[*].name)
}

output "trigger" {
  description = "What Eventarc calls it by; null where it does not."
  value       = one(google_cloudfunctions2_function.function.event_trigger[*].trigger)
}
