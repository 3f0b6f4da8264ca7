output "landing" {
  description = "Where each data set's files are put."
  value       = merge(flatten([module.aws[*].landing, module.azure[*].landing, module.gcp[*].landing])...)
}

output "secrets" {
  description = "What is left to do by hand: the values of these secrets, in the hub's cloud."
  value       = flatten([module.hub_aws[*].secrets, module.hub_azure[*].secrets, module.hub_gcp[*].secrets])
}

output "doors" {
  description = "What a container of yours that runs the hub's notify is told, so that it lets the Topic in by HTTP; functions need none of it."
  value       = merge(flatten([module.hub_aws[*].doors, module.hub_azure[*].doors, module.hub_gcp[*].doors])...)
}

output "dead_letters" {
  description = "Where what the hub could not take in waits: nephoscope redrive --from PLACE, for each of these."
  value       = flatten([module.hub_aws[*].dead_letters, module.hub_azure[*].dead_letters, [for place in module.gcp[*].dead_letters : place if var.hub == "gcp"]])
}

output "eventarc_dead_letters" {
  description = "For Google, where no apply may call gcloud: terraform output -raw eventarc_dead_letters | sh, after one that made or replaced what takes objects in."
  value       = join("", compact(module.gcp[*].eventarc_dead_letters))
}

output "azure_packages" {
  description = "For Azure, where no apply may call az: terraform output -raw azure_packages | sh, after staging."
  value       = join("", compact(concat(module.azure[*].packages, module.hub_azure[*].packages)))
}

output "publishers" {
  description = "As whom each cloud publishes where the Topic is elsewhere."
  value       = { for cloud in setsubtract(var.clouds, [var.hub]) : cloud => local.published_as[cloud] }
}

output "functions" {
  description = "What runs in each cloud."
  value = merge(
    { for half in module.aws : "aws" => keys(half.functions) },
    { for half in module.azure : "azure" => flatten([for app in half.functions : app.functions]) },
    { for half in module.gcp : "gcp" => keys(half.functions) },
  )
}

output "features_repository" {
  description = "Where each cloud's features image is pushed; on Azure, wherever you say."
  value = merge(
    { for repository in module.aws[*].features_repository : "aws" => repository },
    { for repository in module.gcp[*].features_repository : "gcp" => repository },
  )
}
