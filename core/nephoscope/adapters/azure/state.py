"""State on Blob Storage: a put that may not overwrite creates, `If-Match: ETag` replaces, both atomically."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from nephoscope.adapters.azure.refusals import translated
from nephoscope.ports import Lost, Version


class BlobState:
    """Records under one prefix of a container."""

    def __init__(self, container: ContainerClient, prefix: str) -> None:
        self._container = container
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        with translated(self._named(key)):
            try:
                written = self._container.get_blob_client(self._prefix + key).upload_blob(body)
                return Version(written["etag"])
            except ResourceExistsError:
                return Lost.EXISTS

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        with translated(self._named(key)):
            try:
                found = self._container.download_blob(self._prefix + key)
                return found.readall(), Version(found.properties.etag)
            except ResourceNotFoundError:
                return None

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        with translated(self._named(key)):
            try:
                written = self._container.get_blob_client(self._prefix + key).upload_blob(
                    body, overwrite=True, etag=version, match_condition=MatchConditions.IfNotModified
                )
                return Version(written["etag"])
            except (ResourceModifiedError, ResourceNotFoundError):
                return Lost.CONFLICT

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in order."""
        with translated(f"a list of {self._named(prefix)}"):
            for name in self._container.list_blob_names(name_starts_with=self._prefix + prefix):
                key = name.removeprefix(self._prefix)
                if key > after:
                    yield key

    def _named(self, key: str) -> str:
        return f"az://{self._container.account_name}/{self._container.container_name}/{self._prefix}{key}"
