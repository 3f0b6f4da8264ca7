mock_provider "aws" {
  source = "../tests/mocks/aws"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/aws"
  account = {
    region         = "eu-central-1"
    operators      = ["ops@example.org"]
    bills          = false
    features_image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/nephoscope-features@sha256:0f"
  }
  publish = {
    rights = [{ Sid = "Publish", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-central-1:123456789012:nephoscope" }]
  }
  settings = {
    stores = { aws = "s3://acme-nephoscope-aws/records" }
    features = {
      project = "shopping"
      stores = {
        aws = { type = "dynamodb", region = "eu-central-1" }
        gcp = { type = "feast", online_store = { type = "datastore" } }
      }
      sources = {
        aws = { user_features = "s3://acme-features/users.parquet", clicks = "s3://acme-features/clicks/" }
        gcp = { user_features = "gs://acme-features/users.parquet" }
      }
    }
    timers = { features = "*/15 * * * *" }
  }
}

# What tests/deploy drives on a stand-in of AWS, and whose rights it holds against the calls.
run "features_read_their_sources_and_write_their_tables" {
  assert {
    condition     = toset(keys(module.function)) == toset(["features_on_timer", "features_on_object", "sweep_on_timer", "security_on_event"])
    error_message = "Features run on their timer and when a view's file lands."
  }

  assert {
    condition = toset([for each in jsondecode(aws_cloudwatch_event_rule.landed["features"].event_pattern)["$or"] : each.detail.object.key[0].prefix]) == toset([
      "users.parquet", "clicks",
    ])
    error_message = "Only what views are computed to sets the job off."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.calls["features"].policy).Statement : statement.Resource if statement.Sid == "Online"
    ]) == "arn:aws:dynamodb:eu-central-1:123456789012:table/shopping.*"
    error_message = "Features write this project's tables and no others."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.calls["features"].policy).Statement : statement.Resource != "*"
    ])
    error_message = "The features job has no right to everything of anything."
  }
}

run "a_store_inside_a_network_is_called_from_there" {
  variables {
    account = {
      region           = "eu-central-1"
      operators        = ["ops@example.org"]
      bills            = false
      features_image   = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/nephoscope-features@sha256:0f"
      features_subnets = ["subnet-1"]
      features_groups  = ["sg-1"]
    }
    settings = {
      stores   = { aws = "s3://acme-nephoscope-aws" }
      features = { project = "shopping", stores = { aws = { type = "redis", connection_string = "cache:6379", password = "aws-sm:shopping/redis" } } }
      timers   = { features = "*/15 * * * *" }
    }
    desk = [{ Sid = "RecordsEncrypted", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = "arn:aws:kms:eu-central-1:123456789012:key/hub" }]
  }

  assert {
    condition     = module.function["features_on_timer"].subnets == toset(["subnet-1"]) && length(module.function["sweep_on_timer"].subnets) == 0
    error_message = "Features alone are inside the network."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.calls["features"].policy).Statement : statement.Resource if statement.Sid == "Password"
    ]) == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shopping/redis-*"
    error_message = "Features read the password of their store and no other secret."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.calls["features"].policy).Statement : statement.Action if statement.Sid == "PasswordEncrypted"
    ]) == "kms:Decrypt"
    error_message = "The hub's key opens the hub's secrets."
  }

  assert {
    condition     = !contains(keys(module.function), "features_on_object")
    error_message = "Nothing listens where no view's files are named."
  }
}
