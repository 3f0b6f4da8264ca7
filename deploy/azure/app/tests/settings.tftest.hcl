mock_provider "azurerm" {
  source = "../../tests/mocks/azure"
}

variables {
  name     = "nephoscope-cost-0f0f0f"
  job      = "cost"
  group    = { name = "nephoscope", location = "westeurope" }
  identity = { id = "/subscriptions/s/identity", client_id = "client", principal_id = "principal" }
  zip      = "../../../build/azure/cost.zip"
  az       = false
  runtime = {
    account_id    = "/subscriptions/s/account"
    account_name  = "nephoscoperun"
    blob_endpoint = "https://nephoscoperun.blob.core.windows.net/"
    insights_id   = "/subscriptions/s/insights"
  }
  insights  = "InstrumentationKey=k"
  timers    = { cost = "0 6 * * 1-5", sweep = "* * * * *" }
  memory_mb = 2048

  subscription_id = "22222222-2222-4222-8222-222222222222"
}

run "timers_have_six_fields" {
  assert {
    condition     = azurerm_function_app_flex_consumption.app.app_settings["NEPHOSCOPE_TIMER_COST"] == "0 0 6 * * 1-5"
    error_message = "NCRONTAB has the seconds first."
  }
}

run "a_sunday_that_is_seven_is_zero" {
  variables {
    timers = { cost = "7 7 7 7 7", sweep = "0 6 * * 1,5-7", drift = "0 6 * * 1-7/2" }
  }

  assert {
    condition = {
      for job in ["COST", "SWEEP", "DRIFT"] : job => azurerm_function_app_flex_consumption.app.app_settings["NEPHOSCOPE_TIMER_${job}"]
    } == { COST = "0 7 7 7 7 0", SWEEP = "0 0 6 * * 1,5,6,0", DRIFT = "0 0 6 * * 1,3,5,0" }
    error_message = "NCRONTAB has days of the week from 0 to 6."
  }
}

run "entry_points_of_other_jobs_are_off" {
  assert {
    condition = (
      lookup(azurerm_function_app_flex_consumption.app.app_settings, "AzureWebJobs.sweep_on_timer.Disabled", "") == "true"
      && !contains(keys(azurerm_function_app_flex_consumption.app.app_settings), "AzureWebJobs.cost_on_timer.Disabled")
    )
    error_message = "One app runs one job."
  }
}

run "no_setting_holds_a_key" {
  assert {
    condition = alltrue([
      for name, value in azurerm_function_app_flex_consumption.app.app_settings : !strcontains(lower(value), "accountkey") && !strcontains(lower(value), "sharedaccess")
    ])
    error_message = "Connections are by identity."
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.app.storage_authentication_type == "UserAssignedIdentity"
    error_message = "The package is read by identity."
  }

  assert {
    condition     = azurerm_function_app_flex_consumption.app.app_settings["AzureWebJobsStorage"] == ""
    error_message = "The provider's own connection string, whose key is empty, is not left there."
  }
}

run "an_instance_that_flex_consumption_has_not" {
  command = plan

  variables {
    memory_mb = 1024
  }

  expect_failures = [var.memory_mb]
}
