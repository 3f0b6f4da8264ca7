mock_provider "aws" {
  source = "./tests/mocks/aws"
}

mock_provider "azurerm" {
  source = "./tests/mocks/azure"
}

mock_provider "google" {
  source = "./tests/mocks/gcp"
}

override_resource {
  target = module.hub_aws[0].aws_sns_topic.reports
  values = { arn = "arn:aws:sns:eu-central-1:123456789012:nephoscope" }
}

variables {
  clouds = ["aws"]
  hub    = "aws"
  config = "tests/configs/whole_aws.yaml"
  aws    = { region = "eu-central-1", operators = ["ops@example.org"] }
}

# What tests/deploy makes on a stand-in of AWS and drives, and whose rights it holds against the calls.
run "everything" {
  assert {
    condition = toset(output.functions["aws"]) == toset([
      "monitoring_on_timer", "cost_on_timer", "cost_on_object", "drift_on_timer", "drift_on_object", "security_on_event", "sweep_on_timer",
    ])
    error_message = "AWS alone does everything but features."
  }

  assert {
    condition     = length(output.dead_letters) == 1 && startswith(output.dead_letters[0], "sqs:")
    error_message = "Whoever redrives the hub's dead letters is told from where."
  }
}
