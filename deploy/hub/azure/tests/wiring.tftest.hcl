mock_provider "azurerm" {
  source = "../../tests/mocks/azure"
}

variables {
  name      = "nephoscope"
  artefacts = "../../../build/azure"
  account   = { subscription_id = "22222222-2222-4222-8222-222222222222", location = "westeurope", az = false }
  platform = {
    group = { name = "nephoscope", location = "westeurope" }
    runtime = {
      account_id    = "/subscriptions/s/account"
      account_name  = "nephoscoperun"
      blob_endpoint = "https://nephoscoperun.blob.core.windows.net/"
      insights_id   = "/subscriptions/s/insights"
    }
    operators = "/subscriptions/s/operators"
    ledger    = { container = "/subscriptions/s/records", prefix = "ledger/" }
    roles     = { record = "/roles/record", read = "/roles/read", publish = "/roles/publish", secret = "/roles/secret" }
    tenant_id = "11111111-1111-4111-8111-111111111111"
  }
  insights = "InstrumentationKey=k"
  settings = {
    topic    = "eventgrid:https://nephoscope.westeurope-1.eventgrid.azure.net/api/events"
    state    = "az://acmehub/state/records"
    stores   = { azure = "az://acmenephoscope/records" }
    channels = { oncall = { type = "teams", url = "azure-kv:https://acme-kv.vault.azure.net/secrets/teams" } }
    route    = { channels = ["oncall"] }
  }
}

run "the_topic_is_the_one_that_the_configuration_names" {
  assert {
    condition     = azurerm_eventgrid_topic.reports.name == "nephoscope" && !azurerm_eventgrid_topic.reports.local_auth_enabled
    error_message = "The topic is the configuration's, and has no keys."
  }

  assert {
    condition     = keys(azurerm_key_vault.vault) == ["acme-kv"] && keys(azurerm_role_assignment.secrets) == ["teams"]
    error_message = "The vault is the configuration's, and each secret of it is granted by itself."
  }
}

run "reports_reach_notify_or_a_person" {
  assert {
    condition     = azurerm_eventgrid_event_subscription.reports.storage_queue_endpoint[0].queue_name == "nephoscope-reports"
    error_message = "Reports come by the queue that the function reads."
  }

  assert {
    condition     = length(azurerm_eventgrid_event_subscription.reports.storage_blob_dead_letter_destination) == 1
    error_message = "What Event Grid cannot hand over is kept."
  }

  assert {
    condition     = contains(keys(azurerm_storage_queue.reports), "nephoscope-reports-poison")
    error_message = "A Report that fails five times goes to the poison queue."
  }

  assert {
    condition     = output.dead_letters == ["az-queue://acmehub/nephoscope-reports-poison", "az://acmehub/deadletters"] && endswith(azurerm_monitor_metric_alert.dead.description, "nephoscope redrive --from ${output.dead_letters[1]}")
    error_message = "The operators are told how the dead get new tries."
  }

  assert {
    condition     = toset(flatten([for app in module.app : app.functions])) == toset(["notify_on_message", "rollup_on_timer"])
    error_message = "The hub's two functions are on."
  }
}

# The HTTP entry point is off; whoever switches it on finds it shut to all but the Topic.
run "the_door_by_http_knows_the_topic_alone" {
  assert {
    condition     = local.doors.NEPHOSCOPE_GRID_TOPICS == azurerm_eventgrid_topic.reports.id && local.doors.NEPHOSCOPE_GRID_ORIGINS == "eventgrid.azure.net" && local.doors.NEPHOSCOPE_GRID_TENANT == "11111111-1111-4111-8111-111111111111"
    error_message = "A handshake is answered to the Topic of the configuration and to no other."
  }

  assert {
    condition     = output.doors == local.doors && alltrue([for name, value in local.doors : module.app["notify"].settings[name] == value])
    error_message = "The notify app has them in its settings."
  }

  assert {
    condition     = module.app["notify"].settings["AzureWebJobs.notify_on_post.Disabled"] == "true" && !contains(keys(module.app["rollup"].settings), "NEPHOSCOPE_GRID_TOPICS")
    error_message = "Reports come by the queue: no app serves the HTTP entry point, and no other app knows whom to let in."
  }
}

run "foreign_clouds_publish_by_a_pinned_audience_and_subject" {
  variables {
    foreign = {
      aws = {
        issuer   = "https://0a1b2c3d.tokens.sts.global.api.aws"
        audience = "api://AzureADTokenExchange"
        subjects = { drift = "arn:aws:iam::123456789012:role/nephoscope-drift" }
      }
      gcp = {
        issuer   = "https://accounts.google.com"
        audience = "api://AzureADTokenExchange"
        subjects = { drift = "104020304050607080901", cost = "104020304050607080902" }
      }
    }
  }

  assert {
    condition = { for name, trust in azurerm_federated_identity_credential.publisher : name => trust.subject } == {
      "aws-drift" = "arn:aws:iam::123456789012:role/nephoscope-drift"
      "gcp-cost"  = "104020304050607080902"
      "gcp-drift" = "104020304050607080901"
    }
    error_message = "Each job of another cloud is trusted by its own name."
  }

  assert {
    condition     = alltrue([for trust in azurerm_federated_identity_credential.publisher : trust.audience == tolist(["api://AzureADTokenExchange"])])
    error_message = "A token made for somebody else is refused."
  }

  assert {
    condition     = toset(keys(azurerm_role_assignment.publisher)) == toset(["aws", "gcp"])
    error_message = "A publisher may publish."
  }
}

run "a_topic_elsewhere" {
  command = plan

  variables {
    settings = {
      topic    = "eventgrid:https://another.westeurope-1.eventgrid.azure.net/api/events"
      state    = "az://acmehub/state/records"
      channels = { oncall = { type = "console" } }
      route    = { channels = ["oncall"] }
    }
  }

  expect_failures = [azurerm_eventgrid_topic.reports]
}

run "nobody_to_tell" {
  command = plan

  variables {
    settings = {
      topic    = "eventgrid:https://nephoscope.westeurope-1.eventgrid.azure.net/api/events"
      state    = "az://acmehub/state/records"
      channels = {}
      route    = { channels = [] }
    }
  }

  expect_failures = [var.settings]
}

run "aws_without_an_issuer" {
  command = plan

  variables {
    foreign = { aws = { issuer = "", audience = "api://AzureADTokenExchange", subjects = { drift = "arn:aws:iam::123456789012:role/nephoscope-drift" } } }
  }

  expect_failures = [var.foreign]
}
