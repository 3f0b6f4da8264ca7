"""AWS Secrets Manager: `aws-sm:NAME` or `aws-sm:ARN`."""

from __future__ import annotations

from typing import Any

from nephoscope.adapters.aws.refusals import translated


class SecretsManager:
    """The secrets that this function may read."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, name: str) -> str:
        """
        The current value of a secret.

        Raises:
            Transient: It cannot be read, or not yet.
        """
        with translated(f"the secret '{name}'"):
            found: str = self._client.get_secret_value(SecretId=name)["SecretString"]
            return found
