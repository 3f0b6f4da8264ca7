mock_provider "azurerm" {
  source = "../../tests/mocks/azure"
}

variables {
  name        = "nephoscope-features-0f0f0f"
  job         = "features"
  group       = { name = "nephoscope", location = "westeurope" }
  identity    = { id = "/subscriptions/s/identity", client_id = "client", principal_id = "principal" }
  image       = "acmeml.azurecr.io/ml/features@sha256:0f"
  registry_id = "/subscriptions/s/registry"
  runtime = {
    account_id    = "/subscriptions/s/account"
    account_name  = "nephoscoperun"
    blob_endpoint = "https://nephoscoperun.blob.core.windows.net/"
    insights_id   = "/subscriptions/s/insights"
  }
  insights = "InstrumentationKey=k"
  timers   = { features = "*/15 * * * *", sweep = "* * * * *" }
}

run "an_image_is_named_by_its_digest" {
  assert {
    condition = (
      azurerm_linux_function_app.app.site_config[0].application_stack[0].docker[0].registry_url == "https://acmeml.azurecr.io"
      && azurerm_linux_function_app.app.site_config[0].application_stack[0].docker[0].image_name == "ml/features@sha256"
      && azurerm_linux_function_app.app.site_config[0].application_stack[0].docker[0].image_tag == "0f"
    )
    error_message = "What runs is the image that was pushed, and no other of its name."
  }

  assert {
    condition     = azurerm_linux_function_app.app.site_config[0].container_registry_use_managed_identity && azurerm_role_assignment.host["image"].role_definition_name == "AcrPull"
    error_message = "The app pulls its image as itself."
  }
}

run "its_own_entry_points_are_on" {
  assert {
    condition = (
      azurerm_linux_function_app.app.app_settings["NEPHOSCOPE_TIMER_FEATURES"] == "0 */15 * * * *"
      && lookup(azurerm_linux_function_app.app.app_settings, "AzureWebJobs.sweep_on_timer.Disabled", "") == "true"
      && lookup(azurerm_linux_function_app.app.app_settings, "AzureWebJobs.notify_on_post.Disabled", "") == "true"
      && !contains(keys(azurerm_linux_function_app.app.app_settings), "AzureWebJobs.features_on_timer.Disabled")
    )
    error_message = "One app runs one job."
  }
}

run "no_setting_holds_a_key" {
  assert {
    condition = alltrue([
      for name, value in azurerm_linux_function_app.app.app_settings : !strcontains(lower(value), "accountkey") && !strcontains(lower(value), "sharedaccess")
    ]) && azurerm_linux_function_app.app.storage_uses_managed_identity
    error_message = "Connections are by identity."
  }
}

run "an_image_by_a_tag" {
  command = plan

  variables {
    image = "acmeml.azurecr.io/ml/features:latest"
  }

  expect_failures = [var.image]
}
