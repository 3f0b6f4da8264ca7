"""Smoke: what an application would ask of each cloud, asked of each cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nephoscope.findings import Finding, Severity, Verdict, unknown

CHECK = "features.smoke"


def smoke(features: Sequence[str], cloud: str, answer: Mapping[str, Any]) -> Finding:
    """
    Judge one cloud's answer.

    Args:
        features: What was asked for: "user_features:age".
        cloud: Who was asked.
        answer: By the same names, the values; None where the cloud has none, as Feast says it.

    >>> str(smoke(["user_features:age"], "aws", {"user_features:age": None}).verdict)
    'breach'
    """
    absent = [name for name in features if answer.get(name) is None]
    told = f"{len(features) - len(absent)} of {len(features)} features answered"
    if absent:
        told += f"; no value of {', '.join(absent)}"
    return Finding(
        CHECK,
        ", ".join(features),
        Verdict.BREACH if absent else Verdict.OK,
        told,
        severity=Severity.HIGH,
        labels={"cloud": cloud},
    )


def silent(features: Sequence[str], cloud: str, why: str) -> Finding:
    """A cloud that did not answer."""
    return unknown(CHECK, ", ".join(features), reason=why, severity=Severity.HIGH, labels={"cloud": cloud})
