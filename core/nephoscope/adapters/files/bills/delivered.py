"""Deliveries in a bucket, or in a folder: the files that a landed manifest lists, read as one bill."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nephoscope.adapters.files.bills.deliveries import Batch, Chosen, Delivery, delivery, without_files
from nephoscope.adapters.files.bills.rollup import BillFiles, roll_up
from nephoscope.cost.bill import Bill
from nephoscope.cost.export_place import month, month_of
from nephoscope.errors import BadPayload, Unreadable
from nephoscope.events import ObjectRef
from nephoscope.ports import Objects

MANIFEST_BYTES = 16 * 1024**2
FILE_BYTES = 512 * 1024**2


class FetchedDeliveries:
    """Deliveries of a cloud's objects; a key never becomes a local path."""

    def __init__(self, objects: Objects, *, most_bytes: int = FILE_BYTES) -> None:
        self._objects = objects
        self._most_bytes = most_bytes

    def read(self, manifest: ObjectRef, *, by: Sequence[str], tags: Mapping[str, Collection[str]]) -> Bill:
        """
        Read the files that a landed manifest lists; one that is too large, elsewhere or gone leaves the bill unknown,
        and so does a disk that is full.

        Raises:
            BadPayload: The manifest is not there any more, or is none.
            Transient: The store does not answer.
        """
        with tempfile.TemporaryDirectory(prefix="nephoscope-bills-") as scratch:
            folder = Path(scratch)
            listed = self._listed(manifest, folder)
            batches, missing = [], []
            try:
                batches.append(Batch(self._fetched(manifest, listed, folder), listed))
            except (Unreadable, BadPayload) as error:
                missing.append((listed.manifest, error.what.rstrip(".")))
            except OSError as error:
                for path in folder.iterdir():
                    path.unlink()  # a full disk takes not even the engine's folder
                reason = f"its files cannot be kept here while they are read ({error.strerror or error})"
                missing.append((listed.manifest, reason))
            month = _month(listed, manifest.key)
            return roll_up(Chosen(tuple(batches), tuple(missing), ()), by=by, month=month, details=True, tags=tags)

    def _listed(self, manifest: ObjectRef, folder: Path) -> Delivery:
        path = folder / "manifest.json"
        self._objects.fetch(manifest, path, most_bytes=MANIFEST_BYTES)
        if not path.exists():
            raise BadPayload(f"'{manifest.url}' is too large for a manifest.", do="narrow the trigger")
        try:
            return replace(delivery(path), export=manifest.key)
        except Unreadable as error:
            raise BadPayload(error.what, do="narrow the trigger to manifests of bills") from error

    def _fetched(self, manifest: ObjectRef, listed: Delivery, folder: Path) -> tuple[Path, ...]:
        if not listed.keys:
            raise Unreadable(f"{without_files(listed)}.", do="look whether the export ran")
        paths = []
        for number, key in enumerate(listed.keys):
            place = _place(manifest, key)
            path = folder / f"{number:06}"
            size = self._objects.fetch(place, path, most_bytes=self._most_bytes)
            if not path.exists():
                raise Unreadable(
                    f"'{place.key}' has {size:,} bytes, at most {self._most_bytes:,} are read.", do="split it"
                )
            paths.append(path)
        return tuple(paths)


def _place(manifest: ObjectRef, key: str) -> ObjectRef:
    """
    Where a listed file lies: always in the manifest's own bucket.

    Raises:
        Unreadable: The manifest names another bucket.
    """
    scheme, separator, rest = key.partition("://")
    bucket, _, inside = rest.partition("/") if separator else (manifest.bucket, "", scheme)
    if bucket != manifest.bucket:
        raise Unreadable(f"'{manifest.key}' lists a file in another bucket, '{bucket}'.", do="look who wrote it")
    return replace(manifest, key=inside, version="", size=None)


def _month(listed: Delivery | None, key: str) -> str | None:
    """Which month a delivery is of, by its manifest or its folder; an exported row may tell of another one."""
    return month(listed.month if listed else "") or month_of(key) or None


class FolderDeliveries:
    """Deliveries in folders on this machine."""

    def read(self, manifest: ObjectRef, *, by: Sequence[str], tags: Mapping[str, Collection[str]]) -> Bill:
        """Read the files that a manifest in a watched folder lists."""
        path = Path(manifest.bucket) / manifest.key
        if not path.is_file():
            raise BadPayload(f"'{path}' is not there any more.", do="nothing if it was replaced")
        return BillFiles([str(path)]).read(by=by, month=_month(_told(path), manifest.key), details=True, tags=tags)


def _told(manifest: Path) -> Delivery | None:
    """What a manifest tells; None where it is none, which is said where its files are read."""
    try:
        return delivery(manifest)
    except Unreadable:
        return None
