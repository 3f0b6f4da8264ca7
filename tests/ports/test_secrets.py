"""What every Secrets adapter promises: a secret's value, or a sentence that does not hold it."""

import base64
import json

import pytest
from nephoscope.errors import Transient


def test_a_secret_of_aws_is_read(request, clouds):
    """Secrets Manager on moto gives a secret's value; a missing one is transient, for it may come."""
    if "aws" not in clouds:
        pytest.skip("not among --clouds: aws")
    boto3 = pytest.importorskip("boto3")
    from nephoscope.adapters.aws.secrets import SecretsManager

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client(
        "secretsmanager", endpoint_url=request.getfixturevalue("moto"), region_name="us-east-1", **keys
    )
    client.create_secret(Name="slack", SecretString="https://hooks.example/é")
    assert SecretsManager(client).read("slack") == "https://hooks.example/é"
    with pytest.raises(Transient, match="nowhere"):
        SecretsManager(client).read("nowhere")
    client.create_secret(Name="key", SecretBinary=b"\x00")
    with pytest.raises(Transient, match="'key' is binary"):
        SecretsManager(client).read("key")


def test_a_secret_of_google_is_read(recorder):
    """Secret Manager is asked for the latest version, with a token."""
    pytest.importorskip("google.auth")
    from nephoscope.adapters.gcp.secrets import SecretManager

    data = base64.b64encode("https://hooks.example/é".encode()).decode()
    recorder.answers.append((200, {}, json.dumps({"name": "n", "payload": {"data": data}}).encode()))
    secrets = SecretManager(lambda: "token", endpoint=recorder.url)
    assert secrets.read("projects/mlops/secrets/slack") == "https://hooks.example/é"
    method, path, headers, _ = recorder.requests[0]
    assert (method, path) == ("GET", "/v1/projects/mlops/secrets/slack/versions/latest:access")
    assert headers["Authorization"] == "Bearer token"


def test_a_secret_of_azure_is_read(recorder):
    """Key Vault is asked by the secret's identifier, with a token."""
    pytest.importorskip("azure.core")
    from nephoscope.adapters.azure.secrets import KeyVault

    recorder.answers.append((200, {}, json.dumps({"value": "https://hooks.example/é", "id": "x"}).encode()))
    assert KeyVault(lambda: "token").read(f"{recorder.url}/secrets/slack") == "https://hooks.example/é"
    assert recorder.requests[0][1] == "/secrets/slack?api-version=7.4"


@pytest.mark.parametrize(
    "answer", [(404, {}, b"{}"), (403, {}, b"{}"), (200, {}, b"<html>"), (200, {}, b'{"error": 1}')]
)
def test_a_secret_that_does_not_come_is_transient(recorder, answer):
    """Missing, forbidden or no secret at all: tried again, and never an empty secret."""
    pytest.importorskip("azure.core")
    pytest.importorskip("google.auth")
    from nephoscope.adapters.azure.secrets import KeyVault
    from nephoscope.adapters.gcp.secrets import SecretManager

    recorder.answers += [answer, answer]
    with pytest.raises(Transient):
        KeyVault(lambda: "token").read(f"{recorder.url}/secrets/slack")
    with pytest.raises(Transient):
        SecretManager(lambda: "token", endpoint=recorder.url).read("projects/mlops/secrets/slack")
