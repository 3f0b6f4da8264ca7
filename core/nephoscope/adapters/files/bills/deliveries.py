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

DATA_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".csv.zst", ".gz", ".zst", ".jsonl", ".json", ".ndjson")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One manifest, and the files it lists."""

    manifest: Path
    export: str  # which export this is a run of; the runs of one export and month replace each other
    month: str
    run: str  # what orders the runs
    files: tuple[str, ...]  # keys as the manifest spells them
    rows: int | None  # where the manifest counts them
    view: View  # "" where the manifest does not tell


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files that count, with what their manifests tell of them, and those that do not count."""

    files: tuple[Path, ...]
    views: Mapping[Path, View]
    missing: tuple[tuple[Path, str], ...]  # (manifest, what is wrong with its delivery)
    superseded: tuple[Path, ...]


def choose(files: Iterable[Path]) -> Chosen:
    """Keep of the files in folders those that count."""
    everything = sorted(files)
    data = [path for path in everything if not is_manifest(path) and path.name.lower().endswith(DATA_SUFFIXES)]
    deliveries, broken = [], []
    for path in everything:
        if is_manifest(path):
            try:
                deliveries.append(delivery(path))
            except Unreadable as error:
                broken.append((path, error.what))
    return _chosen(data, deliveries, broken)


def _chosen(data: list[Path], deliveries: list[Delivery], broken: list[tuple[Path, str]]) -> Chosen:
    newest: dict[tuple[str, str], Delivery] = {}
    for one in sorted(deliveries, key=lambda one: one.run):
        newest[one.export, one.month] = one
    views: dict[Path, View] = {}
    listed: dict[Path, None] = {}
    for one in newest.values():
        for key in one.files:
            path = _local(one, key, data)
            if path is None:
                broken.append((one.manifest, f"'{one.manifest.name}' lists '{key}', which is not there"))
            else:
                listed[path] = None
                views[path] = one.view
    claimed = {folder for one in deliveries for folder in _folders(one)}
    loose = [path for path in data if path not in listed and not any(path.is_relative_to(top) for top in claimed)]
    kept = [*listed, *loose]
    left = tuple(path for path in data if path not in set(kept))
    return Chosen(tuple(sorted(kept)), views, tuple(broken), left)


def _folders(one: Delivery) -> list[Path]:
    """The folders whose other files are old deliveries of the same export."""
    folder = one.manifest.parent
    if folder.parent.name.lower() == "metadata":
        return [folder.parent.parent / "data" / folder.name]
    return [folder]


def is_manifest(path: Path) -> bool:
    """Whether a file is a manifest by its name."""
    return path.name.lower().endswith("manifest.json")


def delivery(path: Path) -> Delivery:
    """
    Read a manifest of AWS or Azure.

    Raises:
        Unreadable: It is no JSON, or a manifest of neither.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
        if "blobs" in content:
            return _azure(path, content)
        return _aws(path, content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(
            f"'{path.name}' is no manifest of a delivery ({type(error).__name__}: {error}).", do="deliver it again"
        ) from error


def _azure(path: Path, content: Mapping[str, Any]) -> Delivery:
    run, config = content["runInfo"], content["exportConfig"]
    kind = str(config.get("type", "")).lower()
    view: View = "amortised" if kind.startswith("amorti") else "actual" if kind.startswith("actual") else ""
    return Delivery(
        manifest=path,
        export=f"{config.get('resourceId', '')}/{config['exportName']}",
        month=str(run["startDate"])[:7],
        run=f"{run.get('submittedTime') or run.get('endDate') or ''}/{path.parent.parent.name}/{path.parent.name}",
        files=tuple(blob["blobName"] for blob in content["blobs"]),
        rows=content.get("dataRowCount"),
        view=view,
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
        files=tuple(entry if isinstance(entry, str) else str(next(iter(entry.values()))) for entry in files),
        rows=None,
        view="",
    )


def _local(one: Delivery, key: str, data: list[Path]) -> Path | None:
    """Find a listed key among the files: the one that shares the most of its path's end."""
    parts = key.split("://")[-1].split("/")
    candidates = [path for path in data if path.name == parts[-1]]
    if not candidates:
        return None
    return max(candidates, key=lambda path: (_shared(path.parts, parts), path.is_relative_to(one.manifest.parent)))


def _shared(left: tuple[str, ...], right: list[str]) -> int:
    count = 0
    for ours, theirs in zip(reversed(left), reversed(right), strict=False):
        if ours != theirs:
            break
        count += 1
    return count
