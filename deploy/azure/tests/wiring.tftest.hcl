mock_provider "azurerm" {
  source = "../tests/mocks/azure"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/azure"
  account = {
    subscription_id = "22222222-2222-4222-8222-222222222222"
    location        = "westeurope"
    workspace_id    = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/ml/providers/Microsoft.OperationalInsights/workspaces/ml"
    operators       = ["ops@example.org"]
    az              = false
  }
  publish = { topic = { id = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/nephoscope/providers/Microsoft.EventGrid/topics/nephoscope" } }
  settings = {
    stores        = { azure = "az://acmenephoscope/records" }
    metric_stores = { azure = { workspace = "6a7b0c5e-0000-4000-8000-3d1f6c2a9e11" } }
    bills         = { azure = { scope = "/subscriptions/22222222-2222-4222-8222-222222222222" } }
    datasets = {
      scoring  = { objects = "az://acmelanding/scoring/transactions" }
      training = { objects = "gs://acme-training/transactions" }
    }
    timers = { sweep = "* * * * *", monitoring = "*/5 * * * *", cost = "0 6 * * 1-5" }
  }
}

run "a_job_is_an_app_with_its_own_entry_points_on" {
  assert {
    condition = { for job, app in module.app : job => toset(app.functions) } == {
      monitoring = toset(["monitoring_on_timer"])
      cost       = toset(["cost_on_timer", "cost_on_object"])
      drift      = toset(["drift_on_object"])
      security   = toset(["security_on_event"])
      sweep      = toset(["sweep_on_timer"])
    }
    error_message = "Each job is one app, in which its own entry points are on."
  }

  assert {
    condition     = length(toset([for identity in azurerm_user_assigned_identity.job : identity.name])) == 5
    error_message = "Each job has its own identity."
  }
}

run "names_fit_whatever_a_data_set_is_called" {
  command = plan

  variables {
    settings = {
      stores = { azure = "az://acmenephoscope/records" }
      datasets = {
        "flights.v1_of_europe_and_of_all_that_lies_beyond_it" = { objects = "az://acmelanding/flights/one" }
        "flights.v1_of_europe_and_of_all_that_lies_before_it" = { objects = "az://acmelanding/flights/two" }
      }
    }
  }

  assert {
    condition     = alltrue([for one in azurerm_eventgrid_system_topic_event_subscription.landed : can(regex("^[-a-zA-Z0-9]{3,64}$", one.name))])
    error_message = "A subscription's name is one that Event Grid takes."
  }

  assert {
    condition     = length(toset([for one in azurerm_eventgrid_system_topic_event_subscription.landed : one.name])) == 2
    error_message = "Two data sets have two names."
  }
}

run "packages_are_published_by_az" {
  command = plan

  variables {
    account = merge(var.account, { az = true })
  }

  assert {
    condition     = length(regexall("az functionapp deployment source config-zip --subscription 22222222-2222-4222-8222-222222222222 ", output.packages)) == length(module.app)
    error_message = "Each app's package has its command."
  }
}

run "what_lands_is_a_finished_write_and_has_a_dead_letters_place" {
  assert {
    condition     = toset(keys(azurerm_eventgrid_system_topic_event_subscription.landed)) == toset(["scoring"])
    error_message = "Only data sets that lie in Azure are watched."
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.landed["scoring"].subject_filter[0].subject_begins_with == "/blobServices/default/containers/scoring/blobs/transactions"
    error_message = "Only what lands where the data set says sets the job off."
  }

  assert {
    condition     = toset(azurerm_eventgrid_system_topic_event_subscription.landed["scoring"].advanced_filter[0].string_in[0].values) == toset(["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit"])
    error_message = "A file that is only created is not written yet."
  }

  assert {
    condition = alltrue([
      for subscription in concat(
        values(azurerm_eventgrid_system_topic_event_subscription.landed),
        values(azurerm_eventgrid_system_topic_event_subscription.security),
        azurerm_eventgrid_system_topic_event_subscription.bills,
      ) : length(subscription.storage_blob_dead_letter_destination) == 1 && subscription.retry_policy[0].max_delivery_attempts == 30
    ])
    error_message = "Every event is tried thirty times and then kept."
  }

  assert {
    condition = contains(
      azurerm_eventgrid_system_topic_event_subscription.security["opening"].advanced_filter[0].string_ends_with[0].values,
      "/roleAssignments/write",
    ) && length(azurerm_eventgrid_system_topic_event_subscription.security["refused"].advanced_filter) == 0
    error_message = "A container that is opened to others by somebody with the right to is told of, and each refused call."
  }

  assert {
    condition     = toset(keys(azurerm_monitor_metric_alert.dead)) == toset(["acmelanding", "activity", "bills"])
    error_message = "A dead event of any topic tells the operators."
  }
}

run "rights_are_by_prefix" {
  assert {
    condition     = strcontains(azurerm_role_assignment.prefix["drift/landed/scoring"].condition, "StringLike 'transactions/*'")
    error_message = "The drift job reads what lands, where it lands."
  }

  assert {
    condition     = alltrue([for grant in azurerm_role_assignment.prefix : strcontains(grant.condition, "blobs:path] StringLike")])
    error_message = "No job has a whole container."
  }

  assert {
    condition     = toset(keys(azurerm_role_assignment.publish)) == toset(["monitoring", "cost", "drift", "security", "sweep"])
    error_message = "Every job may publish to the Topic."
  }
}

run "the_bill_comes_in_a_pinned_version_of_focus" {
  assert {
    condition     = jsondecode(azurerm_subscription_template_deployment.focus[0].template_content).resources[0].properties.definition.dataSet.configuration.dataVersion == "1.0r2"
    error_message = "An export without a version follows the latest."
  }
}

run "a_hub_elsewhere_is_published_to_with_an_own_token" {
  variables {
    publish = { identity = "arn:aws:iam::123456789012:role/nephoscope-publish-from-azure", audience = "api://AzureADTokenExchange" }
  }

  assert {
    condition     = local.foreign == tomap({ NEPHOSCOPE_PUBLISH_AS = "arn:aws:iam::123456789012:role/nephoscope-publish-from-azure", NEPHOSCOPE_TOKEN_AUDIENCE = "api://AzureADTokenExchange" })
    error_message = "Each app knows as whom it publishes."
  }

  assert {
    condition     = length(azurerm_role_assignment.publish) == 0
    error_message = "There is no topic here to publish to."
  }
}

# A right that is missing here would make models unknown there.
run "metrics_are_read_where_they_are_kept_and_advice_where_it_is_asked_for" {
  command = plan

  variables {
    settings = {
      stores = { azure = "az://acmenephoscope/records" }
      metric_stores = { azure = {
        workspace = "6a7b0c5e-0000-4000-8000-3d1f6c2a9e11"
        ingestion = { endpoint = "https://dce", rule = "dcr-1" }
      } }
      models = {
        fraud = { metrics = { accuracy = { spelled = { azure = { namespace = "Scores_CL" } } }, latency_ms = null } }
        churn = null
      }
      bills  = { azure = { scope = "/subscriptions/22222222-2222-4222-8222-222222222222", recommendations = true } }
      timers = { monitoring = "*/5 * * * *", cost = "0 6 * * *" }
    }
  }

  assert {
    condition = toset(azurerm_role_definition.role["metrics"].permissions[0].actions) == toset(concat(
      ["Microsoft.OperationalInsights/workspaces/query/read"],
      [for table in ["AppMetrics", "NephoscopeMetrics_CL", "Scores_CL"] : "Microsoft.OperationalInsights/workspaces/query/${table}/read"],
    ))
    error_message = "The usual table, the one that is written to and a metric's own are read."
  }

  assert {
    condition     = contains(keys(azurerm_role_assignment.asked), "advice")
    error_message = "Who asks for Advisor's recommendations may read them."
  }
}

run "what_is_another_subscription_s_may_be_read_there" {
  command = plan

  variables {
    settings = {
      stores        = { azure = "az://acmenephoscope/records" }
      metric_stores = { azure = { region = "westeurope" } }
      models = { fraud = { metrics = { latency_ms = { spelled = { azure = {
        resource  = "/Subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/ml/providers/Microsoft.MachineLearningServices/workspaces/ml/onlineEndpoints/fraud"
        namespace = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
      } } } } } }
      bills  = { azure = { scope = "subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/ml" } }
      timers = { monitoring = "*/5 * * * *", cost = "0 6 * * *" }
    }
  }

  assert {
    condition     = [for key in keys(azurerm_role_assignment.asked) : key if strcontains(key, "resources")] == ["monitoring/resources/subscriptions/33333333-3333-4333-8333-333333333333"]
    error_message = "A resource's metrics are read in its own subscription, by the job that asks for them."
  }

  assert {
    condition     = azurerm_role_assignment.asked["costs"].scope == "/subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/ml"
    error_message = "The bill is asked for where the configuration says."
  }

  assert {
    condition = { for name, role in azurerm_role_definition.role : name => role.assignable_scopes[1] if length(role.assignable_scopes) > 1 } == {
      resources = "/subscriptions/33333333-3333-4333-8333-333333333333"
      costs     = "/subscriptions/44444444-4444-4444-8444-444444444444"
      advice    = "/subscriptions/44444444-4444-4444-8444-444444444444"
    }
    error_message = "A role can be given where it is needed, and nowhere else."
  }
}

run "a_billing_account_gives_its_own_rights" {
  command = plan

  variables {
    settings = {
      stores = { azure = "az://acmenephoscope/records" }
      bills  = { azure = { scope = "/providers/Microsoft.Billing/billingAccounts/1234" } }
      timers = { cost = "0 6 * * *" }
    }
  }

  assert {
    condition     = !contains(keys(azurerm_role_assignment.asked), "costs")
    error_message = "A billing account knows no roles of ours."
  }
}
