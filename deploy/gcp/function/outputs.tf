output "function" {
  description = "The function, as people name it."
  value       = { name = google_cloudfunctions2_function.function.name, identity = var.identity }
}

output "subscription" {
  description = "The subscription that pushes to it; null where Eventarc calls it."
  value       = one(google_pubsub_subscription.messages[*].name)
}

output "trigger" {
  description = "The trigger by which Eventarc calls it: its name, and what is another once it was made anew; null where it does not."
  value       = one([for name in google_cloudfunctions2_function.function.event_trigger[*].trigger : { name = name, made = name }])
}
