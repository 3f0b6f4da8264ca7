mock_provider "aws" {
  source = "../tests/mocks/aws"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/aws"
  account   = { region = "eu-central-1", operators = ["ops@example.org"] }
  publish   = {}
  settings  = { stores = { aws = "s3://acme-nephoscope-aws" } }
}

run "a_bad_schedule" {
  command = plan

  variables {
    settings = { stores = { aws = "s3://acme-nephoscope-aws" }, timers = { cost = "every day" } }
  }

  expect_failures = [var.settings]
}

run "two_kinds_of_day" {
  command = plan

  variables {
    settings = { stores = { aws = "s3://acme-nephoscope-aws" }, timers = { cost = "0 6 1 * 1" } }
  }

  expect_failures = [var.settings]
}

run "no_store" {
  command = plan

  variables {
    settings = { stores = { gcp = "gs://acme-nephoscope-gcp" } }
  }

  expect_failures = [var.settings]
}

run "an_unknown_region" {
  command = plan

  variables {
    account = { region = "eu-nowhere-1", operators = ["ops@example.org"] }
  }

  expect_failures = [var.account]
}

run "nobody_to_tell_that_it_fails" {
  command = plan

  variables {
    account = { region = "eu-central-1", operators = [] }
  }

  expect_failures = [var.account]
}

run "a_name_that_no_bucket_can_have" {
  command = plan

  variables {
    name = "Nephoscope"
  }

  expect_failures = [var.name]
}
