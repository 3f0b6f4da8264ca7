"""What no single cloud can know of its features: whether the others hold the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from nephoscope.features import parity
from nephoscope.features.parity import Sampled, from_reading
from nephoscope.findings import Finding
from nephoscope.jobs.rollup import Check, Newest
from nephoscope.settings import Configuration, Features, duration

JOB = "features"  # the job itself would bring numpy into the hub


def feature_check(configuration: Configuration) -> Check:
    """
    The check of `rollup` that compares what each cloud's run sampled.

    Args:
        configuration: Which clouds serve features, and how far apart they may be.

    Returns:
        Of the newest Reports it makes one Finding a view, over the clouds whose samples are known, and one for each
        cloud whose Report is late or whose store did not answer. It makes none for fewer than two clouds.
    """
    written = configuration.features

    def check(newest: Sequence[Newest]) -> tuple[Finding, ...]:
        if written is UNSET or len(written.stores) < 2:
            return ()
        return _compared(newest, written)

    return check


def _compared(newest: Sequence[Newest], written: Features) -> tuple[Finding, ...]:
    told: dict[str, dict[str, Any] | str] = {cloud: _told(cloud, newest, written.project) for cloud in written.stores}
    views = sorted({view for samples in told.values() if isinstance(samples, dict) for view in samples})
    if not views:
        return (parity.parity(written.project, {}),)
    tolerance = duration(written.skew).total_seconds()
    findings: list[Finding] = []
    for view in views:
        samples = {cloud: _sample(found, view) for cloud, found in told.items()}
        known = {cloud: sample for cloud, sample in samples.items() if isinstance(sample, Sampled)}
        findings.append(parity.parity(view, known, differing=written.differing, tolerance_seconds=tolerance))
        findings += [parity.silent(view, cloud, why) for cloud, why in samples.items() if isinstance(why, str)]
    return tuple(findings)


def _told(cloud: str, newest: Sequence[Newest], project: str) -> dict[str, Any] | str:
    """A cloud's readings by view, or why there are none."""
    reports = [each for each in newest if each.job == JOB and each.scope == project]
    for each in sorted(reports, key=lambda each: each.cloud != cloud):  # its own Report before one that asked all
        samples: dict[str, Any] | None = ((each.readings or {}).get("samples") or {}).get(cloud)
        if each.cloud == cloud and not each.known:
            return each.unknown
        if samples is not None and each.known:
            return samples
    return "no Report of its features is known"


def _sample(found: dict[str, Any] | str, view: str) -> Sampled | str:
    if isinstance(found, str):
        return found
    reading = found.get(view)
    if reading is None:
        return "its newest Report does not know the view"
    return str(reading["silent"]) if "silent" in reading else from_reading(reading)
