output "mine" {
  description = "The entry points that are on."
  value       = local.mine
}

output "settings" {
  description = "The application settings that say so."
  value = merge(
    { for job in local.timed : "NEPHOSCOPE_TIMER_${upper(job)}" => "0 ${lookup(local.crons, job, "0 0 1 1 *")}" },
    { for name in local.all : "AzureWebJobs.${name}.Disabled" => "true" if !contains(local.mine, name) },
  )
}
