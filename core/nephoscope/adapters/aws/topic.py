"""An SNS topic, by one signed request: no SDK client, so that any cloud can publish to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from nephoscope.adapters.https import Answer, accepted, request
from nephoscope.errors import Transient

CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"


class SnsTopic:
    """A topic by its ARN; `credentials` are asked anew for each message."""

    def __init__(self, arn: str, credentials: Callable[[], Credentials | None], *, endpoint: str = "") -> None:
        self._arn = arn
        self._region = arn.split(":")[3]
        self._credentials = credentials
        self._endpoint = endpoint or f"https://sns.{self._region}.{_domain(arn)}/"

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:
        """Hand one message over; returning means that the topic has it."""
        form = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": self._arn, "Message": body.decode()}
        for number, (name, value) in enumerate(attributes.items(), 1):
            entry = f"MessageAttributes.entry.{number}"
            form |= {f"{entry}.Name": name, f"{entry}.Value.DataType": "String", f"{entry}.Value.StringValue": value}
        self._called(form)

    def look(self) -> str:
        """
        Ask after the topic itself; who listens, for people.

        Raises:
            Transient: It is not there, it may not be asked after, or nobody listens.
        """
        form = {"Action": "ListSubscriptionsByTopic", "Version": "2010-03-31", "TopicArn": self._arn}
        confirmed = self._called(form).body.count(b"<SubscriptionArn>arn:")  # one that waits says PendingConfirmation
        if not confirmed:
            raise Transient(f"{self._arn} has no confirmed subscription.", do="subscribe the hub's queue to it")
        return f"it is there; subscriptions: {confirmed}"

    def _called(self, form: Mapping[str, str]) -> Answer:
        asked = AWSRequest("POST", self._endpoint, {"Content-Type": CONTENT_TYPE}, urlencode(form).encode())
        self._sign(asked)
        headers = dict(asked.prepare().headers.items())
        return accepted(request(self._endpoint, method="POST", body=asked.data, headers=headers), self._arn)

    def _sign(self, asked: AWSRequest) -> None:
        try:
            credentials = self._credentials()
            if credentials is None:
                raise Transient("There are no AWS credentials to publish with.", do="give the function a role")
            SigV4Auth(credentials.get_frozen_credentials(), "sns", self._region).add_auth(asked)
        except (BotoCoreError, ClientError) as error:
            raise Transient(f"AWS gave no credentials to publish to {self._arn}: {error}.") from error


def _domain(arn: str) -> str:
    return "amazonaws.com.cn" if arn.startswith("arn:aws-cn:") else "amazonaws.com"
