terraform {
  required_version = ">= 1.11"

  required_providers {
    aws     = { source = "hashicorp/aws", version = "~> 6.19" }
    azurerm = { source = "hashicorp/azurerm", version = "~> 4.51" }
    google  = { source = "hashicorp/google", version = "~> 7.9" }
  }
}

# Terraform configures the provider of a cloud that is not chosen, too. Google's and AWS's ask nobody then; Azure's signs in
# at once: whoever has no account in it leaves it out (leave_out.py).
provider "aws" {
  region                      = try(var.aws.region, "us-east-1")
  skip_credentials_validation = !contains(var.clouds, "aws")
  skip_requesting_account_id  = !contains(var.clouds, "aws")
  skip_metadata_api_check     = !contains(var.clouds, "aws")
  access_key                  = contains(var.clouds, "aws") ? null : "none"
  secret_key                  = contains(var.clouds, "aws") ? null : "none"

  default_tags {
    tags = { application = var.name }
  }
}

provider "azurerm" {
  subscription_id     = try(var.azure.subscription_id, null)
  storage_use_azuread = true

  features {
    resource_group {
      prevent_deletion_if_contains_resources = true
    }
  }
}

provider "google" {
  project      = try(var.gcp.project, null)
  region       = try(var.gcp.region, null)
  access_token = contains(var.clouds, "gcp") ? null : "none"

  default_labels = { application = var.name }
}
