"""State on S3: `If-None-Match: *` creates, `If-Match: ETag` replaces, both atomically."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any, Literal

from botocore.exceptions import ClientError

from nephoscope.adapters.aws.refusals import GONE, MEANWHILE, TOO_LATE, code, translated
from nephoscope.errors import Transient
from nephoscope.ports import Lost, Version

_STAMP = re.compile(rb"\n[ \t]{64}\Z")


class S3State:
    """Records under one prefix of a bucket; `exact` bodies carry no stamp, so that others can read them too."""

    def __init__(self, client: Any, bucket: str, prefix: str, *, exact: bool = False) -> None:
        self._client = client
        self._exact = exact
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        written = self._put(key, body, IfNoneMatch="*")
        if written is not None:
            return written
        if self.get(key) is None:
            raise Transient(f"'{key}' was being written by another at the same moment.")
        return Lost.EXISTS

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        with translated(f"s3://{self._bucket}/{self._prefix}{key}"):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
                return plain(found["Body"].read()), Version(found["ETag"])
            except ClientError as error:
                if code(error) in GONE:
                    return None
                raise

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        return self._put(key, body, IfMatch=version) or Lost.CONFLICT

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix, StartAfter=self._prefix + after
        )
        with translated(f"a list of s3://{self._bucket}/{self._prefix}{prefix}"):
            for page in pages:
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self._prefix)

    def _put(self, key: str, body: bytes, **condition: str) -> Version | None:
        """The new version; None where the condition does not hold."""
        with translated(f"s3://{self._bucket}/{self._prefix}{key}"):
            try:
                written = self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + key,
                    Body=body if self._exact else stamped(body),
                    **condition,
                )
                return Version(written["ETag"])
            except ClientError as error:
                if code(error) in GONE | TOO_LATE | MEANWHILE:
                    return None
                raise


def stamped(body: bytes) -> bytes:
    """
    Append 64 random bits as blanks and tabs.

    S3's version of a content is its hash: without a stamp, a record that changed and changed back would have its old
    version. JSON reads the same with it.
    """
    return body + b"\n" + bytes(b" \t"[secrets.randbits(1)] for _ in range(64))


def plain(stored: bytes) -> bytes:
    r"""
    What was stamped; a body without a stamp, as people write it, passes.

    >>> plain(stamped(b"{}\n")), plain(b"{}")
    (b'{}\n', b'{}')
    """
    return _STAMP.sub(b"", stored, count=1)
