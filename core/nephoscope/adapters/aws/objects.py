"""Objects on S3, each read in the version that an Event named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from nephoscope.adapters.aws.refusals import GONE, TOO_LATE, code, translated
from nephoscope.errors import BadPayload
from nephoscope.events import ObjectRef

CHUNK_BYTES = 8 * 1024 * 1024


class S3Objects:
    """The objects of every bucket that this function may read."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """Copy the content that an Event named into a file; returns its size, and copies no more than `most_bytes`."""
        with translated(ref.url):
            try:
                found = self._client.get_object(Bucket=ref.bucket, Key=ref.key, **_version(ref))
                if found["ContentLength"] <= most_bytes:
                    with into.open("wb") as file:
                        for chunk in found["Body"].iter_chunks(CHUNK_BYTES):
                            file.write(chunk)
                return int(found["ContentLength"])
            except ClientError as error:
                if code(error) not in GONE | TOO_LATE:
                    raise
                raise gone(ref) from error


def gone(ref: ObjectRef) -> BadPayload:
    """Tell that a content is not there any more; the one that replaced it has an Event of its own."""
    return BadPayload(
        f"'{ref.url}' is not there in the version {ref.version} any more.",
        do="nothing if it was replaced: the new content is reported by itself",
    )


def _version(ref: ObjectRef) -> dict[str, str]:
    if not ref.version:
        return {}
    return {"IfMatch": ref.version} if ref.version.startswith('"') else {"VersionId": ref.version}
