"""
The parts of tables that land in several objects, kept as Profiles until their folder is complete.

    parts/<data set>/<folder>/folder.json                    which folder it is, create-only
    parts/<data set>/<folder>/<microseconds>~<part>~<version>.profile       a part and when it landed, create-only
    parts/<data set>/<folder>/<microseconds>~<part>~<version>.unreadable    one that could not be read, and why
    parts/<data set>/<folder>/judged~<landed>                               it was judged when so many had landed

What is judged may be deleted by the store's lifecycle; a part that lands later, or anew, makes its folder incomplete
again. Of a part that landed more than once the newest counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from nephoscope.decoders import decoder
from nephoscope.drift.profile import Profile, from_json, merge, to_json
from nephoscope.errors import BadBaseline, BadRecord, Unreadable
from nephoscope.events import ObjectRef, ObjectWritten, stable_id
from nephoscope.ports import State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose parts have landed, as far as they have."""

    place: ObjectRef  # its key ends with a slash
    landed: int  # parts, and parts that replaced them
    newest: datetime  # when the last one landed


class _Why(msgspec.Struct):
    what: str
    do: str
    why: str


@dataclass(frozen=True, slots=True)
class StoredParts:
    """Parts beside the ledger of the cloud where the job runs."""

    state: State

    def add(self, dataset: str, event: ObjectWritten, found: Profile | Unreadable) -> None:
        """Keep a part, or why it could not be read; one that is kept already stays as it is."""
        folder = folder_of(event.object)
        prefix = _prefix(dataset, folder)
        when = (event.at - _EPOCH) // _MICROSECOND
        name = f"{when:018d}~{stable_id(event.object.key)}~{stable_id(event.object.version)}"
        self.state.create(f"{prefix}folder.json", msgspec.json.encode(folder))
        if isinstance(found, Unreadable):
            body = msgspec.json.encode(_Why(found.what, found.do, found.why))
            self.state.create(f"{prefix}{name}.unreadable", body)
        else:
            self.state.create(f"{prefix}{name}.profile", to_json(found))

    def whole(self, dataset: str, folder: ObjectRef) -> Profile:
        """
        A folder's parts as one table.

        Raises:
            Unreadable: There is no part, or one of them could not be read, or its record is damaged.
            BadBaseline: They were profiled over different bins.
        """
        # In the order in which they landed: the newest of each part is left.
        newest = {key.split("~")[1]: key for key in _landed(self.state.list(_prefix(dataset, folder)))}
        if not newest:
            do = "land the parts before the marker"
            raise Unreadable(f"No part of '{folder.key}' has landed.", do=do, why="NO_DATA")
        profiles = []
        for key in newest.values():
            found = self.state.get(key)
            if found is not None and key.endswith(".unreadable"):
                why = decoder(_Why).decode(found[0])
                raise Unreadable(f"One of {len(newest)} parts: {why.what}", do=why.do, why=why.why)
            if found is not None:
                profiles.append(_read(found[0], len(newest)))
        try:
            return merge(*profiles)
        except BadBaseline as error:
            do = f"land the parts of '{folder.key}' anew: each is profiled over the Baseline that counts then"
            raise BadBaseline(error.what, do=do) from error

    def judged(self, dataset: str, folder: Folder) -> None:
        """Note that a folder was judged as it is."""
        self.state.create(f"{_prefix(dataset, folder.place)}judged~{folder.landed}", b"")

    def folder(self, dataset: str, place: ObjectRef) -> Folder:
        """A folder as far as it has landed."""
        keys = list(self.state.list(_prefix(dataset, place)))
        return _folder(place, keys)

    def waiting(self, dataset: str) -> Iterator[Folder]:
        """The folders that were not judged since their last part landed."""
        folders: dict[str, list[str]] = defaultdict(list)
        for key in self.state.list(f"parts/{dataset}/"):
            folders[key.rpartition("/")[0]].append(key)
        for prefix, keys in folders.items():
            stored = self.state.get(f"{prefix}/folder.json")
            if stored is None:
                continue
            folder = _folder(decoder(ObjectRef).decode(stored[0]), keys)
            if folder.landed and f"{prefix}/judged~{folder.landed}" not in keys:
                yield folder


def folder_of(table: ObjectRef) -> ObjectRef:
    """
    The folder that an object lies in.

    >>> folder_of(ObjectRef("aws", "b", "flights/2013-02/part-0.parquet", "v1", 5)).key
    'flights/2013-02/'
    """
    return ObjectRef(table.provider, table.bucket, table.key[: table.key.rfind("/") + 1])


def _read(body: bytes, parts: int) -> Profile:
    try:
        return from_json(body)
    except BadRecord as error:
        raise Unreadable(f"The record of one of {parts} parts: {error.what}", do="land it anew") from error


def _prefix(dataset: str, folder: ObjectRef) -> str:
    return f"parts/{dataset}/{stable_id(folder.provider, folder.bucket, folder.key)}/"


def _folder(place: ObjectRef, keys: list[str]) -> Folder:
    landed = _landed(keys)
    newest = max((int(key.rpartition("/")[2].partition("~")[0]) for key in landed), default=0)
    return Folder(place, len(landed), _EPOCH + newest * _MICROSECOND)


def _landed(keys: Iterable[str]) -> list[str]:
    """The records of parts, in the order in which they landed."""
    return sorted(key for key in keys if key.endswith((".profile", ".unreadable")))
