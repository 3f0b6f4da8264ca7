mock_provider "aws" {
  source = "../tests/mocks/aws"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/aws"
  account = {
    region         = "eu-central-1"
    operators      = ["ops@example.org"]
    features_image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/nephoscope-features@sha256:0f"
  }
  publish = {
    rights = [{ Sid = "Publish", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-central-1:123456789012:nephoscope" }]
  }
  settings = {
    stores        = { aws = "s3://acme-nephoscope-aws/records" }
    metric_stores = { aws = {} }
    bills         = { aws = {} }
    datasets = {
      scoring  = { objects = "s3://acme-scoring/transactions" }
      training = { objects = "gs://acme-training/transactions" }
    }
    features = { project = "shopping", sources = { aws = { user_features = "s3://acme-features/users.parquet" } } }
    timers   = { sweep = "* * * * *", monitoring = "*/5 * * * *", cost = "0 6 * * 1-5", drift = "0 * * * *", features = "30 2 1 * *" }
  }
}

run "every_way_in_has_its_function" {
  assert {
    condition = toset(keys(module.function)) == toset([
      "monitoring_on_timer", "cost_on_timer", "cost_on_object", "drift_on_timer", "drift_on_object",
      "features_on_timer", "features_on_object", "sweep_on_timer", "security_on_event",
    ])
    error_message = "Each entry point is one function."
  }

  assert {
    condition     = alltrue([for function in module.function : function.dead_queue.name != ""])
    error_message = "Every function has a queue for what it could not do."
  }
}

run "what_lands_finds_room" {
  assert {
    condition     = module.function["cost_on_object"].scratch_mb == 4096 && module.function["cost_on_timer"].scratch_mb == 512
    error_message = "A bill's delivery is several files of up to 512 MiB, which lie under /tmp while they are read."
  }

  assert {
    condition     = module.function["drift_on_object"].scratch_mb == 1024
    error_message = "A file of up to 512 MiB lies under /tmp while it is read, with room to spare."
  }
}

run "timers_are_in_the_schedulers_words" {
  assert {
    condition = {
      for name, function in module.function : name => function.schedule if function.schedule != null
      } == {
      monitoring_on_timer = "cron(*/5 * * * ? *)"
      cost_on_timer       = "cron(0 6 ? * MON-FRI *)"
      drift_on_timer      = "cron(0 * * * ? *)"
      features_on_timer   = "cron(30 2 1 * ? *)"
      sweep_on_timer      = "cron(* * * * ? *)"
    }
    error_message = "A cron expression of five fields is said in six, with '?' for one of its days."
  }
}

run "what_lands_comes_by_a_queue_with_a_dead_letter_queue" {
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.landed["drift"].event_pattern).detail == {
      bucket = { name = ["acme-scoring"] }, object = { key = [{ prefix = "transactions" }] }
    }
    error_message = "Only data sets that lie in S3 are watched."
  }

  assert {
    condition = alltrue([
      for rule in aws_cloudwatch_event_rule.landed : length(lookup(jsondecode(rule.event_pattern), "$or", ["one", "two"])) > 1
    ])
    error_message = "EventBridge refuses a $or of one."
  }

  assert {
    condition     = alltrue([for queue in aws_sqs_queue.landed : jsondecode(queue.redrive_policy).maxReceiveCount == 5])
    error_message = "A message that fails five times goes to the dead-letter queue."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.landed : length(target.dead_letter_config) == 1])
    error_message = "What EventBridge cannot hand over goes to the dead-letter queue."
  }

  assert {
    condition     = aws_sqs_queue.landed["drift"].visibility_timeout_seconds == 3600
    error_message = "A queue waits six times the timeout of its function."
  }
}

run "every_place_of_a_job_sets_it_off" {
  variables {
    settings = {
      stores = { aws = "s3://acme-nephoscope-aws" }
      datasets = {
        scoring = { objects = "s3://acme-scoring/transactions" }
        flights = { objects = "s3://acme-landing/flights" }
      }
    }
  }

  assert {
    condition = toset([
      for landing in jsondecode(aws_cloudwatch_event_rule.landed["drift"].event_pattern)["$or"] : landing.detail.bucket.name[0]
    ]) == toset(["acme-scoring", "acme-landing"])
    error_message = "Two places are two branches of a $or."
  }
}

run "refused_reads_and_opened_buckets_are_told_too" {
  assert {
    condition = { for name, function in module.function : name => function.rule.state if function.rule != null } == {
      security_on_event = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    }
    error_message = "A rule that is only ENABLED sees no management event that reads."
  }

  assert {
    condition = contains(
      jsondecode(module.function["security_on_event"].rule.pattern).detail["$or"][1].eventName, "PutBucketPolicy",
    )
    error_message = "A bucket that is opened to others by somebody with the right to is told of."
  }
}

run "one_role_a_job" {
  assert {
    condition     = toset(keys(aws_iam_role.job)) == toset(["monitoring", "cost", "drift", "features", "security", "sweep"])
    error_message = "Each job has its own role."
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.calls :
      contains(flatten([for statement in jsondecode(policy.policy).Statement : statement.Action]), "sns:Publish")
    ])
    error_message = "Every job may publish to the Topic."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.calls["drift"].policy).Statement : statement.Resource != "*"
    ])
    error_message = "The drift job has no right to everything of anything."
  }
}

run "a_hub_elsewhere_is_published_to_with_an_own_token" {
  variables {
    publish = { identity = "11111111-1111-4111-8111-111111111111/22222222-2222-4222-8222-222222222222", audience = "api://AzureADTokenExchange" }
  }

  assert {
    condition     = local.environment.NEPHOSCOPE_PUBLISH_AS == "11111111-1111-4111-8111-111111111111/22222222-2222-4222-8222-222222222222"
    error_message = "Each function knows as whom it publishes."
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.calls : contains(
        flatten([for statement in jsondecode(policy.policy).Statement : statement.Action]), "sts:GetWebIdentityToken"
      )
    ])
    error_message = "Each job may ask for a token of its own, for that audience."
  }
}

run "without_data_sets_bills_or_features_little_is_made" {
  variables {
    account  = { region = "eu-central-1", operators = ["ops@example.org"], bills = false }
    settings = { stores = { aws = "s3://acme-nephoscope-aws" } }
  }

  assert {
    condition     = toset(keys(module.function)) == toset(["sweep_on_timer", "security_on_event"])
    error_message = "What is not configured is not deployed."
  }

  assert {
    condition     = length(aws_bcmdataexports_export.focus) == 0 && length(aws_sqs_queue.landed) == 0
    error_message = "Nothing listens to what nobody watches."
  }
}

run "existing_buckets_are_left_alone" {
  variables {
    account = { region = "eu-central-1", operators = ["ops@example.org"], existing_buckets = ["acme-features", "acme-scoring"] }
  }

  assert {
    condition     = toset(keys(module.store)) == toset(["acme-nephoscope-aws"])
    error_message = "A bucket that is there already is not made."
  }
}
