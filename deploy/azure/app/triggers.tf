# What the host takes its triggers' state from.

locals {
  host = {
    # Two apps that share an account and a host's id would take turns at their timers.
    AzureFunctionsWebHost__hostid = substr(var.name, 0, 32)

    # The provider writes a connection string with an empty key here, which the host would take before the identity
    # (hashicorp/terraform-provider-azurerm#29149 and #29693): an empty value of ours stands in its place.
    AzureWebJobsStorage              = ""
    AzureWebJobsStorage__accountName = var.runtime.account_name
    AzureWebJobsStorage__credential  = "managedidentity"
    AzureWebJobsStorage__clientId    = var.identity.client_id

    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${var.identity.client_id};Authorization=AAD"
  }
}
