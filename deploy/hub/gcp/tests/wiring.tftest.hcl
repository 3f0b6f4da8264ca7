mock_provider "google" {
  source = "../../tests/mocks/gcp"
}

variables {
  name      = "nephoscope"
  artefacts = "../../../build/gcp"
  account   = { project = "acme-ml", region = "europe-west3" }
  platform = {
    builder      = "projects/acme-ml/serviceAccounts/nephoscope-builder@acme-ml.iam.gserviceaccount.com"
    pusher       = "nephoscope-pusher@acme-ml.iam.gserviceaccount.com"
    dead_topic   = "projects/acme-ml/topics/nephoscope-dead"
    pubsub_agent = "service-987654321098@gcp-sa-pubsub.iam.gserviceaccount.com"
    artefacts    = "nephoscope-artefacts-acme-ml"
    ledger       = { bucket = "acme-nephoscope-gcp", prefix = "ledger/" }
    roles = {
      append  = "projects/acme-ml/roles/nephoscope_append"
      record  = "projects/acme-ml/roles/nephoscope_record"
      read    = "projects/acme-ml/roles/nephoscope_read"
      list    = "projects/acme-ml/roles/nephoscope_list"
      publish = "projects/acme-ml/roles/nephoscope_publish"
      secret  = "projects/acme-ml/roles/nephoscope_secret"
    }
  }
  settings = {
    topic    = "pubsub:projects/acme-ml/topics/nephoscope"
    state    = "gs://acme-nephoscope-hub/state"
    stores   = { gcp = "gs://acme-nephoscope-gcp" }
    channels = { oncall = { type = "slack", url = "gcp-sm:projects/acme-ml/secrets/slack" } }
    route    = { channels = ["oncall"] }
  }
}

run "the_topic_is_the_one_that_the_configuration_names" {
  assert {
    condition     = google_pubsub_topic.reports.name == "nephoscope" && module.state.bucket == "acme-nephoscope-hub"
    error_message = "The topic and the state are the configuration's."
  }

  assert {
    condition     = keys(google_secret_manager_secret.secret) == ["slack"]
    error_message = "Every secret that the configuration names has a place."
  }

  assert {
    condition     = alltrue([for function in module.function : function.subscription != null])
    error_message = "Reports and timers are pushed, with a dead-letter topic."
  }

  assert {
    condition     = length(google_iam_workload_identity_pool.foreign) == 0
    error_message = "Nobody outside is trusted unless somebody publishes from outside."
  }
}

run "a_container_that_is_pushed_to_knows_who_pushes" {
  assert {
    condition     = output.doors == { NEPHOSCOPE_PUSH_ACCOUNTS = "nephoscope-pusher@acme-ml.iam.gserviceaccount.com" }
    error_message = "The door by HTTP lets in the service account that pushes here."
  }
}

run "foreign_clouds_publish_by_a_pinned_audience_and_subject" {
  variables {
    foreign = {
      aws = {
        account_id = "123456789012"
        audience   = ""
        subjects   = { drift = "arn:aws:iam::123456789012:role/nephoscope-drift", cost = "arn:aws:iam::123456789012:role/nephoscope-cost" }
      }
      azure = {
        issuer   = "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0"
        audience = "fb60f99c-7a34-4190-8149-302f77469936"
        subjects = { drift = "33333333-3333-4333-8333-333333333333" }
      }
    }
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.foreign["aws"].attribute_condition == "assertion.arn.extract('assumed-role/{role}/') in [\"nephoscope-cost\",\"nephoscope-drift\"]"
    error_message = "AWS's jobs, and no other role of the account, are let in."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.foreign["azure"].attribute_condition == "assertion.sub in [\"33333333-3333-4333-8333-333333333333\"]"
    error_message = "Azure's jobs, and nobody else in its tenant, are let in."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.foreign["azure"].oidc[0].allowed_audiences == tolist(["fb60f99c-7a34-4190-8149-302f77469936"])
    error_message = "A token made for somebody else is refused."
  }

  assert {
    condition     = toset(keys(google_service_account_iam_member.publisher)) == toset(["aws/cost", "aws/drift", "azure/drift"])
    error_message = "Each job becomes the publisher by itself."
  }
}

run "nobody_to_tell" {
  command = plan

  variables {
    settings = {
      topic    = "pubsub:projects/acme-ml/topics/nephoscope"
      state    = "gs://acme-nephoscope-hub/state"
      channels = {}
      route    = { channels = [] }
    }
  }

  expect_failures = [var.settings]
}

run "a_topic_elsewhere" {
  command = plan

  variables {
    account = { project = "another-project", region = "europe-west3" }
  }

  expect_failures = [google_pubsub_topic.reports]
}

run "a_subject_that_is_a_pattern" {
  command = plan

  variables {
    foreign = { azure = { issuer = "https://login.microsoftonline.com/t/v2.0", audience = "a", subjects = { drift = "*" } } }
  }

  expect_failures = [var.foreign]
}
