"""Where a view's files lie: a path on this machine or in a bucket, and what Arrow reads it by."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pyarrow import fs

from nephoscope.errors import Transient, Unreadable
from nephoscope.events import ObjectRef
from nephoscope.features.reading import NoPart
from nephoscope.features.view import View
from nephoscope.settings.urls import inside, url_of

# As the configuration spells it, or as Feast and Spark do.
_AZURE = re.compile(
    r"(?:az://(?P<account>[^/]+)/(?P<container>[^/]+)|abfss?://(?P<first>[^/@]+)@(?P<named>[^/.]+)[^/]*)(?P<key>/.*)?"
)

_ENDINGS = (".parquet", ".parq", ".pq")
"""Of the parts of a folder; Feast reads the same."""

Version = tuple[int | None, int | None]
"""A file's size in bytes, and when it was written in nanoseconds, as far as its store tells (S3: whole seconds)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder of files."""

    url: str  # as the configuration spells places: a path, or s3://BUCKET/KEY
    path: str  # as the file system spells it
    filesystem: fs.FileSystem

    def files(self, landed: ObjectRef | None = None) -> list[str]:
        """
        The file there, the parts of the folder there, or the one part that landed.

        Raises:
            FileNotFoundError: There is none.
            NoPart: What landed is none.
        """
        if landed is not None and inside(url_of(landed), self.url):
            below = url_of(landed).removeprefix(self.url).lstrip("/")
            if below and not _is_part(below):
                raise NoPart(
                    f"'{below}' is no part of {self.url}.", do=f"write parts whose names end in {', '.join(_ENDINGS)}"
                )
            return [url_of(landed).replace(self.url, self.path, 1)]
        about = self.filesystem.get_file_info(self.path)
        if about.type is fs.FileType.NotFound:
            raise FileNotFoundError(self.path)
        if about.type is fs.FileType.File:
            return [self.path]
        found = self.filesystem.get_file_info(fs.FileSelector(self.path, recursive=True))
        files = [file.path for file in found if file.type is fs.FileType.File]
        parts = sorted(path for path in files if _is_part(path.removeprefix(self.path)))
        if not parts:
            raise FileNotFoundError(f"{self.path}/*.parquet")
        return parts

    def versions(self, files: list[str]) -> dict[str, Version]:
        """The version of each file as it is now, without reading it."""
        return {about.path: (about.size, about.mtime_ns) for about in self.filesystem.get_file_info(files)}

    def check(self, versions: dict[str, Version]) -> None:
        """
        Make sure that files still are what they were: what was read of them meanwhile is of one version.

        Raises:
            Transient: One was written anew, or is gone.
        """
        now = self.versions(list(versions))
        for path, version in versions.items():
            if now.get(path) != version:
                raise Transient(f"'{path}' was written anew while it was read.")


def place_of(view: View, folder: Path, azure: Callable[[str], fs.FileSystem], *, override: str = "") -> Place:
    """
    Find where a view's rows are computed to.

    Args:
        view: The view.
        folder: The repository's, which relative paths are relative to.
        azure: The blobs of a storage account of Azure's.
        override: Where this cloud reads them instead.

    Raises:
        Unreadable: The source is no file; only Feast knows how to read it.
    """
    url = override or view.source.uri
    if not url:
        raise Unreadable(
            f"The source of the view '{view.name}' is {view.source.kind or 'none'}, no file.",
            do="name its store under features.offline_store, or compute the view to Parquet",
        )
    if "://" not in url or url.startswith("file://"):
        path = str((folder / url.removeprefix("file://")).resolve())
        return Place(path, path, fs.LocalFileSystem())
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return Place(url, f"{parts.netloc}{parts.path}", _s3(view.source.endpoint))
    if found := _AZURE.fullmatch(url):
        account, container = found["account"] or found["named"], found["container"] or found["first"]
        path = f"{container}{found['key'] or ''}"
        return Place(f"az://{account}/{path}", path, azure(account))
    if parts.scheme == "gs":
        return Place(url, f"{parts.netloc}{parts.path}", _gs())
    filesystem, path = fs.FileSystem.from_uri(url)
    return Place(url, path, filesystem)


def _is_part(below: str) -> bool:
    """
    Whether a file below a folder holds rows; what Spark and others have not committed lies under an underscore.

    >>> _is_part("day=2/part-0.parquet"), _is_part("part-0.pq"), _is_part("_temporary/0/part-0.parquet")
    (True, True, False)
    """
    hidden = any(name.startswith(("_", ".")) for name in below.split("/"))
    return below.endswith(_ENDINGS) and not hidden


def _s3(endpoint: str) -> fs.FileSystem:
    """Where the source says, else where the environment's own words for AWS' SDKs say, which Arrow does not read."""
    endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint:
        return fs.S3FileSystem()
    parts = urlsplit(endpoint)
    return fs.S3FileSystem(endpoint_override=parts.netloc or endpoint, scheme=parts.scheme or "https")


def _gs() -> fs.FileSystem:
    """As the function's own identity; an emulator where the environment names one, as for Google's SDK."""
    if emulator := os.environ.get("STORAGE_EMULATOR_HOST"):
        at = urlsplit(emulator)
        return fs.GcsFileSystem(anonymous=True, scheme=at.scheme, endpoint_override=at.netloc)
    return fs.GcsFileSystem()
