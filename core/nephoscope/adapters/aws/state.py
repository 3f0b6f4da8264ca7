"""State on S3: `If-None-Match: *` creates, `If-Match: ETag` replaces, both atomically."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from html import unescape
from typing import Literal
from urllib.parse import unquote_plus

from urllib3 import BaseHTTPResponse

from nephoscope.adapters.aws.refusals import GONE, MEANWHILE, TOO_LATE
from nephoscope.adapters.aws.storage import S3
from nephoscope.errors import Transient
from nephoscope.ports import Lost, Version

_STAMP = re.compile(rb"\n[ \t]{64}\Z")
_LIST = b"<ListBucketResult"  # an empty list says so; an error with status 200 does not
_KEY = re.compile(rb"<Key>([^<]*)</Key>")
_NEXT = re.compile(rb"<NextContinuationToken>([^<]+)</NextContinuationToken>")


class S3State:
    """Records under one prefix of a bucket; `exact` bodies carry no stamp, so that others can read them too."""

    def __init__(self, s3: S3, bucket: str, prefix: str, *, exact: bool = False) -> None:
        self._s3 = s3
        self._exact = exact
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        written = self._put(key, body, {"If-None-Match": "*"})
        if written is not None:
            return written
        if self.get(key) is None:
            raise Transient(f"'{key}' was being written by another at the same moment.")
        return Lost.EXISTS

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        found = self._s3.ask("GET", self._bucket, self._prefix + key, no=GONE)
        return None if found is None else (plain(found.data), self._version(found, key))

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        return self._put(key, body, {"If-Match": version}) or Lost.CONFLICT

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order."""
        asked = {
            "list-type": "2",
            "encoding-type": "url",
            "prefix": self._prefix + prefix,
            "start-after": self._prefix + after,
        }
        while True:
            answer = self._s3.ask("GET", self._bucket, "", query=asked)
            page = b"" if answer is None else answer.data
            if _LIST not in page:
                raise Transient(f"AWS' answer for a list of {self._place(prefix)} is none.")
            for found in _KEY.findall(page):
                yield unquote_plus(found.decode()).removeprefix(self._prefix)
            token = _NEXT.search(page)
            if token is None:
                return
            asked["continuation-token"] = unescape(token[1].decode())

    def _put(self, key: str, body: bytes, condition: dict[str, str]) -> Version | None:
        """The new version; None where the condition does not hold."""
        stored = body if self._exact else stamped(body)
        no = GONE | TOO_LATE | MEANWHILE
        written = self._s3.ask("PUT", self._bucket, self._prefix + key, headers=condition, body=stored, no=no)
        return None if written is None else self._version(written, key)

    def _version(self, answer: BaseHTTPResponse, key: str) -> Version:
        if not (tag := answer.headers.get("ETag")):
            raise Transient(f"AWS' answer for {self._place(key)} tells no version.")
        return Version(tag)

    def _place(self, what: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{what}"


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
