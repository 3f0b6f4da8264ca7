# One entry point in an image: a service that only Pub/Sub and Eventarc of this project can call.

terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

resource "google_cloud_run_v2_service" "service" {
  name                = var.name
  description         = "nephoscope: ${var.entry_point}"
  project             = var.project
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = false

  template {
    service_account                  = var.identity
    timeout                          = "${var.timeout_seconds}s"
    max_instance_request_concurrency = 1

    scaling {
      max_instance_count = 10
    }

    containers {
      image = var.image

      resources {
        limits = { memory = var.memory, cpu = "1" }
      }

      dynamic "env" {
        for_each = merge(var.environment, { FUNCTION_TARGET = var.entry_point })

        content {
          name  = env.key
          value = env.value
        }
      }
    }

    dynamic "vpc_access" {
      for_each = var.subnet == null ? [] : [var.subnet]

      content {
        egress = "PRIVATE_RANGES_ONLY"

        network_interfaces {
          subnetwork = vpc_access.value
        }
      }
    }
  }
}
