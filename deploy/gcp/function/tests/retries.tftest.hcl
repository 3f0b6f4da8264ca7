mock_provider "google" {
  source = "../../tests/mocks/gcp"
}

variables {
  name            = "nephoscope-drift-on-object"
  entry_point     = "drift_on_object"
  project         = "acme-ml"
  region          = "europe-west3"
  identity        = "nephoscope-drift@acme-ml.iam.gserviceaccount.com"
  builder         = "projects/acme-ml/serviceAccounts/nephoscope-builder@acme-ml.iam.gserviceaccount.com"
  pusher          = "nephoscope-pusher@acme-ml.iam.gserviceaccount.com"
  source_object   = { bucket = "artefacts", object = "drift.zip" }
  environment     = { NEPHOSCOPE_CONFIG = "nephoscope.json" }
  memory          = "4Gi"
  timeout_seconds = 540
  dead_topic      = "projects/acme-ml/topics/nephoscope-dead"
  pubsub_agent    = "service-987654321098@gcp-sa-pubsub.iam.gserviceaccount.com"
}

run "an_object_whose_function_failed_comes_again" {
  variables {
    bucket = "acme-training"
  }

  assert {
    condition     = google_cloudfunctions2_function.function.event_trigger[0].retry_policy == "RETRY_POLICY_RETRY"
    error_message = "Without a retry policy a failed event is dropped."
  }

  assert {
    condition     = google_cloudfunctions2_function.function.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
    error_message = "Nobody outside the project reaches a function."
  }
}

run "a_message_that_fails_five_times_is_a_dead_letter" {
  variables {
    topic = { id = "projects/acme-ml/topics/nephoscope-sweep" }
  }

  assert {
    condition     = google_pubsub_subscription.messages[0].dead_letter_policy[0].max_delivery_attempts == 5
    error_message = "Five deliveries, then the dead-letter topic."
  }

  assert {
    condition     = google_pubsub_subscription.messages[0].push_config[0].oidc_token[0].service_account_email == "nephoscope-pusher@acme-ml.iam.gserviceaccount.com"
    error_message = "A push proves who pushes."
  }

  assert {
    condition     = length(google_pubsub_subscription_iam_member.dead_letters) == 1
    error_message = "Pub/Sub may move a dead letter."
  }
}

run "longer_than_pubsub_waits" {
  command = plan

  variables {
    timeout_seconds = 900
  }

  expect_failures = [var.timeout_seconds]
}
