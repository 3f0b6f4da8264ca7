# Who may publish, from here and from other clouds, and what the hub's own jobs call.

locals {
  blobs     = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
  container = "${module.state.id}/blobServices/default/containers/${local.state.container}"
}

resource "azurerm_user_assigned_identity" "job" {
  for_each = local.jobs

  name                = "${var.name}-${each.key}"
  resource_group_name = local.group.name
  location            = local.group.location
}

resource "azurerm_role_assignment" "records" {
  for_each = {
    notify = { job = "notify", role = "record", scope = local.container, within = local.folders }
    rollup = { job = "rollup", role = "read", scope = local.container, within = local.folders }
    ledger = { job = "rollup", role = "record", scope = var.platform.ledger.container, within = [var.platform.ledger.prefix] }
  }

  scope              = each.value.scope
  role_definition_id = var.platform.roles[each.value.role]
  principal_id       = azurerm_user_assigned_identity.job[each.value.job].principal_id
  principal_type     = "ServicePrincipal"
  condition_version  = "2.0"
  condition = format(
    "((!(ActionMatches{'%s/read'} AND NOT SubOperationMatches{'Blob.List'}) AND !(ActionMatches{'%s/write'})) OR %s)",
    local.blobs, local.blobs,
    join(" OR ", [for prefix in each.value.within : "@Resource[${local.blobs}:path] StringLike '${prefix}*'"]),
  )
}

resource "azurerm_role_assignment" "secrets" {
  for_each = local.secrets

  scope              = "${one(values(azurerm_key_vault.vault)).id}/secrets/${each.key}"
  role_definition_id = var.platform.roles["secret"]
  principal_id       = azurerm_user_assigned_identity.job["notify"].principal_id
  principal_type     = "ServicePrincipal"
}

# The Functions host takes messages in the app's name, and moves what failed five times to the poison queue.
resource "azurerm_role_assignment" "queue" {
  scope                = module.state.id
  role_definition_name = "Storage Queue Data Contributor"
  principal_id         = azurerm_user_assigned_identity.job["notify"].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "rollup" {
  scope              = azurerm_eventgrid_topic.reports.id
  role_definition_id = var.platform.roles["publish"]
  principal_id       = azurerm_user_assigned_identity.job["rollup"].principal_id
  principal_type     = "ServicePrincipal"
}

# Event Grid hands over in the topic's name.
resource "azurerm_role_assignment" "delivery" {
  for_each = {
    queue        = { role = "Storage Queue Data Message Sender", scope = module.state.id }
    dead_letters = { role = "Storage Blob Data Contributor", scope = "${module.state.id}/blobServices/default/containers/deadletters" }
  }

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = azurerm_eventgrid_topic.reports.identity[0].principal_id
  principal_type       = "ServicePrincipal"
}

# Other clouds: an identity for each, which may publish and nothing else, and trusts each of that cloud's jobs by name.
resource "azurerm_user_assigned_identity" "publisher" {
  for_each = var.foreign

  name                = "${var.name}-publish-from-${each.key}"
  resource_group_name = local.group.name
  location            = local.group.location
}

resource "azurerm_role_assignment" "publisher" {
  for_each = var.foreign

  scope              = azurerm_eventgrid_topic.reports.id
  role_definition_id = var.platform.roles["publish"]
  principal_id       = azurerm_user_assigned_identity.publisher[each.key].principal_id
  principal_type     = "ServicePrincipal"
}

locals {
  trusted = merge([
    for cloud, trust in var.foreign : {
      for job, subject in trust.subjects : "${cloud}-${job}" => { cloud = cloud, issuer = trust.issuer, audience = trust.audience, subject = subject }
    }
  ]...)
}

resource "azurerm_federated_identity_credential" "publisher" {
  for_each = local.trusted

  name                = each.key
  resource_group_name = local.group.name
  parent_id           = azurerm_user_assigned_identity.publisher[each.value.cloud].id
  issuer              = each.value.issuer
  audience            = [each.value.audience]
  subject             = each.value.subject
}
