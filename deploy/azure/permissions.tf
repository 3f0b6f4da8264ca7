# One identity a job, with exactly the actions that its code calls, in roles of our own.

locals {
  blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"

  roles = {
    record  = { actions = [], data_actions = ["${local.blobs}/read", "${local.blobs}/write"] }
    read    = { actions = [], data_actions = ["${local.blobs}/read"] }
    publish = { actions = [], data_actions = ["Microsoft.EventGrid/events/send/action"] }
    metrics = {
      actions = concat(
        ["Microsoft.OperationalInsights/workspaces/query/read"],
        [for table in local.tables : "Microsoft.OperationalInsights/workspaces/query/${table}/read"],
      )
      data_actions = []
    }
    resources = { actions = ["Microsoft.Insights/Metrics/read"], data_actions = [] }
    costs     = { actions = ["Microsoft.CostManagement/query/action"], data_actions = [] }
    advice    = { actions = ["Microsoft.Advisor/recommendations/read"], data_actions = [] }
    secret    = { actions = [], data_actions = ["Microsoft.KeyVault/vaults/secrets/getSecret/action"] }
  }

  # Where models' metrics are: the tables named, the one that `metrics put` writes to, and those that a metric spells.
  tables = distinct(concat(
    try(var.settings.metric_stores.azure.tables, ["AppMetrics"]),
    try(var.settings.metric_stores.azure.ingestion, null) == null ? [] : [trimprefix(try(var.settings.metric_stores.azure.ingestion.stream, "Custom-NephoscopeMetrics_CL"), "Custom-")],
    flatten([for model in values(try(var.settings.models, {})) : [
      for metric in values(try(model.metrics, {})) : try([metric.spelled.azure.namespace], []) if !can(metric.spelled.azure.resource)
    ]]),
  ))

  # Which job asks for the metrics of resources, in which subscriptions: cost for what a model did and how well.
  metered = can(var.settings.metric_stores.azure.region) ? distinct(flatten([for model in values(try(var.settings.models, {})) : [
    for name, metric in try(model.metrics, {}) : [
      for job in concat(["monitoring"], local.asks_bills && contains(["accuracy", try(model.weight, "")], name) ? ["cost"] : []) : {
        job = job, subscription = lower("/${regex("(?i)subscriptions/[^/]+", metric.spelled.azure.resource)}")
      } if contains(local.jobs, job) && can(regex("(?i)^/?subscriptions/[^/]+", metric.spelled.azure.resource))
    ]
  ]])) : []
  # The bill's scope, unless it is a billing account, which knows no roles of ours.
  billed = local.asks_bills && can(regex("(?i)^/?subscriptions/[^/]+", var.settings.bills.azure.scope)) ? replace("/${trim(var.settings.bills.azure.scope, "/")}", "/(?i)^.subscriptions/", "/subscriptions") : null

  # Where a role is given outside of this subscription, it can be assigned there too.
  abroad = {
    read      = values(var.account.existing_accounts)
    record    = values(var.account.existing_accounts)
    metrics   = compact([var.account.workspace_id])
    resources = [for each in local.metered : each.subscription]
    costs     = compact([local.billed])
    advice    = compact([local.billed])
  }

  store_container = "${local.accounts[local.store.account]}/blobServices/default/containers/${local.store.container}"

  # Who may do what under which prefix of which container; listing is told apart, for it names no blob.
  granted = merge(
    { for job in local.jobs : "${job}/records" => {
      job    = job, role = "record", scope = local.store_container
      within = concat(["${local.records}ledger/"], [for folder in lookup({ drift = ["baselines", "parts"], cost = ["cost"], features = ["features"], sweep = ["sweep"] }, job, []) : "${local.records}${folder}/"])
    } },
    { for name, place in local.places : "drift/landed/${name}" => {
      job    = "drift", role = "read"
      scope  = "${local.accounts[place.account]}/blobServices/default/containers/${place.container}"
      within = [place.prefix == "" ? "" : "${place.prefix}/"]
    } },
    { for view, place in local.computed : "features/source/${view}" => {
      job    = "features", role = "read"
      scope  = "${local.accounts[place.account]}/blobServices/default/containers/${place.container}"
      within = [place.prefix]
    } },
    var.account.bills ? { "cost/bills" = {
      job    = "cost", role = "read", scope = "${module.runtime.id}/blobServices/default/containers/bills"
      within = ["focus/"]
    } } : {},
    var.desk == null ? {} : { "sweep/desk" = { job = "sweep", role = "record", scope = var.desk.container, within = var.desk.prefixes } },
  )
}

resource "azurerm_role_definition" "role" {
  for_each = local.roles

  name              = "${var.name} ${each.key}"
  scope             = local.subscription
  assignable_scopes = distinct(concat([local.subscription], [for id in lookup(local.abroad, each.key, []) : lower(regex("^/subscriptions/[^/]+", id))]))

  permissions {
    actions      = each.value.actions
    data_actions = each.value.data_actions
  }
}

locals {
  # Azure tells a role of a given subscription as that subscription's: by another's, each plan would replace the assignment.
  defined = { for name, role in azurerm_role_definition.role : name => "/providers/Microsoft.Authorization/roleDefinitions/${role.role_definition_id}" }
}

resource "azurerm_user_assigned_identity" "job" {
  for_each = local.jobs

  name                = "${var.name}-${each.key}"
  resource_group_name = local.group.name
  location            = local.group.location
}

resource "azurerm_role_assignment" "prefix" {
  for_each = local.granted

  scope              = each.value.scope
  role_definition_id = "${regex("^/subscriptions/[^/]+", each.value.scope)}${local.defined[each.value.role]}"
  principal_id       = azurerm_user_assigned_identity.job[each.value.job].principal_id
  principal_type     = "ServicePrincipal"
  condition_version  = "2.0"
  condition = format(
    "((!(ActionMatches{'%s/read'} AND NOT SubOperationMatches{'Blob.List'}) AND !(ActionMatches{'%s/write'})) OR %s)",
    local.blobs, local.blobs,
    join(" OR ", [for prefix in each.value.within : "@Resource[${local.blobs}:path] StringLike '${prefix}*'"]),
  )
}

resource "azurerm_role_assignment" "publish" {
  for_each = var.publish.topic == null ? toset([]) : local.jobs

  scope              = var.publish.topic.id
  role_definition_id = azurerm_role_definition.role["publish"].role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.job[each.key].principal_id
  principal_type     = "ServicePrincipal"
}

locals {
  # Redis at home or any other store that has a password: only features read it, when their app is there.
  password = contains(local.jobs, "features") ? try(regex("^azure-kv:(?:https://)?[^/]+(?:/secrets)?/([^/]+)$", var.settings.features.stores.azure.password)[0], "") : ""

  # Rights to what is not a blob: by job, the role and where it holds.
  asked = merge(
    contains(local.jobs, "monitoring") && var.account.workspace_id != null ? { metrics = { job = "monitoring", role = "metrics", scope = var.account.workspace_id } } : {},
    { for each in local.metered : "${each.job}/resources${each.subscription}" => { job = each.job, role = "resources", scope = each.subscription } },
    local.asks_bills && var.account.workspace_id != null ? { use = { job = "cost", role = "metrics", scope = var.account.workspace_id } } : {},
    local.billed != null ? { costs = { job = "cost", role = "costs", scope = local.billed } } : {},
    local.billed != null && try(var.settings.bills.azure.recommendations, false) ? { advice = { job = "cost", role = "advice", scope = local.billed } } : {},
    { for name, id in var.desk == null ? {} : var.desk.secrets : "password/${name}" => { job = "features", role = "secret", scope = id } if name == local.password },
    { for name, id in var.desk == null ? {} : var.desk.secrets : "secret/${name}" => { job = "sweep", role = "secret", scope = id } },
  )
}

resource "azurerm_role_assignment" "asked" {
  for_each = local.asked

  scope              = each.value.scope
  role_definition_id = "${regex("^/subscriptions/[^/]+", each.value.scope)}${local.defined[each.value.role]}"
  principal_id       = azurerm_user_assigned_identity.job[each.value.job].principal_id
  principal_type     = "ServicePrincipal"
}

# Event Grid writes what it gave up on.
resource "azurerm_role_assignment" "dead_letters" {
  for_each = local.topics

  scope                = "${module.runtime.id}/blobServices/default/containers/deadletters"
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = each.value.principal
  principal_type       = "ServicePrincipal"
}

# The account has no keys, so that the export writes as itself.
resource "azurerm_role_assignment" "export" {
  count = var.account.bills ? 1 : 0

  scope                = "${module.runtime.id}/blobServices/default/containers/bills"
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = jsondecode(azurerm_subscription_template_deployment.focus[0].output_content).principal.value
  principal_type       = "ServicePrincipal"
}
