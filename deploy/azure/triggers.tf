# What sets jobs off: timers (in the apps), blobs and the activity log (Event Grid), each with a dead letter's place.

locals {
  # On a hierarchical account a file is created empty and written later: only these calls end a write.
  writes = ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit"]
}

resource "azurerm_eventgrid_system_topic" "landed" {
  for_each = local.landing

  name                = "${var.name}-${each.key}"
  resource_group_name = local.group.name
  location            = local.group.location
  source_resource_id  = local.accounts[each.key]
  topic_type          = "Microsoft.Storage.StorageAccounts"

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_eventgrid_system_topic_event_subscription" "landed" {
  for_each = merge(
    { for name, place in local.places : name => merge(place, { job = "drift", app = module.app["drift"].id }) },
    { for name, place in local.computed : "features/${name}" => merge(place, { job = "features", app = module.container["features"].id }) },
  )

  # A subscription's name has 3 to 64 letters, digits and '-': what is cleaned and cut stays its own by its hash.
  name                  = "${var.name}-${each.value.job}-${substr(replace(basename(each.key), "/[^a-zA-Z0-9-]/", "-"), 0, 26)}-${substr(md5(each.key), 0, 6)}"
  resource_group_name   = local.group.name
  system_topic          = azurerm_eventgrid_system_topic.landed[each.value.account].name
  event_delivery_schema = "CloudEventSchemaV1_0"
  included_event_types  = ["Microsoft.Storage.BlobCreated"]

  azure_function_endpoint {
    function_id          = "${each.value.app}/functions/${each.value.job}_on_object"
    max_events_per_batch = 1
  }

  subject_filter {
    subject_begins_with = "/blobServices/default/containers/${each.value.container}/blobs/${each.value.prefix}"
  }

  advanced_filter {
    string_in {
      key    = "data.api"
      values = local.writes
    }
  }

  retry_policy {
    event_time_to_live    = 1440
    max_delivery_attempts = 30
  }

  storage_blob_dead_letter_destination {
    storage_account_id          = module.runtime.id
    storage_blob_container_name = "deadletters"
  }

  dead_letter_identity {
    type = "SystemAssigned"
  }

  depends_on = [azurerm_role_assignment.dead_letters, module.app] # an app has its functions once its package is published
}

resource "azurerm_eventgrid_system_topic" "activity" {
  name                = "${var.name}-activity"
  resource_group_name = local.group.name
  location            = "Global"
  source_resource_id  = local.subscription
  topic_type          = "Microsoft.Resources.Subscriptions"

  identity {
    type = "SystemAssigned"
  }
}

locals {
  # What of the activity log is judged: calls that were refused, and those that may open a container to others.
  watched_calls = {
    refused = { types = ["ResourceWriteFailure", "ResourceDeleteFailure", "ResourceActionFailure"], endings = [] }
    opening = {
      types   = ["ResourceWriteSuccess", "ResourceActionSuccess"]
      endings = ["/roleAssignments/write", "/containers/write", "/containers/setAcl/action"]
    }
  }
}

resource "azurerm_eventgrid_system_topic_event_subscription" "security" {
  for_each = local.watched_calls

  name                  = "${var.name}-${each.key}"
  resource_group_name   = local.group.name
  system_topic          = azurerm_eventgrid_system_topic.activity.name
  event_delivery_schema = "CloudEventSchemaV1_0"
  included_event_types  = [for type in each.value.types : "Microsoft.Resources.${type}"]

  dynamic "advanced_filter" {
    for_each = length(each.value.endings) == 0 ? [] : [each.value.endings]

    content {
      string_ends_with {
        key    = "data.operationName"
        values = advanced_filter.value
      }
    }
  }

  azure_function_endpoint {
    function_id          = "${module.app["security"].id}/functions/security_on_event"
    max_events_per_batch = 1
  }

  retry_policy {
    event_time_to_live    = 1440
    max_delivery_attempts = 30
  }

  storage_blob_dead_letter_destination {
    storage_account_id          = module.runtime.id
    storage_blob_container_name = "deadletters"
  }

  dead_letter_identity {
    type = "SystemAssigned"
  }

  depends_on = [azurerm_role_assignment.dead_letters, module.app]
}

# An export begins at a time to come: the day after it was planned first, and the same ever after.
resource "terraform_data" "tomorrow" {
  input = timeadd(plantimestamp(), "24h")

  lifecycle {
    ignore_changes = [input]
  }
}

# The bill in FOCUS, each day a whole month to date: announced by its manifest, which is written last.
resource "azurerm_subscription_template_deployment" "focus" {
  count = var.account.bills ? 1 : 0

  name     = "${var.name}-focus"
  location = var.account.location
  template_content = jsonencode({
    "$schema"      = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
    contentVersion = "1.0.0.0"
    resources = [{
      type       = "Microsoft.CostManagement/exports"
      apiVersion = "2025-03-01"
      name       = "${var.name}-focus"
      location   = var.account.location
      identity   = { type = "SystemAssigned" }
      properties = {
        definition = {
          type      = "FocusCost"
          timeframe = "MonthToDate"
          dataSet   = { granularity = "Daily", configuration = { dataVersion = "1.0r2" } } # without it, the latest
        }
        schedule = {
          status           = "Active"
          recurrence       = "Daily"
          recurrencePeriod = { from = terraform_data.tomorrow.output, to = "2099-12-31T00:00:00Z" }
        }
        format                = "Parquet"
        compressionMode       = "snappy"
        partitionData         = true
        dataOverwriteBehavior = "OverwritePreviousReport"
        deliveryInfo = {
          destination = { resourceId = module.runtime.id, container = "bills", rootFolderPath = "focus" }
        }
      }
    }]
    outputs = {
      principal = {
        type  = "string"
        value = "[reference(subscriptionResourceId('Microsoft.CostManagement/exports', '${var.name}-focus'), '2025-03-01', 'full').identity.principalId]"
      }
    }
  })
}

resource "azurerm_eventgrid_system_topic" "bills" {
  count = var.account.bills ? 1 : 0

  name                = "${var.name}-bills"
  resource_group_name = local.group.name
  location            = local.group.location
  source_resource_id  = module.runtime.id
  topic_type          = "Microsoft.Storage.StorageAccounts"

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_eventgrid_system_topic_event_subscription" "bills" {
  count = var.account.bills ? 1 : 0

  name                  = "${var.name}-cost"
  resource_group_name   = local.group.name
  system_topic          = azurerm_eventgrid_system_topic.bills[0].name
  event_delivery_schema = "CloudEventSchemaV1_0"
  included_event_types  = ["Microsoft.Storage.BlobCreated"]

  azure_function_endpoint {
    function_id          = "${module.app["cost"].id}/functions/cost_on_object"
    max_events_per_batch = 1
  }

  subject_filter {
    subject_begins_with = "/blobServices/default/containers/bills/blobs/focus"
    subject_ends_with   = "/manifest.json"
  }

  retry_policy {
    event_time_to_live    = 1440
    max_delivery_attempts = 30
  }

  storage_blob_dead_letter_destination {
    storage_account_id          = module.runtime.id
    storage_blob_container_name = "deadletters"
  }

  dead_letter_identity {
    type = "SystemAssigned"
  }

  depends_on = [azurerm_role_assignment.dead_letters, module.app]
}

resource "azurerm_monitor_metric_alert" "dead" {
  for_each = local.topics

  name                = "${var.name}-${each.key}-dead"
  resource_group_name = local.group.name
  description         = "Event Grid gave up on an event: read the container deadletters, then put the blob again."
  scopes              = [each.value.id]
  severity            = 2
  frequency           = "PT5M"
  window_size         = "PT5M"

  dynamic "criteria" {
    for_each = ["DeadLetteredCount", "DroppedEventCount"]

    content {
      metric_namespace = "Microsoft.EventGrid/systemTopics"
      metric_name      = criteria.value
      aggregation      = "Total"
      operator         = "GreaterThan"
      threshold        = 0
    }
  }

  action {
    action_group_id = azurerm_monitor_action_group.operators.id
  }
}

locals {
  # Every system topic, by a name that is known before any of them is made.
  topics = merge(
    { for account in local.landing : account => { id = azurerm_eventgrid_system_topic.landed[account].id, principal = azurerm_eventgrid_system_topic.landed[account].identity[0].principal_id } },
    { activity = { id = azurerm_eventgrid_system_topic.activity.id, principal = azurerm_eventgrid_system_topic.activity.identity[0].principal_id } },
    var.account.bills ? { bills = { id = azurerm_eventgrid_system_topic.bills[0].id, principal = azurerm_eventgrid_system_topic.bills[0].identity[0].principal_id } } : {},
  )
}

# A job that fails is raised to its trigger; a timer's has nobody behind it but this.
resource "azurerm_monitor_scheduled_query_rules_alert_v2" "failed" {
  name                 = "${var.name}-failed"
  resource_group_name  = local.group.name
  location             = local.group.location
  description          = "A job failed three times within a quarter of an hour: read its log line, whose outcome is 'failed'. What notify failed at five times waits for nephoscope redrive (terraform output dead_letters)."
  scopes               = [azurerm_log_analytics_workspace.logs.id]
  severity             = 2
  evaluation_frequency = "PT15M"
  window_duration      = "PT15M"

  criteria {
    query                   = "AppTraces | where Message has '\"outcome\": \"failed\"' or Message has 'MaxDequeueCount'"
    time_aggregation_method = "Count"
    operator                = "GreaterThan"
    threshold               = 2
  }

  action {
    action_groups = [azurerm_monitor_action_group.operators.id]
  }
}
