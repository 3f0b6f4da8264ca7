"""AWS Secrets Manager: `aws-sm:NAME` or `aws-sm:ARN`."""

from __future__ import annotations

from typing import Any

from nephoscope.adapters.aws.refusals import translated
from nephoscope.errors import Transient


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
            found = self._client.get_secret_value(SecretId=name)
        if (text := found.get("SecretString")) is None:
            raise Transient(f"The secret '{name}' is binary.", do="store it as text")
        return str(text)
