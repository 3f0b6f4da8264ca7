mock_provider "google" {
  source = "../tests/mocks/gcp"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/gcp"
  account   = { project = "acme-ml", region = "europe-west3", operators = ["ops@example.org"], gcloud = false }
  publish   = {}
  settings  = { stores = { gcp = "gs://acme-nephoscope-gcp" } }
}

run "a_bad_schedule" {
  command = plan

  variables {
    settings = { stores = { gcp = "gs://acme-nephoscope-gcp" }, timers = { cost = "every day" } }
  }

  expect_failures = [var.settings]
}

run "no_store" {
  command = plan

  variables {
    settings = { stores = { aws = "s3://acme-nephoscope-aws" } }
  }

  expect_failures = [var.settings]
}

run "an_unknown_region" {
  command = plan

  variables {
    account = { project = "acme-ml", region = "frankfurt", operators = ["ops@example.org"], gcloud = false }
  }

  expect_failures = [var.account]
}

run "nobody_to_tell_that_it_fails" {
  command = plan

  variables {
    account = { project = "acme-ml", region = "europe-west3", operators = [], gcloud = false }
  }

  expect_failures = [var.account]
}

run "a_name_too_long_for_a_service_account" {
  command = plan

  variables {
    name = "nephoscope-of-everything"
  }

  expect_failures = [var.name]
}

run "a_secret_of_another_project" {
  command = plan

  variables {
    settings = { stores = { gcp = "gs://acme-nephoscope-gcp" }, channels = { oncall = { type = "slack", url = "gcp-sm:projects/acme-web/secrets/slack" } } }
  }

  expect_failures = [var.account]
}
