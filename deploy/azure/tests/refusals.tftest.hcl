mock_provider "azurerm" {
  source = "../tests/mocks/azure"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/azure"
  account   = { subscription_id = "22222222-2222-4222-8222-222222222222", az = false, location = "westeurope", operators = ["ops@example.org"] }
  publish   = {}
  settings  = { stores = { azure = "az://acmenephoscope/records" } }
}

run "a_bad_schedule" {
  command = plan

  variables {
    settings = { stores = { azure = "az://acmenephoscope/records" }, timers = { cost = "every day" } }
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
    account = { subscription_id = "22222222-2222-4222-8222-222222222222", az = false, location = "atlantis", operators = ["ops@example.org"] }
  }

  expect_failures = [var.account]
}

run "nobody_to_tell_that_it_fails" {
  command = plan

  variables {
    account = { subscription_id = "22222222-2222-4222-8222-222222222222", az = false, location = "westeurope", operators = [] }
  }

  expect_failures = [var.account]
}

run "no_subscription" {
  command = plan

  variables {
    account = { subscription_id = "mine", az = false, location = "westeurope", operators = ["ops@example.org"] }
  }

  expect_failures = [var.account]
}

run "a_workspace_that_nobody_may_read" {
  command = plan

  variables {
    settings = { stores = { azure = "az://acmenephoscope/records" }, metric_stores = { azure = { workspace = "6a7b0c5e-0000-4000-8000-3d1f6c2a9e11" } }, timers = { monitoring = "*/5 * * * *" } }
  }

  expect_failures = [var.account]
}

run "an_account_without_its_resource_id" {
  command = plan

  variables {
    account = { subscription_id = "22222222-2222-4222-8222-222222222222", az = false, location = "westeurope", operators = ["ops@example.org"], existing_accounts = { acmelanding = "acmelanding" } }
  }

  expect_failures = [var.account]
}
