mock_provider "azurerm" {
  source = "../tests/mocks/azure"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/azure"
  account = {
    subscription_id   = "22222222-2222-4222-8222-222222222222"
    location          = "westeurope"
    operators         = ["ops@example.org"]
    bills             = false
    az                = false
    features_image    = "acmeml.azurecr.io/features@sha256:0f"
    features_registry = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/ml/providers/Microsoft.ContainerRegistry/registries/acmeml"
  }
  publish = { topic = { id = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/nephoscope/providers/Microsoft.EventGrid/topics/nephoscope" } }
  desk = {
    container = "/subscriptions/s/hub"
    prefixes  = ["streams/"]
    secrets   = { redis = "/subscriptions/s/vaults/hub/secrets/redis", slack = "/subscriptions/s/vaults/hub/secrets/slack" }
  }
  settings = {
    stores = { azure = "az://acmenephoscope/records" }
    features = {
      project = "shopping"
      stores = {
        aws   = { type = "dynamodb", region = "eu-central-1" }
        azure = { type = "redis", connection_string = "cache.example.org:6380,ssl=true", password = "azure-kv:hub/redis" }
      }
      sources = {
        aws   = { user_features = "s3://acme-features/users.parquet" }
        azure = { user_features = "az://acmelanding/features/users.parquet", clicks = "az://acmelanding/features/clicks" }
      }
    }
    timers = { features = "*/15 * * * *" }
  }
}

run "features_are_an_app_of_an_image" {
  assert {
    condition = { for job, app in merge(module.app, module.container) : job => toset(app.functions) } == {
      features = toset(["features_on_timer", "features_on_object"])
      security = toset(["security_on_event"])
      sweep    = toset(["sweep_on_timer"])
    }
    error_message = "Features are one app, in which their own entry points are on."
  }

  assert {
    condition     = toset(keys(module.container)) == toset(["features"])
    error_message = "No other job is an image."
  }
}

run "features_read_their_sources_and_their_password" {
  assert {
    condition     = toset(keys(azurerm_eventgrid_system_topic_event_subscription.landed)) == toset(["features/user_features", "features/clicks"])
    error_message = "Only what views are computed to in Azure sets the job off."
  }

  assert {
    condition     = endswith(azurerm_eventgrid_system_topic_event_subscription.landed["features/user_features"].azure_function_endpoint[0].function_id, "/functions/features_on_object")
    error_message = "A view's file is told to the features app."
  }

  assert {
    condition     = strcontains(azurerm_role_assignment.prefix["features/source/user_features"].condition, "StringLike 'users.parquet*'")
    error_message = "A source is read where it lies."
  }

  assert {
    condition     = strcontains(azurerm_role_assignment.prefix["features/records"].condition, "StringLike 'features/*'")
    error_message = "Features keep their progress beside their ledger."
  }

  assert {
    condition     = toset([for key, grant in azurerm_role_assignment.asked : key if startswith(key, "password/")]) == toset(["password/redis"])
    error_message = "Features read the password of their store and no other secret."
  }
}

run "without_an_image_there_are_no_features" {
  variables {
    account = { subscription_id = "22222222-2222-4222-8222-222222222222", az = false, location = "westeurope", operators = ["ops@example.org"], bills = false }
  }

  assert {
    condition     = length(module.container) == 0 && length(azurerm_eventgrid_system_topic_event_subscription.landed) == 0
    error_message = "What is not configured is not deployed."
  }
}

run "an_image_without_its_registry" {
  command = plan

  variables {
    account = { subscription_id = "22222222-2222-4222-8222-222222222222", az = false, location = "westeurope", operators = ["ops@example.org"], features_image = "acmeml.azurecr.io/features@sha256:0f" }
  }

  expect_failures = [var.account]
}
