output "function" {
  description = "The service, as people name it."
  value       = { name = google_cloud_run_v2_service.service.name, identity = var.identity }
}

output "subscription" {
  description = "The subscription that pushes to it; null where Eventarc calls it."
  value       = one(google_pubsub_subscription.messages[*].name)
}

output "trigger" {
  description = "The trigger by which Eventarc calls it: its name, and what is another once it was made anew; null where it does not."
  value       = one([for trigger in google_eventarc_trigger.objects : { name = trigger.id, made = trigger.uid }])
}
