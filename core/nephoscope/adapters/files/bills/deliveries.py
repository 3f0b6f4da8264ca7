"""
Which files of a folder count: what the manifests of the deliveries list.

AWS writes `…-Manifest.json` after all data files, and it lists them. Azure writes `manifest.json` with each run, and
"each run is a full month-to-date snapshot": of one export and month only the newest run counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nephoscope.cost.bill import View
from nephoscope.errors import Unreadable

_DATA = (".parquet", ".csv", ".gz", ".zst", ".zip", ".jsonl", ".json", ".ndjson")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One manifest, and the files it lists."""

    manifest: Path
    export: str  # which export this is a run of; the runs of one export and month replace each other
    month: str
    run: str  # what orders the runs
    keys: tuple[str, ...]  # the files, as the manifest spells them
    rows: int | None = None  # where the manifest counts them
    view: View = ""  # where the manifest tells it
    version: str = ""  # of FOCUS, where the manifest tells it: "1.0r2"


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
    claimed = {folder for one in deliveries for folder in _folders(one)}
    listed = {path for batch in batches for path in batch.paths}
    loose = [path for path in data if path not in listed and not any(map(path.is_relative_to, claimed))]
    batches += [Batch((path,)) for path in loose]
    left = tuple(path for path in data if path not in listed and path not in set(loose))
    return Chosen(tuple(batches), tuple(missing), left)


def without_files(one: Delivery) -> str:
    """Say what is wrong with a delivery of nothing: that nothing came is not that nothing was charged."""
    return f"'{one.manifest.name}' lists no file"


def newest(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Keep the newest run of each export and month."""
    kept: dict[tuple[str, str], Delivery] = {}
    for one in sorted(deliveries, key=lambda one: one.run):
        kept[one.export, one.month] = one
    return list(kept.values())


def _folders(one: Delivery) -> list[Path]:
    """The folders whose other files are old deliveries of the same export."""
    folder = one.manifest.parent
    if folder.parent.name.lower() == "metadata":
        return [folder.parent.parent / "data" / folder.name]
    return [folder]


def is_manifest(path: Path) -> bool:
    """Whether a file is a manifest by its name."""
    return path.name.lower().endswith("manifest.json")


def around(manifest: Path) -> list[Path]:
    """The manifest and the files that it may list."""
    top = manifest.parent.parent.parent if manifest.parent.parent.name.lower() == "metadata" else manifest.parent
    return [manifest, *(path for path in top.rglob("*") if path.is_file() and not is_manifest(path))]


def delivery(path: Path) -> Delivery:
    """
    Read a manifest of AWS or Azure.

    Raises:
        Unreadable: It is no JSON, or a manifest of neither.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
        return _azure(path, content) if "blobs" in content else _aws(path, content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(
            f"'{path.name}' is no manifest of a delivery ({type(error).__name__}: {error}).", do="deliver it again"
        ) from error


def _azure(path: Path, content: Mapping[str, Any]) -> Delivery:
    run, config = content["runInfo"], content["exportConfig"]
    kind = str(config.get("type", "")).lower()
    return Delivery(
        manifest=path,
        export=f"{config.get('resourceId', '')}/{config['exportName']}",
        month=str(run["startDate"])[:7],
        run=f"{run.get('submittedTime') or run.get('endDate') or ''}/{path.parent.parent.name}/{path.parent.name}",
        keys=tuple(blob["blobName"] for blob in content["blobs"]),
        rows=content.get("dataRowCount"),
        view="amortised" if kind.startswith("amorti") else "actual" if kind.startswith("actual") else "",
        version=str(config.get("dataVersion") or "") if kind.startswith("focus") else "",
    )


def _aws(path: Path, content: Mapping[str, Any]) -> Delivery:
    files = content["dataFiles"] if "dataFiles" in content else content["reportKeys"]
    period = content.get("billingPeriod") or path.parent.name
    start = str(period["start"] if isinstance(period, Mapping) else period)
    run = str(content.get("executionId") or content.get("assemblyId") or "")
    return Delivery(
        manifest=path,
        export=path.name,
        month=start.removeprefix("BILLING_PERIOD=").replace("-", "")[:6],
        run=f"{path.stat().st_mtime_ns:020d}/{run}",
        keys=tuple(entry if isinstance(entry, str) else str(next(iter(entry.values()))) for entry in files),
    )


def _local(one: Delivery, key: str, data: list[Path]) -> Path | None:
    """Find a listed key among the files: the one that shares the most of its path's end."""
    parts = key.split("://")[-1].split("/")
    candidates = [path for path in data if path.name == parts[-1]]
    return max(candidates, key=lambda path: _rank(one, path, parts), default=None)


def _rank(one: Delivery, path: Path, parts: list[str]) -> tuple[int, bool]:
    shared = 0
    for ours, theirs in zip(reversed(path.parts), reversed(parts), strict=False):
        if ours != theirs:
            break
        shared += 1
    return shared, path.is_relative_to(one.manifest.parent)
