output "topic" {
  description = "The Topic's name within its project."
  value       = google_pubsub_topic.reports.name
}

output "desk" {
  description = "What telling people takes."
  value = {
    bucket   = module.state.bucket
    prefixes = local.folders
    secrets  = { for name, secret in google_secret_manager_secret.secret : name => secret.secret_id }
  }
}

output "publishers" {
  description = "What each foreign cloud becomes to publish: the pool's provider and the service account."
  value = {
    for cloud, provider in google_iam_workload_identity_pool_provider.foreign :
    cloud => "//iam.googleapis.com/${provider.name} ${google_service_account.publisher[0].email}"
  }
}

output "secrets" {
  description = "Secrets that wait for their value: gcloud secrets versions add NAME --data-file=FILE."
  value       = [for secret in google_secret_manager_secret.secret : secret.secret_id]
}

output "doors" {
  description = "Whom the HTTP entry points of a container that is the hub's notify let in (docs/clouds.md)."
  value       = { NEPHOSCOPE_PUSH_ACCOUNTS = var.platform.pusher }
}
