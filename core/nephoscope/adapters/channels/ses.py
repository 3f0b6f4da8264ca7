"""
E-mail through Amazon SES, version 2, as raw MIME, so that charts and attachments travel as they do by SMTP.

SES puts its own Message-ID and Date; the thread is kept by References. At most 50 recipients a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from nephoscope.adapters.channels.mail import email
from nephoscope.alerts.messages import Message
from nephoscope.errors import Permanent, Transient

TIMEOUT_SECONDS = 10
PASSING = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"})


class SesMailbox:
    """Mailboxes that SES sends to."""

    def __init__(self, sender: str, recipients: Sequence[str], *, region: str = "", endpoint: str = "") -> None:
        self._sender = sender
        self._recipients = list(recipients)
        self._region = region
        self._endpoint = endpoint

    def send(self, message: Message) -> str:
        """Send one Message; SES's own id is its receipt."""
        mail = email(message, self._sender, self._recipients)
        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": self._recipients},
                Content={"Raw": {"Data": mail.as_bytes()}},
            )
        except ClientError as error:
            raise _judged(error) from error
        except BotoCoreError as error:
            raise Transient(f"SES did not answer: {type(error).__name__}.") from error
        return str(answer["MessageId"])

    @cached_property
    def _client(self) -> Any:
        config = Config(
            connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, retries={"total_max_attempts": 1}
        )
        return boto3.client(
            "sesv2", region_name=self._region or None, endpoint_url=self._endpoint or None, config=config
        )


def _judged(error: ClientError) -> Permanent | Transient:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"SES answered {status} '{code}'."
    if code in PASSING or status >= 500 or status == 429:
        return Transient(said)
    return Permanent(said, do="verify the sender (in the sandbox each recipient too) and grant ses:SendRawEmail")
