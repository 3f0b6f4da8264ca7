# Which entry points of function_app.py are on in a job's app, and when: NCRONTAB has the seconds first. Nothing is made here.

locals {
  all = [
    "monitoring_on_timer", "cost_on_timer", "cost_on_object", "drift_on_timer", "drift_on_object", "features_on_timer",
    "features_on_object", "security_on_event", "sweep_on_timer", "notify_on_message", "rollup_on_timer",
  ]
  timed = ["monitoring", "cost", "drift", "features", "sweep", "rollup"]
  mine = [
    for name in local.all : name
    if startswith(name, "${var.job}_") && (!endswith(name, "_on_timer") || contains(keys(var.timers), var.job))
  ]
}
