"""Tables in local files, told as Profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from nephoscope.adapters.files.abreast import threads_of_this_machine
from nephoscope.adapters.files.formats import Content, Format, content_of
from nephoscope.adapters.files.limits import LAPTOP, ReadLimits
from nephoscope.adapters.files.parquet import open_parquet
from nephoscope.adapters.files.profiling import profile_table
from nephoscope.adapters.files.readings import Making
from nephoscope.adapters.files.streams import Unpacked
from nephoscope.adapters.files.text import read_text
from nephoscope.drift.profile import Kind, Profile, Source, from_json
from nephoscope.errors import BadPayload, BadRecord, Unreadable
from nephoscope.events import ObjectRef


class FileTables:
    """Files in a folder: the bucket is the folder, the key a path relative to it."""

    def __init__(
        self,
        *,
        bins: int = 1_024,
        limits: ReadLimits = LAPTOP,
        salt: str = "",
        kinds: Mapping[str, Kind] | None = None,
        threads: int | None = None,
    ) -> None:
        threads = threads or threads_of_this_machine()
        self._how = Making(bins=bins, salt=salt, kinds=kinds or {}, threads=threads)
        self._limits = limits

    def profile(
        self,
        table: ObjectRef,
        *,
        like: Profile | None = None,
        expected: str | None = None,
        key: tuple[str, ...] = (),
        file: Path | None = None,
    ) -> Profile:
        """
        Profile a file, over the bins of `like` where one is given; of another format than `expected` it is no table.

        Rows that repeat a `key`, that of `like` where none is given, are counted. `file` is where the content lies, if
        not where its name says.

        Raises:
            Unreadable: It is there and is no table that can be profiled.
            BadPayload: It is not there, or outside its folder.
        """
        path = file or _path(table)
        with pa.OSFile(str(path)) as opened:
            source = Source(url=table.url, version=table.version, size=opened.size())
            how = replace(self._how, like=like, key=key)
            return profile_file(opened, source, name=table.key, how=how, expected=expected, limits=self._limits)


def profile_file(
    file: pa.NativeFile,
    source: Source,
    *,
    name: str,
    how: Making,
    expected: str | None = None,
    limits: ReadLimits = LAPTOP,
) -> Profile:
    """
    Profile an open file of any known format; `name` is what people know it by.

    Raises:
        Unreadable: It is no table that can be profiled.
    """
    content = checked_content(file, name, expected, limits)
    if content.format is Format.PROFILE:
        return _stored(file, name)
    making = partial(profile_table, source=source, name=name, how=how)
    if content.format is Format.PARQUET:
        return making(open_parquet(file, name, limits))
    return read_text(Unpacked(file, content.compression, name, limits), content.format, how.like, making)


def checked_content(file: pa.NativeFile, name: str, expected: str | None, limits: ReadLimits) -> Content:
    """
    Tell what a file holds.

    Raises:
        Unreadable: It is too large, or not of the format that is expected.
    """
    if (size := file.size()) > limits.file_bytes:
        raise Unreadable(
            f"'{name}' has {size:,} bytes, at most {limits.file_bytes:,} are read.",
            do="split it, or read it with Spark",
        )
    content = content_of(file, name, limits)
    if expected and content.format != expected:
        raise Unreadable(
            f"'{name}' is {content.format}, the configuration says {expected}.",
            do="land the configured format, or configure this one",
        )
    if content.format is Format.PARQUET and content.compression:
        raise Unreadable(
            f"'{name}' is Parquet packed once more with {content.compression}.",
            do="land it unpacked: Parquet packs itself",
        )
    return content


def _stored(file: pa.NativeFile, name: str) -> Profile:
    try:
        profile = from_json(file.read())
    except BadRecord as error:
        raise Unreadable(f"'{name}' begins like a Profile and is none: {error.what}", do=error.do) from error
    if not profile.rows:
        raise Unreadable(f"'{name}' is a Profile of 0 rows.", do="profile a table that has some", why="NO_DATA")
    return profile


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
