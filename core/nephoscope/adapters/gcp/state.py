"""State on Cloud Storage: `ifGenerationMatch=0` creates, `ifGenerationMatch=n` replaces, both atomically."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from urllib3 import BaseHTTPResponse

from nephoscope.adapters.gcp.storage import Storage, objects_of
from nephoscope.decoders import UNDECODABLE, decoder
from nephoscope.errors import Transient
from nephoscope.ports import Lost, Version

T = TypeVar("T")

PAGE = 1000  # keys in one answer, the most that the service gives
JSON = b"Content-Type: application/json\r\n"


class _Written(msgspec.Struct):
    generation: str


class _Object(msgspec.Struct):
    name: str


class _Page(msgspec.Struct):
    kind: Literal["storage#objects"]  # an empty list says so; an error with status 200 does not
    items: list[_Object] = []
    next: str = msgspec.field(name="nextPageToken", default="")


class GcsState:
    """Records under one prefix of a bucket."""

    def __init__(self, storage: Storage, bucket: str, prefix: str) -> None:
        self._storage = storage
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._objects = objects_of(bucket)
        self._boundary = secrets.token_hex(16)  # no body can hold it: nobody knows it

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        return self._put(key, body, "0") or Lost.EXISTS

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        found = self._ask("GET", f"{self._objects}/{quote(self._prefix + key, safe='')}?alt=media", key, but=404)
        if found is None:
            return None
        if not (generation := found.headers.get("x-goog-generation")):
            raise Transient(f"Google's answer for {self._place(key)} tells no generation.")
        return found.data, Version(generation)

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        return self._put(key, body, version) or Lost.CONFLICT

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order."""
        asked = {
            "prefix": self._prefix + prefix,
            "startOffset": self._prefix + after,
            "maxResults": str(PAGE),
            "fields": "kind,items(name),nextPageToken",
        }
        while True:
            answer = self._ask("GET", f"{self._objects}?{urlencode(asked)}", prefix)
            page = self._read(answer, _Page, prefix)
            for found in page.items:
                key = found.name.removeprefix(self._prefix)
                if key > after:
                    yield key
            if not page.next:
                return
            asked["pageToken"] = page.next

    def _put(self, key: str, body: bytes, generation: str) -> Version | None:
        """The new version; None where the condition does not hold."""
        path = f"/upload{self._objects}?uploadType=multipart&ifGenerationMatch={generation}"
        parts = msgspec.json.encode({"name": self._prefix + key}), body
        between = self._boundary.encode()
        related = b"".join(b"--%b\r\n%b\r\n%b\r\n" % (between, JSON, part) for part in parts)
        kind = f"multipart/related; boundary={self._boundary}"
        written = self._ask("POST", path, key, body=b"%b--%b--\r\n" % (related, between), kind=kind, but=412)
        return None if written is None else Version(self._read(written, _Written, key).generation)

    def _read(self, answer: BaseHTTPResponse | None, kind: type[T], what: str) -> T:
        try:
            return decoder(kind).decode(b"" if answer is None else answer.data)
        except UNDECODABLE as error:
            raise Transient(f"Google's answer for {self._place(what)} cannot be read: {error}.") from error

    def _place(self, what: str) -> str:
        return f"gs://{self._bucket}/{self._prefix}{what}"

    def _ask(
        self, method: str, path: str, what: str, *, body: bytes | None = None, kind: str = "", but: int = 200
    ) -> BaseHTTPResponse | None:
        """The answer to a request; None where its status is the one that says no."""
        return self._storage.ask(method, path, self._place(what), body=body, kind=kind, but=but)
