"""
Which files of a folder count: what the manifests of the deliveries list.

AWS writes `…-Manifest.json` after all data files, and it lists them. Azure writes `manifest.json` with each run, and a
run holds all of its period to date. A run therefore takes the place of the older runs of its export whose periods it
covers; those of other weeks or months stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nephoscope.cost.bill import View
from nephoscope.cost.export_place import folder_of, month, month_of
from nephoscope.decoders import decoder
from nephoscope.errors import Unreadable

_DATA = (".parquet", ".csv", ".gz", ".zst", ".zip", ".jsonl", ".json", ".ndjson")
_STAMP = re.compile(r"\d{8}T\d{6}Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One manifest, and the files it lists."""

    manifest: Path
    export: str  # which export this is a run of
    first: str  # the period that the run tells of: its first and its last day or month, in ISO 8601
    last: str
    run: str  # what orders the runs
    keys: tuple[str, ...]  # the files, as the manifest spells them
    rows: int | None = None  # where the manifest counts them
    view: View = ""  # where the manifest tells it
    version: str = ""  # of FOCUS, where the manifest tells it: "1.0r2"

    @property
    def month(self) -> str:
        """The month that the run tells of; "" where it is not one month."""
        return month(self.first) if month(self.first) == month(self.last) else ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that count together: a delivery, or one file that no manifest lists."""

    paths: tuple[Path, ...]
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What counts, what is wrong with the deliveries, and which files do not count."""

    batches: tuple[Batch, ...]
    missing: tuple[tuple[Path, str], ...]  # (manifest, what is wrong with its delivery)
    superseded: tuple[Path, ...]


def choose(files: Iterable[Path]) -> Chosen:
    """Keep of the files in folders those that count."""
    everything = sorted(set(files))
    data = [path for path in everything if not is_manifest(path) and path.name.lower().endswith(_DATA)]
    deliveries: list[Delivery] = []
    missing: list[tuple[Path, str]] = []
    for path in filter(is_manifest, everything):
        try:
            deliveries.append(delivery(path))
        except Unreadable as error:
            missing.append((path, error.what.rstrip(".")))
    batches = []
    for one in newest(deliveries):
        if not one.keys:
            missing.append((one.manifest, without_files(one)))
            continue
        found = {key: _local(one, key, data) for key in one.keys}
        absent = [key for key, path in found.items() if path is None]
        if absent:
            missing.append((one.manifest, f"'{one.manifest.name}' lists '{absent[0]}', which is not there"))
        else:
            batches.append(Batch(tuple(path for path in found.values() if path is not None), one))
    claimed = {data_folder(one.manifest) for one in deliveries}
    listed = {path for batch in batches for path in batch.paths}
    loose = [path for path in data if path not in listed and not any(map(path.is_relative_to, claimed))]
    batches += [Batch((path,)) for path in loose]
    left = tuple(path for path in data if path not in listed and path not in set(loose))
    return Chosen(tuple(batches), tuple(missing), left)


def without_files(one: Delivery) -> str:
    """Say what is wrong with a delivery of nothing: that nothing came is not that nothing was charged."""
    return f"'{one.manifest.name}' lists no file"


def newest(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Keep the runs whose period no newer run of the same export covers, the newest last."""
    kept: list[Delivery] = []
    for one in sorted(deliveries, key=lambda one: one.run, reverse=True):
        if not any(_covers(newer, one) for newer in kept):
            kept.append(one)
    return kept[::-1]


def _covers(newer: Delivery, one: Delivery) -> bool:
    return newer.export == one.export and newer.first <= one.first and one.last <= newer.last


def is_manifest(path: Path) -> bool:
    """Whether a file is a manifest by its name."""
    return path.name.lower().endswith("manifest.json")


def around(manifest: Path) -> list[Path]:
    """The manifest and the files that it may list."""
    below = data_folder(manifest).rglob("*")
    return [manifest, *(path for path in below if path.is_file() and not is_manifest(path))]


def data_folder(manifest: Path) -> Path:
    """
    The folder of a manifest's data; what else lies in it are older deliveries of the same.

    >>> data_folder(Path("exp/metadata/BILLING_PERIOD=2026-05/20260510T061200Z/exp-Manifest.json")).as_posix()
    'exp/data/BILLING_PERIOD=2026-05'
    """
    for period in list(manifest.parents)[:2]:
        if period.parent.name.lower() == "metadata":
            return period.parent.parent / "data" / period.name
    return manifest.parent


class _Blob(msgspec.Struct, rename="camel"):
    blob_name: str


class _RunInfo(msgspec.Struct, rename="camel"):
    start_date: str
    end_date: str | None = None
    submitted_time: str | None = None


class _ExportConfig(msgspec.Struct, rename="camel"):
    export_name: str
    resource_id: str | None = None
    type: str | None = None
    data_version: str | None = None


class _AzureManifest(msgspec.Struct, rename="camel"):
    run_info: _RunInfo
    export_config: _ExportConfig
    blobs: list[_Blob]
    data_row_count: int | None = None


class _BillingPeriod(msgspec.Struct):
    start: str


class _AwsManifest(msgspec.Struct, rename="camel"):
    data_files: list[str | dict[str, object]] | None = None
    report_keys: list[str] | None = None
    billing_period: str | _BillingPeriod | None = None
    execution_id: str | None = None
    assembly_id: str | None = None


def delivery(path: Path) -> Delivery:
    """
    Read a manifest of AWS or Azure.

    Raises:
        Unreadable: It is no JSON, or a manifest of neither.
    """
    try:
        content = msgspec.json.decode(path.read_bytes().decode("utf-8-sig"))
        if isinstance(content, dict) and "blobs" in content:
            decoder(_AzureManifest)  # describes it, whatever the number of threads
            return _azure(path, msgspec.convert(content, _AzureManifest))
        decoder(_AwsManifest)
        return _aws(path, msgspec.convert(content, _AwsManifest))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unreadable(f"'{path.name}' is no manifest of a delivery: {error}.", do="deliver it again") from error


def _azure(path: Path, content: _AzureManifest) -> Delivery:
    run, config = content.run_info, content.export_config
    kind = (config.type or "").lower()
    return Delivery(
        manifest=path,
        export=f"{config.resource_id or ''}/{config.export_name}",
        first=run.start_date[:10],
        last=(run.end_date or f"{run.start_date[:7]}-31")[:10],
        run=f"{run.submitted_time or run.end_date or ''}/{path.parent.parent.name}/{path.parent.name}",
        keys=tuple(blob.blob_name for blob in content.blobs),
        rows=content.data_row_count,
        view="amortised" if kind.startswith("amorti") else "actual" if kind.startswith("actual") else "",
        version=config.data_version or "" if kind.startswith("focus") else "",
    )


def _aws(path: Path, content: _AwsManifest) -> Delivery:
    files = content.data_files if content.data_files is not None else content.report_keys
    if files is None:
        raise ValueError("it has neither `blobs` nor `dataFiles` nor `reportKeys`")
    period = content.billing_period
    start = period.start if isinstance(period, _BillingPeriod) else period or ""
    told = month(start.removeprefix("BILLING_PERIOD=")) or month_of(path.as_posix())
    stamp = path.parent.name if _STAMP.match(path.parent.name) else ""
    return Delivery(
        manifest=path,
        export=f"{folder_of(path.as_posix())}/{path.name}",
        first=told,
        last=told,
        run=f"{stamp}/{path.stat().st_mtime_ns:020d}/{content.execution_id or content.assembly_id or ''}",
        keys=tuple(map(_key, files)),
    )


def _key(entry: str | dict[str, object]) -> str:
    """A listed file; some manifests say more of it than its key, which then comes first."""
    values = [entry] if isinstance(entry, str) else [value for value in entry.values() if isinstance(value, str)]
    if not values:
        raise ValueError("it lists a file without a name")
    return values[0]


def _local(one: Delivery, key: str, data: list[Path]) -> Path | None:
    """
    Find a listed key among the files: where it lies as the key says, or beside the manifest.

    A file of the same name in the folder of another period, run or export is another file.
    """
    parts = key.split("://")[-1].split("/")
    candidates = [path for path in data if path.name == parts[-1] and _is_in_place(one, path, parts)]
    return max(candidates, key=lambda path: _shared(path, parts), default=None)


def _is_in_place(one: Delivery, path: Path, parts: list[str]) -> bool:
    """Whether a path and its manifest's begin in one folder, below which the path is as the key says."""
    if path.parent == one.manifest.parent:
        return True
    shared = _shared(path, parts)
    return shared > 1 and one.manifest.is_relative_to(path.parents[shared - 1])


def _shared(path: Path, parts: list[str]) -> int:
    """How many names at the end of a path and of a key are the same."""
    shared = 0
    for ours, theirs in zip(reversed(path.parts), reversed(parts), strict=False):
        if ours != theirs:
            break
        shared += 1
    return shared
