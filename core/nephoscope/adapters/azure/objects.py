"""Blobs, each read in the version that an Event named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from urllib3.exceptions import HTTPError

from nephoscope.adapters.azure.storage import Blobs
from nephoscope.adapters.pooled import NONE, copied
from nephoscope.errors import BadPayload, Transient
from nephoscope.events import ObjectRef

GONE = frozenset({"BlobNotFound", "ContainerNotFound", "ConditionNotMet"})


class BlobObjects:
    """The blobs of every account that this function may read; a bucket is ACCOUNT/CONTAINER."""

    def __init__(self, account: Callable[[str], Blobs]) -> None:
        self._account = account

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """Copy the content that an Event named into a file; returns its size, and copies no more than `most_bytes`."""
        account, _, container = ref.bucket.partition("/")
        condition = {"If-Match": ref.version} if ref.version else NONE
        found = self._account(account).ask("GET", container, ref.key, headers=condition, no=GONE, whole=False)
        if found is None:
            raise gone(ref)
        with found:
            if found.headers.get("x-ms-copy-status") == "pending":
                raise Transient(f"{ref.url} is still being copied.")
            try:
                return copied(found, into, most_bytes=most_bytes)
            except HTTPError as error:
                raise Transient(f"Azure's answer for {ref.url} broke off: {error}.") from error


def gone(ref: ObjectRef) -> BadPayload:
    """Tell that an object is not there, or not the content that was meant: what replaced it has an Event of its own."""
    if not ref.version:
        return BadPayload(f"'{ref.url}' is not there.", do="land it again")
    return BadPayload(
        f"'{ref.url}' is not there in the version {ref.version} any more.",
        do="nothing if it was replaced: the new content is reported by itself",
    )
