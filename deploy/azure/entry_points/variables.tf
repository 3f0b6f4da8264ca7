variable "job" {
  description = "The job: what of function_app.py is on."
  type        = string
}

variable "timers" {
  description = "The configuration's timers: cron expressions of five fields, by job."
  type        = map(string)
}
