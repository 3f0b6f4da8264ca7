# Which entry points of function_app.py are on in a job's app, and when: NCRONTAB has the seconds first. Nothing is made here.

locals {
  all = [
    "monitoring_on_timer", "cost_on_timer", "cost_on_object", "drift_on_timer", "drift_on_object", "features_on_timer",
    "features_on_object", "security_on_event", "sweep_on_timer", "notify_on_message", "notify_on_post",
    "rollup_on_timer",
  ]
  timed = ["monitoring", "cost", "drift", "features", "sweep", "rollup"]
  # A hub that is made here has a queue: nobody posts to it.
  mine = [
    for name in setsubtract(local.all, ["notify_on_post"]) : name
    if startswith(name, "${var.job}_") && (!endswith(name, "_on_timer") || contains(keys(var.timers), var.job))
  ]
}
