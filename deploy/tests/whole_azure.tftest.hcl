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
  clouds = ["azure"]
  hub    = "azure"
  config = "tests/configs/whole_azure.yaml"
  azure  = { subscription_id = "22222222-2222-4222-8222-222222222222", az = false, location = "westeurope", workspace_id = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/ml/providers/Microsoft.OperationalInsights/workspaces/ml", operators = ["ops@example.org"] }
}

# What tests/deploy drives on a stand-in of Azure's storage and topic, and whose rights it holds against the calls.
run "everything" {
  assert {
    condition = toset(output.functions["azure"]) == toset([
      "monitoring_on_timer", "cost_on_timer", "cost_on_object", "drift_on_timer", "drift_on_object", "security_on_event", "sweep_on_timer",
    ])
    error_message = "Azure alone does everything but features."
  }

  assert {
    condition     = [for place in output.dead_letters : split("://", place)[0]] == ["az-queue", "az"]
    error_message = "Whoever redrives the hub's dead letters is told from where."
  }
}
