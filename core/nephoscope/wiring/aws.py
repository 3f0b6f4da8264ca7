"""Amazon Web Services, as a Lambda function uses it; each part is opened when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nephoscope.errors import BadSettings

if TYPE_CHECKING:
    from nephoscope.adapters.aws.storage import S3
    from nephoscope.ports import Objects, State
    from nephoscope.wiring.topics import OwnTopic


class Aws:
    """One account and region, told by the environment."""

    name = "aws"
    secrets = "aws-sm"

    @cached_property
    def objects(self) -> Objects:
        """The objects on S3."""
        from nephoscope.adapters.aws.objects import S3Objects

        return S3Objects(self._s3)

    def state(self, url: str, *, exact: bool = False) -> State:
        """A store on S3: s3://BUCKET/PREFIX; its bodies without a stamp where others read them too."""
        from nephoscope.adapters.aws.state import S3State

        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return S3State(self._s3, bucket, prefix, exact=exact)

    def secret(self, name: str) -> str:
        """A secret of Secrets Manager."""
        from nephoscope.adapters.aws.secrets import SecretsManager

        return SecretsManager(_client("secretsmanager")).read(name)

    def own_topic(self, place: str) -> OwnTopic:
        """A topic of SNS, by its ARN."""
        from nephoscope.adapters.aws.identity import own
        from nephoscope.adapters.aws.topic import SnsTopic

        return SnsTopic(place, own(), endpoint=_endpoint("SNS"))

    def queue_service(self, region: str) -> Any:
        """SQS in a region, for people: a function is handed what its queue holds."""
        return _client("sqs", region)

    def identity_token(self, audience: str) -> Callable[[], str]:
        """Tokens that STS signs for the function's role."""
        from nephoscope.adapters.aws.identity import WebIdentity

        return WebIdentity(_client("sts"), audience)

    @cached_property
    def _s3(self) -> S3:
        from botocore.session import Session

        from nephoscope.adapters.aws.identity import own
        from nephoscope.adapters.aws.storage import S3

        session = Session()
        region = _region() or session.get_config_variable("region")
        if not region:
            raise BadSettings("AWS is asked from no region.", do="set AWS_REGION")
        return S3(own(session), region, endpoint=_endpoint("S3"))


def _endpoint(service: str) -> str:
    """Where a service is asked instead of at AWS; "" where nothing says so."""
    return os.environ.get(f"AWS_ENDPOINT_URL_{service}") or os.environ.get("AWS_ENDPOINT_URL", "")


def _region() -> str | None:
    """What every SDK of AWS but Python's reads first."""
    return os.environ.get("AWS_REGION")


def _client(service: str, region: str | None = None) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})
    return boto3.client(service, region or _region(), config=config)
