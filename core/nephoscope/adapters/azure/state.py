"""State on Blob Storage: a put that may not overwrite creates, `If-Match: ETag` replaces, both atomically."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Literal

from urllib3 import BaseHTTPResponse

from nephoscope.adapters.azure.storage import Blobs, name_of
from nephoscope.errors import Transient
from nephoscope.ports import Lost, Version

NOT_THERE = frozenset({"BlobNotFound"})
EXISTS = frozenset({"BlobAlreadyExists", "ConditionNotMet"})
CHANGED = frozenset({"BlobNotFound", "ConditionNotMet"})
_LIST = b"<EnumerationResults"  # an empty list says so; an error with status 200 does not
_NAME = re.compile(rb'<Name( Encoded="true")?>([^<]*)</Name>')
_NEXT = re.compile(rb"<NextMarker>([^<]+)</NextMarker>")


class BlobState:
    """Records under one prefix of a container."""

    def __init__(self, blobs: Blobs, container: str, prefix: str) -> None:
        self._blobs = blobs
        self._container = container
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        return self._put(key, body, {"If-None-Match": "*"}, EXISTS) or Lost.EXISTS

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        found = self._blobs.ask("GET", self._container, self._prefix + key, no=NOT_THERE)
        return None if found is None else (found.data, self._version(found, key))

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        return self._put(key, body, {"If-Match": version}, CHANGED) or Lost.CONFLICT

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order."""
        asked = {"comp": "list", "prefix": self._prefix + prefix, "restype": "container"}
        while True:
            answer = self._blobs.ask("GET", self._container, "", query=asked)
            page = b"" if answer is None else answer.data
            if _LIST not in page:
                raise Transient(f"Azure's answer for a list of {self._prefix}{prefix} is none.")
            for encoded, written in _NAME.findall(page):
                key = name_of(unescape(written.decode()), encoded=bool(encoded)).removeprefix(self._prefix)
                if key > after:
                    yield key
            marker = _NEXT.search(page)
            if marker is None:
                return
            asked["marker"] = unescape(marker[1].decode())

    def _put(self, key: str, body: bytes, condition: dict[str, str], no: frozenset[str]) -> Version | None:
        """The new version; None where the condition does not hold."""
        headers = {"x-ms-blob-type": "BlockBlob", **condition}
        written = self._blobs.ask("PUT", self._container, self._prefix + key, headers=headers, body=body, no=no)
        return None if written is None else self._version(written, key)

    def _version(self, answer: BaseHTTPResponse, key: str) -> Version:
        if not (tag := answer.headers.get("ETag")):
            raise Transient(f"Azure's answer for {self._prefix}{key} tells no version.")
        return Version(tag)
