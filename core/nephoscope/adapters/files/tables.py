"""Tables in local files, told as Profiles."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from nephoscope.adapters.files.columns import Opened
from nephoscope.adapters.files.formats import Format, content_of
from nephoscope.adapters.files.limits import ReadLimits
from nephoscope.adapters.files.parquet import open_parquet
from nephoscope.adapters.files.profiling import profile_table
from nephoscope.drift.profile import Profile, Source, from_json
from nephoscope.errors import BadPayload, BadRecord, Unreadable
from nephoscope.events import ObjectRef

BINS = 1_024


class FileTables:
    """Files in a folder: the bucket is the folder, the key a path relative to it."""

    def __init__(
        self,
        *,
        bins: int = BINS,
        expected: Format | None = None,
        limits: ReadLimits | None = None,
        salt: str = "",
    ) -> None:
        self._bins = bins
        self._expected = expected
        self._limits = limits or ReadLimits()
        self._salt = salt

    def profile(self, table: ObjectRef, *, like: Profile | None = None) -> Profile:
        """
        Profile a file, over the bins of `like` where one is given.

        Raises:
            Unreadable: It is there and is no table that can be profiled.
            BadPayload: It is not there, or outside its folder.
        """
        path = _path(table)
        with pa.OSFile(str(path)) as file:
            source = Source(url=table.url, version=table.version, size=file.size())
            return profile_file(
                file,
                source,
                name=table.key,
                like=like,
                bins=self._bins,
                expected=self._expected,
                limits=self._limits,
                salt=self._salt,
            )


def profile_file(
    file: pa.NativeFile,
    source: Source,
    *,
    name: str,
    like: Profile | None,
    bins: int,
    expected: Format | None,
    limits: ReadLimits,
    salt: str,
) -> Profile:
    """Profile an open file of any known format; `name` is what people know it by."""
    if (size := file.size()) > limits.file_bytes:
        raise Unreadable(
            f"'{name}' has {size:,} bytes, at most {limits.file_bytes:,} are read.",
            do="split it, or read it with Spark",
        )
    content = content_of(file, name)
    if expected and content.format is not expected:
        raise Unreadable(
            f"'{name}' is {content.format}, the configuration says {expected}.",
            do="land the configured format, or configure this one",
        )
    if content.format is Format.PROFILE:
        return _stored(file, name)
    return profile_table(_open(file, name, limits), source, name=name, like=like, bins=bins, salt=salt)


def _open(file: pa.NativeFile, name: str, limits: ReadLimits) -> Opened:
    return open_parquet(file, name, limits)


def _stored(file: pa.NativeFile, name: str) -> Profile:
    try:
        return from_json(file.read())
    except BadRecord as error:
        raise Unreadable(f"'{name}' begins like a Profile and is none: {error.what}", do=error.do) from error


def _path(table: ObjectRef) -> Path:
    folder = Path(table.bucket).resolve()
    path = (folder / table.key).resolve()
    if not path.is_relative_to(folder):
        raise BadPayload(
            f"The key {table.key!r} leads out of its folder '{folder}'.", do="name a file below the folder"
        )
    if not path.is_file():
        raise BadPayload(f"There is no file '{path}'.", do="land it again")
    return path
