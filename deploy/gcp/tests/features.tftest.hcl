mock_provider "google" {
  source = "../tests/mocks/gcp"
}

variables {
  name      = "nephoscope"
  artefacts = "../../build/gcp"
  account = {
    project        = "acme-ml"
    region         = "europe-west3"
    operators      = ["ops@example.org"]
    gcloud         = false
    features_image = "europe-west3-docker.pkg.dev/acme-ml/nephoscope-features/features@sha256:0f"
  }
  publish = { topic = "nephoscope" }
  settings = {
    stores = { gcp = "gs://acme-nephoscope-gcp/records" }
    features = {
      project = "shopping"
      stores = {
        aws = { type = "dynamodb", region = "eu-central-1" }
        gcp = { type = "feast", online_store = { type = "datastore", project_id = "acme-ml" } }
      }
      sources = {
        aws = { user_features = "s3://acme-features/users.parquet" }
        gcp = { user_features = "gs://acme-features/users.parquet", clicks = "gs://acme-features/clicks/" }
      }
    }
    timers = { features = "*/15 * * * *" }
  }
}

run "features_are_services_of_an_image" {
  assert {
    condition     = toset(keys(module.service)) == toset(["features_on_timer", "features_on_object/acme-features"])
    error_message = "Features run on their timer and when a view's file lands."
  }

  assert {
    condition     = toset(keys(module.function)) == toset(["sweep_on_timer", "security_on_event"])
    error_message = "No other job is an image."
  }

  assert {
    condition     = google_cloud_scheduler_job.timer["features"].schedule == "*/15 * * * *" && module.service["features_on_timer"].subscription != null
    error_message = "The timer's message is pushed to the service."
  }

  assert {
    condition     = !contains(keys(google_storage_bucket_object.artefact), "features")
    error_message = "An image has no zip."
  }
}

run "features_read_their_sources_and_write_their_store" {
  assert {
    condition = toset([for key, grant in google_storage_bucket_iam_member.prefix : key if startswith(key, "features/")]) == toset([
      "features/ledger", "features/features", "features/source/user_features", "features/source/clicks",
    ])
    error_message = "Features have their ledger, their progress and their sources."
  }

  assert {
    condition     = google_storage_bucket_iam_member.prefix["features/source/user_features"].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/acme-features/objects/users.parquet\")"
    error_message = "A source is read where it lies."
  }

  assert {
    condition     = toset(google_project_iam_custom_role.online[0].permissions) == toset(["datastore.databases.get", "datastore.entities.create", "datastore.entities.get", "datastore.entities.update"])
    error_message = "Datastore is read and written, and nothing is deleted."
  }
}

run "a_store_inside_a_network_is_called_from_there" {
  variables {
    account = {
      project         = "acme-ml"
      region          = "europe-west3"
      operators       = ["ops@example.org"]
      gcloud          = false
      features_image  = "europe-west3-docker.pkg.dev/acme-ml/nephoscope-features/features@sha256:0f"
      features_subnet = "projects/acme-ml/regions/europe-west3/subnetworks/caches"
    }
    settings = {
      stores   = { gcp = "gs://acme-nephoscope-gcp" }
      features = { project = "shopping", stores = { gcp = { type = "redis", connection_string = "cache:6379", password = "gcp-sm:projects/acme-ml/secrets/redis" } } }
      timers   = { features = "*/15 * * * *" }
    }
  }

  assert {
    condition     = google_secret_manager_secret_iam_member.password["features"].secret_id == "redis"
    error_message = "Features read the password of their store and no other secret."
  }

  assert {
    condition     = length(google_project_iam_member.online) == 0 && toset(keys(module.service)) == toset(["features_on_timer"])
    error_message = "Redis takes no right, and nothing listens where no view's files are named."
  }
}

run "without_an_image_there_are_no_features" {
  variables {
    account = { project = "acme-ml", region = "europe-west3", operators = ["ops@example.org"] }
  }

  assert {
    condition     = length(terraform_data.eventarc_dead_letters) == 0 && output.eventarc_dead_letters == ""
    error_message = "Where Eventarc tells of nothing, gcloud is not called."
  }

  assert {
    condition     = length(module.service) == 0 && !contains(keys(google_service_account.job), "features")
    error_message = "What is not configured is not deployed."
  }
}
