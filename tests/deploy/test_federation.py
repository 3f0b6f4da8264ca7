"""Three clouds, told from each of them: who is trusted is exactly who publishes, and each function knows as whom."""

import json
import re

import pytest

CLOUDS = ("aws", "azure", "gcp")


@pytest.fixture(scope="module")
def made(initialised):
    """What each combination of clouds makes."""
    return initialised(".").made(".", "combinations.tftest.hcl")


def each(resources, kind, cloud):
    """The values of every resource of a kind in a cloud's own half."""
    return [values for address, values in resources.items() if f"module.{cloud}[0]" in address and kind in address]


def identities(resources, cloud):
    """The subjects of the tokens of a cloud's jobs."""
    kind, name = {
        "aws": ("aws_iam_role.job", "arn"),
        "azure": ("azurerm_user_assigned_identity.job", "principal_id"),
        "gcp": ("google_service_account.job", "unique_id"),
    }[cloud]
    return {values[name] for values in each(resources, kind, cloud)}


def trusted_by_aws(resources, cloud):
    """The subjects that the publisher's role lets in."""
    [role] = each(resources, f'aws_iam_role.publisher["{cloud}"]', "hub_aws")
    [statement] = json.loads(role["assume_role_policy"])["Statement"]
    held = statement["Condition"]["StringEquals"]
    assert any(name.endswith(("aud", "oaud")) for name in held)
    return set(next(subjects for name, subjects in held.items() if name.endswith(":sub")))


def trusted_by_azure(resources, cloud):
    """The subjects of the publisher's federated credentials."""
    credentials = each(resources, f'azurerm_federated_identity_credential.publisher["{cloud}-', "hub_azure")
    assert all(one["audience"] == ["api://AzureADTokenExchange"] for one in credentials)
    return {one["subject"] for one in credentials}


def trusted_by_gcp(resources, cloud):
    """The subjects that the pool's provider lists; an AWS role is listed by its name."""
    [provider] = each(resources, f'google_iam_workload_identity_pool_provider.foreign["{cloud}"]', "hub_gcp")
    listed = set(json.loads(re.search(r" in (\[.*\])$", provider["attribute_condition"])[1]))
    return {f"arn:aws:iam::123456789012:role/{name}" for name in listed} if cloud == "aws" else listed


TRUSTED = {"aws": trusted_by_aws, "azure": trusted_by_azure, "gcp": trusted_by_gcp}
CROSSED = [(hub, cloud) for hub in CLOUDS for cloud in CLOUDS if hub != cloud]


def environments(resources, cloud):
    """The environment of every function in a cloud's own half."""
    if cloud == "aws":
        found = each(resources, "aws_lambda_function.function", cloud)
        return [one["environment"][0]["variables"] for one in found]
    if cloud == "azure":
        return [one["app_settings"] for one in each(resources, "azurerm_function_app_flex_consumption.app", cloud)]
    found = each(resources, "google_cloudfunctions2_function.function", cloud)
    return [one["service_config"][0]["environment_variables"] for one in found]


@pytest.mark.slow
@pytest.mark.parametrize(("hub", "cloud"), CROSSED)
def test_who_publishes_is_trusted_and_nobody_else(made, hub, cloud):
    """The hub's trust lists the identity of each of the other cloud's jobs."""
    resources = made[f"three_told_from_{hub}"]
    assert identities(resources, cloud)
    assert TRUSTED[hub](resources, cloud) == identities(resources, cloud)


@pytest.mark.slow
@pytest.mark.parametrize(("hub", "cloud"), CROSSED)
def test_each_function_knows_as_whom_it_publishes(made, hub, cloud):
    """Where the Topic is elsewhere, every function has the identity there in its environment; at home, none has."""
    resources = made[f"three_told_from_{hub}"]
    told = {one.get("NEPHOSCOPE_PUBLISH_AS", "") for one in environments(resources, cloud)}
    assert len(told) == 1
    assert "" not in told
    assert {one.get("NEPHOSCOPE_PUBLISH_AS", "") for one in environments(resources, hub)} == {""}


@pytest.mark.slow
@pytest.mark.parametrize("hub", CLOUDS)
def test_no_key_is_made(made, hub):
    """Nothing that Terraform makes is a credential that somebody could copy."""
    kinds = {address.rpartition(".")[0].rpartition(".")[2] for address in made[f"three_told_from_{hub}"]}
    assert not kinds & {
        "aws_iam_access_key",
        "aws_iam_user",
        "google_service_account_key",
        "azurerm_storage_account_sas",
    }
    assert {"aws_lambda_function", "azurerm_function_app_flex_consumption", "google_cloudfunctions2_function"} <= kinds


@pytest.mark.slow
@pytest.mark.parametrize("hub", CLOUDS)
def test_whatever_fails_is_kept_or_told(made, hub):
    """A dead letter's place on each way: queues and functions in AWS, subscriptions in Azure and Google."""
    resources = made[f"three_told_from_{hub}"]
    functions = [address for address in resources if "aws_lambda_function.function" in address]
    assert all(
        address.replace("aws_lambda_function.function", "aws_sqs_queue.dead") in resources for address in functions
    )
    told = [values for address, values in resources.items() if "event_subscription." in address]
    assert told
    assert all(one["storage_blob_dead_letter_destination"] for one in told)
    pushed = [values for address, values in resources.items() if "google_pubsub_subscription.messages" in address]
    assert pushed
    assert all(one["dead_letter_policy"] for one in pushed)
    landed = [one for one in resources.values() if one.get("event_trigger")]
    assert landed
    assert all(one["event_trigger"][0]["retry_policy"] == "RETRY_POLICY_RETRY" for one in landed)
