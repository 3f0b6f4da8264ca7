mock_data "google_project" {
  defaults = { number = "987654321098" }
}

mock_data "google_storage_project_service_account" {
  defaults = { email_address = "service-987654321098@gs-project-accounts.iam.gserviceaccount.com" }
}

mock_resource "google_cloudfunctions2_function" {
  defaults = {
    service_config = { uri = "https://function.mocked.example", service = "projects/acme-ml/locations/europe-west3/services/mocked" }
  }
}

mock_resource "google_service_account" {
  defaults = { email = "mocked@acme-ml.iam.gserviceaccount.com", member = "serviceAccount:mocked@acme-ml.iam.gserviceaccount.com" }
}
