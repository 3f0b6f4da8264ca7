mock_provider "aws" {
  source = "../../tests/mocks/aws"
}

variables {
  name           = "nephoscope"
  artefacts      = "../../../build/aws"
  operations_arn = "arn:aws:sns:eu-central-1:123456789012:nephoscope-operations"
  account        = { region = "eu-central-1" }
  settings = {
    topic    = "sns:arn:aws:sns:eu-central-1:123456789012:nephoscope"
    state    = "s3://acme-nephoscope-hub/state"
    stores   = { aws = "s3://acme-nephoscope-aws" }
    channels = { oncall = { type = "slack", url = "aws-sm:nephoscope/slack" } }
    route    = { channels = ["oncall"] }
  }
}

run "the_topic_is_the_one_that_the_configuration_names" {
  assert {
    condition     = aws_sns_topic.reports.name == "nephoscope"
    error_message = "The topic's name is the configuration's."
  }

  assert {
    condition     = module.state.bucket == "acme-nephoscope-hub"
    error_message = "The state lives where the configuration says."
  }

  assert {
    condition     = keys(aws_secretsmanager_secret.secret) == ["nephoscope/slack"]
    error_message = "Every secret that the configuration names has a place."
  }
}

run "reports_reach_notify_or_a_person" {
  assert {
    condition     = jsondecode(aws_sqs_queue.reports.redrive_policy).maxReceiveCount == 5
    error_message = "A Report that fails five times goes to the dead-letter queue."
  }

  assert {
    condition     = aws_sns_topic_subscription.reports.redrive_policy != null
    error_message = "What SNS cannot hand over goes to the dead-letter queue."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.dead.threshold == 0 && length(aws_cloudwatch_metric_alarm.dead.alarm_actions) == 1
    error_message = "One dead Report tells the operators."
  }

  assert {
    condition     = output.dead_letters == ["sqs:${aws_sqs_queue.dead.arn}"] && endswith(aws_cloudwatch_metric_alarm.dead.alarm_description, "nephoscope redrive --from ${output.dead_letters[0]}")
    error_message = "The operators are told how the dead get new tries."
  }

  assert {
    condition     = module.rollup.schedule == "cron(*/15 * * * ? *)"
    error_message = "The rollup runs every quarter of an hour unless it is said otherwise."
  }
}

run "a_container_that_is_posted_to_knows_the_topic" {
  assert {
    condition     = output.doors == { NEPHOSCOPE_SNS_TOPICS = "arn:aws:sns:eu-central-1:123456789012:nephoscope" }
    error_message = "The door by HTTP lets in posts about the configuration's Topic and about no other."
  }
}

run "foreign_clouds_publish_by_a_pinned_audience_and_subject" {
  variables {
    foreign = {
      azure = {
        issuer   = "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0"
        audience = "fb60f99c-7a34-4190-8149-302f77469936"
        subjects = { drift = "33333333-3333-4333-8333-333333333333" }
      }
      gcp = {
        issuer   = "https://accounts.google.com"
        audience = "nephoscope"
        subjects = { drift = "104020304050607080901", cost = "104020304050607080902" }
      }
    }
  }

  assert {
    condition = jsondecode(aws_iam_role.publisher["azure"].assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0:aud" = ["fb60f99c-7a34-4190-8149-302f77469936"]
        "login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0:sub" = ["33333333-3333-4333-8333-333333333333"]
      }
    }
    error_message = "Azure's jobs, and nobody else in its tenant, become the publisher."
  }

  assert {
    condition = jsondecode(aws_iam_role.publisher["gcp"].assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "accounts.google.com:oaud" = ["nephoscope"]
        "accounts.google.com:aud"  = ["104020304050607080902", "104020304050607080901"]
        "accounts.google.com:sub"  = ["104020304050607080902", "104020304050607080901"]
      }
    }
    error_message = "Google's jobs, and no other service account, become the publisher."
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.publisher :
      toset(flatten([for statement in jsondecode(policy.policy).Statement : statement.Action]))
      == toset(["sns:Publish", "kms:Decrypt", "kms:GenerateDataKey"])
    ])
    error_message = "A publisher may publish and nothing else."
  }
}

run "a_topic_elsewhere" {
  command = plan

  variables {
    account = { region = "eu-west-1" }
  }

  expect_failures = [aws_sns_topic.reports]
}

run "nobody_to_tell" {
  command = plan

  variables {
    settings = {
      topic    = "sns:arn:aws:sns:eu-central-1:123456789012:nephoscope"
      state    = "s3://acme-nephoscope-hub/state"
      stores   = { aws = "s3://acme-nephoscope-aws" }
      channels = {}
      route    = { channels = [] }
    }
  }

  expect_failures = [var.settings]
}

run "a_topic_of_another_cloud" {
  command = plan

  variables {
    settings = {
      topic    = "pubsub:projects/acme/topics/nephoscope"
      state    = "s3://acme-nephoscope-hub/state"
      channels = { oncall = { type = "slack", url = "aws-sm:nephoscope/slack" } }
      route    = { channels = ["oncall"] }
    }
  }

  expect_failures = [var.settings]
}

run "a_subject_that_is_a_pattern" {
  command = plan

  variables {
    foreign = { azure = { issuer = "https://login.microsoftonline.com/t/v2.0", audience = "a", subjects = { drift = "*" } } }
  }

  expect_failures = [var.foreign]
}
