"""Which version of a model a cloud serves, told by the newest points of a metric that has the version as a label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from nephoscope.findings import Finding, Severity, Verdict, unknown
from nephoscope.monitoring.answer import Series, Unknown

SERVED = "monitoring.version"
LAG = "monitoring.version_lag"


def served(model: str, cloud: str, versions: Mapping[str, Series] | Unknown) -> Finding:
    """
    Tell the version whose points are the newest; of several, which serve at the same time, the highest one.

    Args:
        model: The model.
        cloud: Where.
        versions: Version → its points, or why they are not known.
    """
    labels = {"model": model, "cloud": cloud}
    if isinstance(versions, Unknown):
        return unknown(SERVED, model, reason=versions.reason, labels=labels, evidence={"why": str(versions.lack)})
    newest = {name: series.points[-1].at for name, series in versions.items() if series.points}
    if not newest:
        return unknown(SERVED, model, reason="No version of it has any data.", labels=labels)
    last = max(newest.values())
    current = max((name for name, at in newest.items() if at == last), key=rank)
    beside = sorted((name for name, at in newest.items() if at == last and name != current), key=rank)
    also = f", and {', '.join(beside)} beside it" if beside else ""
    return Finding(
        SERVED,
        model,
        Verdict.OK,
        f"Version {current} is served{also}, as of {_time(last)}.",
        severity=Severity.LOW,
        labels=labels,
        evidence={"version": current, "as_of": last.isoformat()},
    )


def version_lag(model: str, versions: Mapping[str, str | None]) -> Finding:
    """
    Hold the clouds' versions of one model against the highest of them.

    Args:
        model: The model.
        versions: Cloud → the version it serves; None where it is not known.

    >>> print(version_lag("fraud_detection_v2", {"aws": "v10", "azure": "v9"}).reason)
    AWS serves v10, Azure serves v9: Azure is behind.
    """
    labels = {"model": model}
    known = {cloud: version for cloud, version in versions.items() if version is not None}
    blind = sorted(set(versions) - set(known))
    told = ", ".join(f"{cloud_name(cloud)} serves {version}" for cloud, version in sorted(known.items()))
    missing = f"{' and '.join(map(cloud_name, blind))} not known"
    highest = max(known.values(), key=rank, default="")
    behind = sorted(cloud for cloud, version in known.items() if version != highest)
    evidence: dict[str, float | str] = dict(sorted(known.items()))
    if behind:
        late = " and ".join(map(cloud_name, behind))
        reason = f"{told}{f', {missing}' if blind else ''}: {late} {'is' if len(behind) == 1 else 'are'} behind."
        return Finding(LAG, model, Verdict.BREACH, reason, severity=Severity.LOW, labels=labels, evidence=evidence)
    if blind:
        return unknown(
            LAG, model, reason=f"{told or 'No version is known'}, {missing}.", labels=labels, evidence=evidence
        )
    return Finding(LAG, model, Verdict.OK, f"{told}.", severity=Severity.LOW, labels=labels, evidence=evidence)


def rank(version: str) -> tuple[tuple[int, int, str], ...]:
    """
    Order versions as people do: numbers by their size.

    >>> sorted(["v10", "v9", "v9.1"], key=rank)
    ['v9', 'v9.1', 'v10']
    """
    parts = re.findall(r"\d+|\D+", version)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def cloud_name(cloud: str) -> str:
    """
    A cloud's name as people write it.

    >>> cloud_name("aws"), cloud_name("gcp")
    ('AWS', 'Google')
    """
    return {"aws": "AWS", "azure": "Azure", "gcp": "Google", "local": "this machine"}.get(cloud, cloud)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
