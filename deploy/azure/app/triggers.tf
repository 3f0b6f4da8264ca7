# What is on in this app, and when: NCRONTAB has the seconds first.

locals {
  host = {
    # Two apps that share an account and a host's id would take turns at their timers.
    AzureFunctionsWebHost__hostid = substr(var.name, 0, 32)

    AzureWebJobsStorage__accountName = var.runtime.account_name
    AzureWebJobsStorage__credential  = "managedidentity"
    AzureWebJobsStorage__clientId    = var.identity.client_id

    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${var.identity.client_id};Authorization=AAD"
  }

  triggers = merge(
    { for job in local.timed : "NEPHOSCOPE_TIMER_${upper(job)}" => "0 ${lookup(var.timers, job, "0 0 1 1 *")}" },
    { for name in local.entry_points : "AzureWebJobs.${name}.Disabled" => "true" if !contains(local.mine, name) },
  )
}
