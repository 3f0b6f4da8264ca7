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
  clouds = ["gcp"]
  hub    = "gcp"
  config = "tests/configs/whole_gcp.yaml"
  gcp = {
    project   = "acme-ml"
    region    = "europe-west3"
    operators = ["ops@example.org"]
    gcloud    = false
  }
}

# What tests/deploy drives on a stand-in of Google's storage and topic, and whose rights it holds against the calls.
run "everything" {
  assert {
    condition = toset(output.functions["gcp"]) == toset([
      "monitoring_on_timer", "cost_on_timer", "drift_on_timer", "drift_on_object/acme-training", "security_on_event", "sweep_on_timer",
    ])
    error_message = "Google alone does everything but features."
  }

  assert {
    condition     = length(output.dead_letters) == 1 && startswith(output.dead_letters[0], "pubsub:")
    error_message = "Whoever redrives the hub's dead letters is told from where."
  }
}
