"""Objects on S3, each read in the version that an Event named."""

from __future__ import annotations

from pathlib import Path

from urllib3.exceptions import HTTPError

from nephoscope.adapters.aws.refusals import GONE, TOO_LATE
from nephoscope.adapters.aws.storage import S3
from nephoscope.adapters.pooled import NONE, copied
from nephoscope.errors import BadPayload, Transient
from nephoscope.events import ObjectRef


class S3Objects:
    """The objects of every bucket that this function may read."""

    def __init__(self, s3: S3) -> None:
        self._s3 = s3

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """Copy the content that an Event named into a file; returns its size, and copies no more than `most_bytes`."""
        by_tag = ref.version.startswith('"')
        headers = {"If-Match": ref.version} if by_tag else NONE
        query = {"versionId": ref.version} if ref.version and not by_tag else NONE
        no = GONE | TOO_LATE
        found = self._s3.ask("GET", ref.bucket, ref.key, query=query, headers=headers, no=no, whole=False)
        if found is None:
            raise gone(ref)
        with found:
            try:
                return copied(found, into, most_bytes=most_bytes)
            except HTTPError as error:
                raise Transient(f"AWS' answer for {ref.url} broke off: {error}.") from error


def gone(ref: ObjectRef) -> BadPayload:
    """Tell that an object is not there, or not the content that was meant: what replaced it has an Event of its own."""
    if not ref.version:
        return BadPayload(f"'{ref.url}' is not there.", do="land it again")
    return BadPayload(
        f"'{ref.url}' is not there in the version {ref.version} any more.",
        do="nothing if it was replaced: the new content is reported by itself",
    )
