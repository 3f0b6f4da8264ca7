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
}

# Each run has a state of its own: what can only be planned once something is there would pass otherwise.

run "aws_alone" {
  state_key = "aws_alone"

  variables {
    clouds = ["aws"]
    hub    = "aws"
    config = "tests/configs/aws.yaml"
  }

  assert {
    condition     = keys(output.functions) == ["aws"] && toset(output.functions["aws"]) == toset(["drift_on_object", "monitoring_on_timer", "security_on_event", "sweep_on_timer", "cost_on_object"])
    error_message = "One cloud runs what the configuration gives it, and nothing is made in another."
  }

  assert {
    condition     = length(output.publishers) == 0 && length(output.secrets) == 1
    error_message = "Nobody publishes from outside; the channel's secret is all that is left to do."
  }
}

run "azure_alone" {
  state_key = "azure_alone"

  variables {
    clouds = ["azure"]
    hub    = "azure"
    config = "tests/configs/azure.yaml"
  }

  assert {
    condition     = keys(output.functions) == ["azure"] && toset(output.functions["azure"]) == toset(["drift_on_object", "monitoring_on_timer", "security_on_event", "sweep_on_timer", "cost_on_object"])
    error_message = "One cloud runs what the configuration gives it, and nothing is made in another."
  }

  assert {
    condition     = length(output.publishers) == 0 && length(output.secrets) == 1
    error_message = "Nobody publishes from outside; the channel's secret is all that is left to do."
  }
}

run "gcp_alone" {
  state_key = "gcp_alone"

  variables {
    clouds = ["gcp"]
    hub    = "gcp"
    config = "tests/configs/gcp.yaml"
  }

  assert {
    condition     = keys(output.functions) == ["gcp"] && toset(output.functions["gcp"]) == toset(["drift_on_object/acme-training", "monitoring_on_timer", "security_on_event", "sweep_on_timer"])
    error_message = "One cloud runs what the configuration gives it, and nothing is made in another."
  }

  assert {
    condition     = length(output.publishers) == 0 && length(output.secrets) == 1
    error_message = "Nobody publishes from outside; the channel's secret is all that is left to do."
  }
}

run "two" {
  state_key = "two"

  variables {
    clouds = ["aws", "gcp"]
    hub    = "gcp"
    config = "tests/configs/gcp.yaml"
  }

  assert {
    condition     = keys(output.functions) == ["aws", "gcp"] && keys(output.publishers) == ["aws"]
    error_message = "AWS publishes to the hub in Google; Azure has no part."
  }

  assert {
    condition     = keys(output.landing) == ["scoring", "training"]
    error_message = "Data sets of a cloud that is not chosen are not watched."
  }
}

run "three_told_from_aws" {
  state_key = "three_told_from_aws"

  variables {
    clouds = ["aws", "azure", "gcp"]
    hub    = "aws"
    config = "tests/configs/aws.yaml"
  }

  assert {
    condition     = keys(output.functions) == ["aws", "azure", "gcp"] && keys(output.landing) == ["scoring", "serving", "training"]
    error_message = "Each data set is watched in its own cloud."
  }

  assert {
    condition     = keys(output.publishers) == ["azure", "gcp"] && alltrue([for identity in output.publishers : identity != ""])
    error_message = "Both other clouds publish to the hub, each as an identity there."
  }
}

run "three_told_from_azure" {
  state_key = "three_told_from_azure"

  variables {
    clouds = ["aws", "azure", "gcp"]
    hub    = "azure"
    config = "tests/configs/azure.yaml"
  }

  assert {
    condition     = keys(output.functions) == ["aws", "azure", "gcp"] && keys(output.landing) == ["scoring", "serving", "training"]
    error_message = "Each data set is watched in its own cloud."
  }

  assert {
    condition     = keys(output.publishers) == ["aws", "gcp"] && alltrue([for identity in output.publishers : identity != ""])
    error_message = "Both other clouds publish to the hub, each as an identity there."
  }
}

run "three_told_from_gcp" {
  state_key = "three_told_from_gcp"

  variables {
    clouds = ["aws", "azure", "gcp"]
    hub    = "gcp"
    config = "tests/configs/gcp.yaml"
  }

  assert {
    condition     = keys(output.functions) == ["aws", "azure", "gcp"] && keys(output.landing) == ["scoring", "serving", "training"]
    error_message = "Each data set is watched in its own cloud."
  }

  assert {
    condition     = keys(output.publishers) == ["aws", "azure"] && alltrue([for identity in output.publishers : identity != ""])
    error_message = "Both other clouds publish to the hub, each as an identity there."
  }
}

run "a_cloud_taken_out_is_gone" {
  state_key = "three_told_from_gcp"

  variables {
    clouds = ["gcp"]
    hub    = "gcp"
    config = "tests/configs/gcp.yaml"
  }

  assert {
    condition     = length(module.aws) == 0 && length(module.azure) == 0 && keys(output.functions) == ["gcp"]
    error_message = "Nothing of a cloud stays when it is taken out."
  }

  assert {
    condition     = length(output.publishers) == 0
    error_message = "The hub trusts nobody outside any more."
  }
}
