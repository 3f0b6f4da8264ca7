output "identities" {
  description = "The service account of each job, as another cloud's trust names it: the subject of its token."
  value       = { for job, account in google_service_account.job : job => account.unique_id }
}

output "token_issuer" {
  description = "Who signs the tokens of these service accounts."
  value       = "https://accounts.google.com"
}

output "landing" {
  description = "Where each data set's files are put."
  value       = { for name, place in local.places : name => "gs://${place.bucket}/${place.prefix}" }
}

output "functions" {
  description = "Every function with its service account."
  value       = { for name, function in merge(module.function, module.service) : name => function.function }
}

output "platform" {
  description = "What the hub's functions share with these: who builds and who calls them, and where dead letters go."
  value = {
    builder      = google_service_account.builder.name
    pusher       = google_service_account.pusher.email
    dead_topic   = google_pubsub_topic.dead.id
    pubsub_agent = local.pubsub_agent
    artefacts    = module.artefacts.bucket
    ledger       = { bucket = local.store.bucket, prefix = "${local.records}ledger/" }
    roles        = { for name, role in google_project_iam_custom_role.role : name => role.id }
  }

  # The hub's functions are built and called by these accounts: on a first apply they would race the accounts' roles.
  depends_on = [
    google_project_iam_member.builder, google_project_iam_member.pusher, google_project_iam_member.storage_events,
    google_project_service.api,
  ]
}

output "features_repository" {
  description = "Where the image of the features services is pushed."
  value       = "${google_artifact_registry_repository.features.location}-docker.pkg.dev/${local.project}/${google_artifact_registry_repository.features.repository_id}"
}

output "dead_letters" {
  description = "Where what failed five times waits, as nephoscope redrive --from is told."
  value       = "pubsub:${google_pubsub_subscription.dead.id}"
}

output "eventarc_dead_letters" {
  description = "The commands that give Eventarc's own subscriptions the dead-letter topic, for whoever lets no apply call gcloud."
  value       = local.eventarc_dead_letters
}
