"""Blobs, each read in the version that an Event named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from nephoscope.adapters.azure.refusals import translated
from nephoscope.errors import BadPayload
from nephoscope.events import ObjectRef


class BlobObjects:
    """The blobs of every account that this function may read; a bucket is ACCOUNT/CONTAINER."""

    def __init__(self, service: Callable[[str], BlobServiceClient]) -> None:
        self._service = service

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """Copy the content that an Event named into a file; returns its size, and copies no more than `most_bytes`."""
        account, _, container = ref.bucket.partition("/")
        blob = self._service(account).get_blob_client(container, ref.key)
        condition: dict[str, Any] = (
            {"etag": ref.version, "match_condition": MatchConditions.IfNotModified} if ref.version else {}
        )
        with translated(ref.url):
            try:
                found = blob.download_blob(**condition)  # its first 32 MiB, and how much there is
                if found.size <= most_bytes:
                    with into.open("wb") as file:
                        found.readinto(file)
                return int(found.size)
            except (ResourceModifiedError, ResourceNotFoundError) as error:
                raise gone(ref) from error


def gone(ref: ObjectRef) -> BadPayload:
    """Tell that a content is not there any more; the one that replaced it has an Event of its own."""
    return BadPayload(
        f"'{ref.url}' is not there in the version {ref.version} any more.",
        do="nothing if it was replaced: the new content is reported by itself",
    )
