output "function" {
  description = "The service, as people name it."
  value       = { name = google_cloud_run_v2_service.service.name, identity = var.identity }
}

output "subscription" {
  description = "The subscription that pushes to it; null where Eventarc calls it."
  value       = one(google_pubsub_subscription.messages[*].name)
}

output "trigger" {
  description = "What Eventarc calls it by; null where it does not."
  value       = one(google_eventarc_trigger.objects[*].uid)
}
