"""State on Cloud Storage: `ifGenerationMatch=0` creates, `ifGenerationMatch=n` replaces, both atomically."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Client

from nephoscope.adapters.gcp.refusals import translated
from nephoscope.ports import Lost, Version

TIMEOUT_SECONDS = 20
PAGE = 1000  # keys in one answer, the most that the service gives


class GcsState:
    """Records under one prefix of a bucket."""

    def __init__(self, client: Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = client.bucket(bucket)
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        return self._put(key, body, 0) or Lost.EXISTS

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        blob = self._bucket.blob(self._prefix + key)
        with translated(f"gs://{self._bucket.name}/{blob.name}"):
            try:
                return blob.download_as_bytes(timeout=TIMEOUT_SECONDS), Version(str(blob.generation))
            except NotFound:
                return None

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        return self._put(key, body, int(version)) or Lost.CONFLICT

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order."""
        with translated(f"a list of gs://{self._bucket.name}/{self._prefix}{prefix}"):
            found = self._client.list_blobs(
                self._bucket,
                prefix=self._prefix + prefix,
                start_offset=self._prefix + after,
                fields="items(name),nextPageToken",
                page_size=PAGE,
                timeout=TIMEOUT_SECONDS,
            )
            for blob in found:
                key = blob.name.removeprefix(self._prefix)
                if key > after:
                    yield key

    def _put(self, key: str, body: bytes, generation: int) -> Version | None:
        """The new version; None where the condition does not hold."""
        blob = self._bucket.blob(self._prefix + key)
        with translated(f"gs://{self._bucket.name}/{blob.name}"):
            try:
                blob.upload_from_string(
                    body,
                    content_type="application/json",
                    if_generation_match=generation,
                    timeout=TIMEOUT_SECONDS,
                )
            except PreconditionFailed:
                return None
        return Version(str(blob.generation))
