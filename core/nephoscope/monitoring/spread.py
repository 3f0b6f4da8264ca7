"""How far apart the clouds are on the same metric of the same model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nephoscope.findings import Finding, Limit, Severity, Verdict, judge, unknown
from nephoscope.monitoring.version import cloud_name

CHECK = "monitoring.spread"


@dataclass(frozen=True, slots=True)
class Reading:
    """One cloud's value, and the predictions it rests on; None where they are not counted."""

    value: float
    predictions: float | None = None


def spread(
    model: str,
    metric: str,
    readings: Mapping[str, Reading | None],
    limit: Limit,
    *,
    least_predictions: float = 0.0,
    severity: Severity = Severity.MEDIUM,
) -> Finding:
    """
    Hold the distance of the highest from the lowest cloud against its limit.

    Args:
        model: The model.
        metric: The metric.
        readings: Cloud → what it read; None where it is not known.
        limit: The greatest good distance, in the metric's unit.
        least_predictions: A cloud with fewer says nothing, and is left out; one that does not count them is not known.
        severity: Of a breach.

    Returns:
        With fewer than two clouds that say something it is unknown. A cloud that is not known makes a good distance
        unknown, for it might lie further out; a breach stays one. The evidence holds the mean and the standard
        deviation of the clouds, weighted by predictions.

    >>> from nephoscope.findings import at_most
    >>> both = {"aws": Reading(0.91, 900.0), "azure": Reading(0.83, 100.0)}
    >>> found = spread("fraud_detection_v2", "accuracy", both, at_most(0.05))
    >>> print(found.verdict, found.reason, round(found.evidence["weighted_mean"], 3))
    breach AWS 0.91, Azure 0.83: 0.08 apart, at most 0.05 was expected. 0.902
    """
    known = {
        cloud: reading
        for cloud, reading in readings.items()
        if reading is not None and (reading.predictions is not None or least_predictions <= 0)
    }
    scarce = {cloud for cloud, each in known.items() if (each.predictions or 0.0) < least_predictions}
    told = {cloud: each for cloud, each in sorted(known.items()) if cloud not in scarce}
    blind = sorted(set(readings) - set(known))
    apart = max((r.value for r in told.values()), default=0.0) - min((r.value for r in told.values()), default=0.0)
    verdict = judge(apart, limit) if len(told) > 1 else Verdict.UNKNOWN
    subject, labels, evidence = f"{model}/{metric}", {"model": model}, _evidence(told)
    if verdict is Verdict.UNKNOWN or (blind and verdict is Verdict.OK):
        said = f"{_told(told, blind, scarce)}: nothing can be said of how far apart they are."
        return unknown(CHECK, subject, reason=said, limit=limit, severity=severity, labels=labels, evidence=evidence)
    reason = f"{_told(told, blind, scarce)}: {apart:.4g} apart, {limit} was expected."
    return Finding(CHECK, subject, verdict, reason, apart, limit, severity, labels, evidence)


def _told(told: Mapping[str, Reading], blind: list[str], scarce: set[str]) -> str:
    values = [f"{cloud_name(cloud)} {reading.value:.4g}" for cloud, reading in told.items()]
    few = [f"{cloud_name(cloud)} has too few predictions" for cloud in sorted(scarce)]
    return ", ".join([*values, *few, *(f"{cloud_name(cloud)} unknown" for cloud in blind)])


def _evidence(told: Mapping[str, Reading]) -> dict[str, float | str]:
    """The clouds' values and predictions; their mean and deviation weighted by predictions, where all count them."""
    evidence: dict[str, float | str] = {cloud: reading.value for cloud, reading in told.items()}
    counted = {cloud: each.predictions for cloud, each in told.items() if each.predictions is not None}
    evidence |= {f"predictions_{cloud}": predictions for cloud, predictions in counted.items()}
    whole = sum(counted.values())
    if not told or len(counted) < len(told) or whole <= 0:
        return evidence
    mean = sum(counted[cloud] * reading.value for cloud, reading in told.items()) / whole
    variance = sum(counted[cloud] * (reading.value - mean) ** 2 for cloud, reading in told.items()) / whole
    return evidence | {"weighted_mean": mean, "weighted_deviation": variance**0.5}
