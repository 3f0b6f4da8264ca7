"""
S3's REST interface, one signed request a call.

boto3's client takes three times the processor time for the same request, a round trip more for each write, and before
the first one as long as everything else that a function in AWS loads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from nephoscope.adapters.pooled import CLIPPED, NONE, Connections, why
from nephoscope.errors import Transient

_CODE = re.compile(rb"<Code>([^<]+)</Code>")


class S3:
    """The buckets of one partition, as whoever the credentials are; a bucket of another region is found there."""

    def __init__(self, credentials: Callable[[], Credentials | None], region: str, *, endpoint: str = "") -> None:
        self._credentials = credentials
        self._region = region
        self._endpoint = endpoint
        self._regions: dict[str, str] = {}  # of buckets that are elsewhere
        self._connections = Connections()

    def ask(
        self,
        method: str,
        bucket: str,
        key: str,
        *,
        query: Mapping[str, str] = NONE,
        headers: Mapping[str, str] = NONE,
        body: bytes | None = None,
        no: frozenset[str] = frozenset(),
        whole: bool = True,
    ) -> BaseHTTPResponse | None:
        """
        The answer to a request; None where its error is one that says no.

        Args:
            method: GET or PUT.
            bucket: Its name.
            key: Of an object; "" is the bucket itself.
            query: What is asked for.
            headers: Such as a condition.
            body: What is written.
            no: Codes of errors, such as "NoSuchKey".
            whole: Whether the answer's body is read at once; else it is streamed, and closed, by who asks.

        Raises:
            Transient: There is no answer, or any other. Even a refusal is transient: a right that is missing today is
                granted tomorrow, and what waits is not lost.
        """
        place = f"s3://{bucket}/{key or query.get('prefix', '')}"
        try:
            answer = self._sent(method, bucket, key, query, headers, body, whole)
            elsewhere = answer.headers.get("x-amz-bucket-region", "")
            if answer.status in (301, 307, 400) and elsewhere not in ("", self._region_of(bucket)):
                self._regions[bucket] = elsewhere
                answer = self._sent(method, bucket, key, query, headers, body, whole)
            if answer.status in (200, 206):
                return answer
            said = answer.data
        except (HTTPError, BotoCoreError, ClientError) as error:
            raise Transient(f"AWS does not answer for {place}: {why(error)}.") from error
        if _code(answer.status, said) in no:
            return None
        text = said[:CLIPPED].decode("utf-8", "replace")
        raise Transient(f"AWS does not answer for {place}: {answer.status} {text}.")

    def _sent(
        self,
        method: str,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
        whole: bool,
    ) -> BaseHTTPResponse:
        url = f"{self._place(bucket)}/{quote(key, safe='/')}"
        if query:
            url += "?" + "&".join(f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query))
        asked = AWSRequest(method, url, dict(headers), body)
        credentials = self._credentials()
        if credentials is None:
            raise Transient("There are no AWS credentials to ask S3 with.", do="give the function a role")
        signer = S3SigV4Auth(credentials.get_frozen_credentials(), "s3", self._region_of(bucket))
        signer.add_auth(asked)
        parts = urlsplit(url)
        # The path as it was signed: a whole URL would be tidied up, and "a/../b" is a name of its own.
        target = url.removeprefix(f"{parts.scheme}://{parts.netloc}")
        return self._connections.to(url).urlopen(
            method, target, body=body, headers=dict(asked.headers.items()), redirect=False, preload_content=whole
        )

    def _place(self, bucket: str) -> str:
        """
        Where a bucket is: by its own host, if its name can be one under S3's certificate.

        >>> S3(lambda: None, "eu-central-1")._place("records")
        'https://records.s3.eu-central-1.amazonaws.com'
        >>> S3(lambda: None, "cn-north-1")._place("my.records")
        'https://s3.cn-north-1.amazonaws.com.cn/my.records'
        """
        if self._endpoint:
            return f"{self._endpoint.rstrip('/')}/{bucket}"
        region = self._region_of(bucket)
        host = f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
        return f"https://{host}/{bucket}" if "." in bucket else f"https://{bucket}.{host}"

    def _region_of(self, bucket: str) -> str:
        return self._regions.get(bucket, self._region)


def _code(status: int, body: bytes) -> str:
    found = _CODE.search(body)
    return found[1].decode("utf-8", "replace") if found else str(status)
