mock_provider "google" {
  source = "../tests/mocks/gcp"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/gcp"
  account = {
    project   = "acme-ml"
    region    = "europe-west3"
    operators = ["ops@example.org"]
    gcloud    = false
  }
  publish = { topic = "nephoscope" }
  settings = {
    stores        = { gcp = "gs://acme-nephoscope-gcp/records" }
    metric_stores = { gcp = { project = "acme-ml" } }
    bills         = { gcp = { table = "acme-billing.billing.gcp_billing_export_v1_0" } }
    datasets = {
      training = { objects = "gs://acme-training/transactions" }
      scoring  = { objects = "s3://acme-scoring/transactions" }
    }
    timers = { sweep = "* * * * *", monitoring = "*/5 * * * *", cost = "0 6 * * 1-5", drift = "0 * * * *" }
  }
}

run "every_way_in_has_its_function" {
  assert {
    condition = toset(keys(module.function)) == toset([
      "monitoring_on_timer", "cost_on_timer", "drift_on_timer", "drift_on_object/acme-training", "sweep_on_timer", "security_on_event",
    ])
    error_message = "Each entry point is one function; a bucket has one of its own."
  }

  assert {
    condition = {
      for job, timer in google_cloud_scheduler_job.timer : job => timer.schedule
    } == { sweep = "* * * * *", monitoring = "*/5 * * * *", cost = "0 6 * * 1-5", drift = "0 * * * *" }
    error_message = "The configuration's timers are Cloud Scheduler's."
  }
}

# A service's name has at most 49 characters: names that fit stay, others end in their bucket's hash.
run "names_fit_whatever_a_bucket_is_called" {
  command = plan

  variables {
    settings = {
      stores = { gcp = "gs://acme-nephoscope-gcp" }
      datasets = {
        plain = { objects = "gs://acme-training/x" }
        dots  = { objects = "gs://data.example.org/x" }
        long  = { objects = "gs://acme-training-transactions-of-europe-and-beyond/x" }
        alike = { objects = "gs://acme-training-transactions-of-europe-and-asia/x" }
      }
    }
  }

  assert {
    condition     = local.names["drift_on_object/acme-training"] == "nephoscope-drift-on-object-acme-training" && local.names["sweep_on_timer"] == "nephoscope-sweep-on-timer"
    error_message = "A name that fits stays as it is."
  }

  assert {
    condition     = local.names["drift_on_object/data.example.org"] == "nephoscope-drift-on-object-data-example-or-${substr(md5("data.example.org"), 0, 6)}"
    error_message = "A name has no dots."
  }

  assert {
    condition     = alltrue([for name in values(local.names) : can(regex("^[a-z][a-z0-9-]{0,47}[a-z0-9]$", name))])
    error_message = "A name is one that Cloud Run takes."
  }

  assert {
    condition     = length(toset(values(local.names))) == length(local.names)
    error_message = "Two buckets have two names."
  }
}

run "messages_are_pushed_and_have_a_dead_letter_topic" {
  assert {
    condition = alltrue([
      for name, function in module.function : (function.subscription != null) == !startswith(name, "drift_on_object")
    ])
    error_message = "Every function but Eventarc's takes messages from a subscription with a dead-letter topic."
  }

  assert {
    condition = alltrue([for word in [
      "in ${module.function["drift_on_object/acme-training"].trigger.name};", "--dead-letter-topic=${google_pubsub_topic.dead.id} ", "--member=serviceAccount:${local.pubsub_agent} ",
    ] : strcontains(output.eventarc_dead_letters, word)])
    error_message = "Eventarc's own subscriptions get the same topic, by commands that name this deployment's triggers."
  }

  assert {
    condition     = google_pubsub_subscription.dead.message_retention_duration == "2678400s"
    error_message = "Dead letters wait for a month."
  }

  assert {
    condition     = length(google_monitoring_alert_policy.dead.notification_channels) == 1
    error_message = "One dead letter tells the operators."
  }

  assert {
    condition     = output.dead_letters == "pubsub:${google_pubsub_subscription.dead.id}" && endswith(google_monitoring_alert_policy.dead.documentation[0].content, "nephoscope redrive --from ${output.dead_letters}")
    error_message = "The operators are told how the dead get new tries."
  }
}

run "nobody_has_to_run_them" {
  command = plan

  variables {
    account = { project = "acme-ml", region = "europe-west3", operators = ["ops@example.org"] }
  }

  assert {
    condition     = length(terraform_data.eventarc_dead_letters) == 1
    error_message = "An apply runs them, unless it is told not to call gcloud."
  }
}

run "one_service_account_a_job" {
  assert {
    condition = alltrue([
      for said in ["status.code=(7 OR 16)", "setIam(Policy|Permissions)"] : strcontains(google_logging_project_sink.security.filter, said)
    ])
    error_message = "Refused calls are told of, and buckets that are opened to others."
  }

  assert {
    condition     = toset(keys(google_service_account.job)) == toset(["monitoring", "cost", "drift", "security", "sweep"])
    error_message = "Each job has its own service account."
  }

  assert {
    condition     = toset(keys(google_pubsub_topic_iam_member.publish)) == toset(keys(google_service_account.job))
    error_message = "Every job may publish to the Topic."
  }

  assert {
    condition = alltrue([
      for key, grant in google_storage_bucket_iam_member.prefix : length(grant.condition) == 1
    ])
    error_message = "Objects are granted by prefix."
  }

  assert {
    condition     = google_storage_bucket_iam_member.prefix["drift/landed/training"].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/acme-training/objects/transactions\")"
    error_message = "The drift job reads what lands, where it lands."
  }

  assert {
    condition     = toset(keys(google_bigquery_dataset_iam_member.bills)) == toset(["cost"])
    error_message = "The cost job, and no other, reads the billing data set."
  }
}

run "a_hub_elsewhere_is_published_to_with_an_own_token" {
  variables {
    publish = { identity = "arn:aws:iam::123456789012:role/nephoscope-publish-from-gcp", audience = "nephoscope" }
  }

  assert {
    condition     = local.environment.NEPHOSCOPE_PUBLISH_AS == "arn:aws:iam::123456789012:role/nephoscope-publish-from-gcp"
    error_message = "Each function knows as whom it publishes."
  }

  assert {
    condition     = length(google_pubsub_topic_iam_member.publish) == 0
    error_message = "There is no topic here to publish to."
  }
}

run "advice_is_read_where_it_is_asked_for" {
  variables {
    settings = {
      stores = { gcp = "gs://acme-nephoscope-gcp/records" }
      bills = { gcp = {
        table        = "acme-billing.billing.gcp_billing_export_v1_0"
        recommenders = ["projects/acme-ml/locations/europe-west3-a/recommenders/google.compute.instance.IdleResourceRecommender"]
      } }
      timers = { cost = "0 6 * * *" }
    }
  }

  assert {
    condition     = keys(google_project_iam_member.advice) == ["acme-ml"]
    error_message = "Who asks for a project's recommendations may read them, in that project alone."
  }
}

# A role of ours can be given in its own project alone.
run "what_is_another_project_s_has_its_role_there" {
  command = plan

  variables {
    settings = {
      stores        = { gcp = "gs://acme-nephoscope-gcp/records" }
      metric_stores = { gcp = { project = "acme-metrics" } }
      bills         = { gcp = { table = "example.org:acme-billing.bills.export" } }
      timers        = { monitoring = "*/5 * * * *", cost = "0 6 * * *" }
    }
  }

  assert {
    condition = { for name, role in google_project_iam_custom_role.role : name => role.project if role.project != "acme-ml" } == {
      metrics = "acme-metrics", query = "example.org:acme-billing", bills = "example.org:acme-billing"
    }
    error_message = "Metrics, the query and its table each have their role where they are."
  }

  assert {
    condition = (
      toset([for grant in google_project_iam_member.metrics : grant.project]) == toset(["acme-metrics"]) &&
      google_project_iam_member.query["cost"].project == "example.org:acme-billing" &&
      google_bigquery_dataset_iam_member.bills["cost"].project == "example.org:acme-billing" &&
      google_bigquery_dataset_iam_member.bills["cost"].dataset_id == "bills"
    )
    error_message = "Each is given there."
  }

  assert {
    condition     = google_project_iam_custom_role.role["metrics"].role_id == "nephoscope_metrics_acme_ml" && google_project_iam_custom_role.role["publish"].role_id == "nephoscope_publish"
    error_message = "Where another deployment may have its role, this one's says whose it is."
  }
}
