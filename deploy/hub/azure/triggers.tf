# The Topic's queue: Event Grid → Storage queue → notify, five tries, then the poison queue and a person.

resource "azurerm_storage_queue" "reports" {
  for_each = toset(["nephoscope-reports", "nephoscope-reports-poison"])

  name               = each.key
  storage_account_id = module.state.id
}

resource "azurerm_eventgrid_event_subscription" "reports" {
  name                  = "${var.name}-reports"
  scope                 = azurerm_eventgrid_topic.reports.id
  event_delivery_schema = "CloudEventSchemaV1_0"

  storage_queue_endpoint {
    storage_account_id                    = module.state.id
    queue_name                            = azurerm_storage_queue.reports["nephoscope-reports"].name
    queue_message_time_to_live_in_seconds = 604800
  }

  delivery_identity {
    type = "SystemAssigned"
  }

  retry_policy {
    event_time_to_live    = 1440
    max_delivery_attempts = 30
  }

  storage_blob_dead_letter_destination {
    storage_account_id          = module.state.id
    storage_blob_container_name = "deadletters"
  }

  dead_letter_identity {
    type = "SystemAssigned"
  }

  depends_on = [azurerm_role_assignment.delivery]
}

resource "azurerm_monitor_metric_alert" "dead" {
  name                = "${var.name}-reports-dead"
  resource_group_name = local.group.name
  description         = "Event Grid gave up on a Report: set right what its blob says, then nephoscope redrive --from az://${local.state.account}/deadletters"
  scopes              = [azurerm_eventgrid_topic.reports.id]
  severity            = 1
  frequency           = "PT5M"
  window_size         = "PT5M"

  dynamic "criteria" {
    for_each = ["DeadLetteredCount", "DroppedEventCount"]

    content {
      metric_namespace = "Microsoft.EventGrid/topics"
      metric_name      = criteria.value
      aggregation      = "Total"
      operator         = "GreaterThan"
      threshold        = 0
    }
  }

  action {
    action_group_id = var.platform.operators
  }
}
