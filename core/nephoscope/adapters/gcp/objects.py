"""Objects on Cloud Storage, each read in the generation that an Event named."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from urllib3.exceptions import HTTPError

from nephoscope.adapters.gcp.storage import Storage, objects_of
from nephoscope.adapters.pooled import copied
from nephoscope.errors import BadPayload, Transient
from nephoscope.events import ObjectRef


class GcsObjects:
    """The objects of every bucket that this function may read."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """Copy the content that an Event named into a file; returns its size, and copies no more than `most_bytes`."""
        generation = f"&generation={quote(ref.version)}" if ref.version else ""
        path = f"{objects_of(ref.bucket)}/{quote(ref.key, safe='')}?alt=media{generation}"
        found = self._storage.ask("GET", path, ref.url, but=404, whole=False)
        if found is None:
            raise gone(ref)
        with found:
            try:
                return copied(found, into, most_bytes=most_bytes)
            except HTTPError as error:
                raise Transient(f"Google's answer for {ref.url} broke off: {error}.") from error


def gone(ref: ObjectRef) -> BadPayload:
    """Tell that an object is not there, or not the content that was meant: what replaced it has an Event of its own."""
    if not ref.version:
        return BadPayload(f"'{ref.url}' is not there.", do="land it again")
    return BadPayload(
        f"'{ref.url}' is not there in the generation {ref.version} any more.",
        do="nothing if it was replaced: the new content is reported by itself",
    )
