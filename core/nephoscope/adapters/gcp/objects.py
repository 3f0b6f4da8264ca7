"""Objects on Cloud Storage, each read in the generation that an Event named."""

from __future__ import annotations

from pathlib import Path

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Client

from nephoscope.adapters.gcp.refusals import translated
from nephoscope.errors import BadPayload
from nephoscope.events import ObjectRef

TIMEOUT_SECONDS = 60


class GcsObjects:
    """The objects of every bucket that this function may read."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """Copy the content that an Event named into a file; returns its size, and copies no more than `most_bytes`."""
        blob = self._client.bucket(ref.bucket).blob(ref.key, generation=int(ref.version) if ref.version else None)
        with translated(ref.url):
            try:
                blob.reload(timeout=TIMEOUT_SECONDS)
                size = int(blob.size or 0)
                if size <= most_bytes:
                    blob.download_to_filename(str(into), timeout=TIMEOUT_SECONDS)
                return size
            except (NotFound, PreconditionFailed) as error:
                raise gone(ref) from error


def gone(ref: ObjectRef) -> BadPayload:
    """Tell that a content is not there any more; the one that replaced it has an Event of its own."""
    return BadPayload(
        f"'{ref.url}' is not there in the generation {ref.version} any more.",
        do="nothing if it was replaced: the new content is reported by itself",
    )
