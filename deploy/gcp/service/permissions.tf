resource "google_cloud_run_v2_service_iam_member" "pusher" {
  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_service.service.name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${var.pusher}"
}

# Moving a message to the dead-letter topic takes acknowledging it here.
resource "google_pubsub_subscription_iam_member" "dead_letters" {
  for_each = toset([for subscription in google_pubsub_subscription.messages : subscription.name])

  project      = var.project
  subscription = each.key
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${var.pubsub_agent}"
}
