# Which entry points of function_app.py are on in a job's app, and when: NCRONTAB has the seconds first. Nothing is made here.

locals {
  all = [
    "monitoring_on_timer", "cost_on_timer", "cost_on_object", "drift_on_timer", "drift_on_object", "features_on_timer",
    "features_on_object", "security_on_event", "sweep_on_timer", "notify_on_message", "notify_on_post",
    "rollup_on_timer",
  ]
  # NCRONTAB counts days of the week from 0 to 6: a Sunday that is 7 is 0 there, and a range up to it is told day by day.
  crons = {
    for job, cron in var.timers : job => join(" ", concat(slice(split(" ", cron), 0, 4), [join(",", [
      for days in split(",", split(" ", cron)[4]) :
      !can(regex("^([0-6]-)?7(/[1-9])?$", days)) ? days : join(",", [
        for day in range(tonumber(substr(days, 0, 1)), 8, try(tonumber(split("/", days)[1]), 1)) : day % 7
      ])
    ])]))
  }
  timed = ["monitoring", "cost", "drift", "features", "sweep", "rollup"]
  # A hub that is made here has a queue: nobody posts to it.
  mine = [
    for name in setsubtract(local.all, ["notify_on_post"]) : name
    if startswith(name, "${var.job}_") && (!endswith(name, "_on_timer") || contains(keys(var.timers), var.job))
  ]
}
