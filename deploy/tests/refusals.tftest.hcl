mock_provider "aws" {
  source = "./tests/mocks/aws"
}

mock_provider "azurerm" {
  source = "./tests/mocks/azure"
}

mock_provider "google" {
  source = "./tests/mocks/gcp"
}

variables {
  aws   = { region = "eu-central-1", operators = ["ops@example.org"], token_issuer = "https://0a1b2c3d.tokens.sts.global.api.aws" }
  azure = { subscription_id = "22222222-2222-4222-8222-222222222222", az = false, location = "westeurope", workspace_id = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/ml/providers/Microsoft.OperationalInsights/workspaces/ml", operators = ["ops@example.org"] }
  gcp   = { project = "acme-ml", region = "europe-west3", operators = ["ops@example.org"], gcloud = false }

  clouds = ["aws"]
  hub    = "aws"
  config = "tests/configs/aws.yaml"
}

run "no_cloud" {
  command = plan

  variables {
    clouds = []
  }

  expect_failures = [var.clouds]
}

run "a_cloud_that_we_know_not" {
  command = plan

  variables {
    clouds = ["aws", "oci"]
  }

  expect_failures = [var.clouds]
}

run "a_hub_that_is_not_deployed" {
  command = plan

  variables {
    hub    = "gcp"
    config = "tests/configs/gcp.yaml"
  }

  expect_failures = [var.hub]
}

run "another_hub_than_the_configuration_s" {
  command = plan

  variables {
    clouds = ["aws", "gcp"]
    hub    = "gcp"
  }

  expect_failures = [var.config]
}

run "no_configuration" {
  command = plan

  variables {
    config = "tests/configs/missing.yaml"
  }

  expect_failures = [var.config]
}

run "nobody_to_tell" {
  command = plan

  variables {
    config = "tests/configs/silent.yaml"
  }

  expect_failures = [var.config]
}

run "a_cloud_without_its_account" {
  command = plan

  variables {
    aws = null
  }

  expect_failures = [var.aws]
}

run "aws_without_who_signs_its_tokens" {
  command = plan

  variables {
    clouds = ["aws", "azure"]
    hub    = "azure"
    config = "tests/configs/azure.yaml"
    aws    = { region = "eu-central-1", operators = ["ops@example.org"] }
  }

  expect_failures = [var.aws]
}

run "an_issuer_that_is_no_address" {
  command = plan

  variables {
    clouds = ["aws", "azure"]
    hub    = "azure"
    config = "tests/configs/azure.yaml"
    aws    = { region = "eu-central-1", operators = ["ops@example.org"], token_issuer = "0a1b2c3d" }
  }

  expect_failures = [var.aws]
}
