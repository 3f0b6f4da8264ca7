"""What no single cloud can know of a model: how far apart the clouds are, and which of them lag behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import UNSET

from nephoscope.findings import Finding, Severity, at_most
from nephoscope.jobs import monitoring
from nephoscope.jobs.rollup import Check, Newest
from nephoscope.monitoring.spread import Reading, spread
from nephoscope.monitoring.version import SERVED, version_lag
from nephoscope.settings import Configuration, Model
from nephoscope.settings.metric_stores import MetricStores


def model_check(configuration: Configuration) -> Check:
    """
    The check of `rollup` that compares the clouds which serve the same model.

    Args:
        configuration: Which models are served where, and how far apart they may be.

    Returns:
        Of the newest Reports it makes one Finding a metric with a `spread` and one a model with `serving`, for models
        of two clouds and more. A cloud whose newest Report is late is unknown in them.
    """

    def check(newest: Sequence[Newest]) -> tuple[Finding, ...]:
        findings = _told(each for each in newest if each.job == monitoring.JOB)
        made: list[Finding] = []
        for name, model in configuration.models.items():
            clouds = model.clouds or stores(configuration.metric_stores)
            if len(clouds) > 1:
                made += _spreads(name, model, clouds, findings)
                made += _lags(name, model, clouds, findings)
        return tuple(made)

    return check


def _told(reports: Iterable[Newest]) -> list[tuple[str, Finding]]:
    """What the newest Report that speaks of a subject in a cloud says of it; nothing where that one is not known."""
    found = [(finding.labels.get("cloud", each.cloud), each, finding) for each in reports for finding in each.findings]
    latest: dict[tuple[str, str], datetime] = {}
    for cloud, each, finding in found:
        latest[cloud, finding.subject] = max(each.at, latest.get((cloud, finding.subject), each.at))
    return [
        (cloud, finding) for cloud, each, finding in found if each.known and each.at == latest[cloud, finding.subject]
    ]


def stores(written: MetricStores) -> list[str]:
    """The clouds that have a metric store."""
    return [cloud for cloud in written.__struct_fields__ if getattr(written, cloud) is not UNSET]


def _spreads(
    name: str, model: Model, clouds: Iterable[str], findings: Iterable[tuple[str, Finding]]
) -> Iterable[Finding]:
    for metric_name, metric in model.metrics.items():
        if metric.spread is not UNSET:
            subject = f"{name}/{metric_name}"
            about = [(cloud, finding) for cloud, finding in findings if finding.subject == subject]
            read = {cloud: found for cloud, finding in about if (found := _reading(finding)) is not None}
            yield spread(
                name,
                metric_name,
                {cloud: read.get(cloud) for cloud in clouds},
                at_most(metric.spread),
                least_predictions=model.least_predictions,
                severity=Severity(metric.severity),
            )


def _reading(finding: Finding) -> Reading | None:
    """What a metric showed in the last period, whatever its rules say of it."""
    newest, predictions = finding.evidence.get("newest"), finding.evidence.get("predictions")
    if newest is None:
        return None
    return Reading(float(newest), None if predictions is None else float(predictions))


def _lags(name: str, model: Model, clouds: Iterable[str], findings: Iterable[tuple[str, Finding]]) -> Iterable[Finding]:
    if model.serving is UNSET:
        return
    told: Mapping[str, object] = {
        cloud: finding.evidence.get("version")
        for cloud, finding in findings
        if finding.check == SERVED and finding.subject == name
    }
    versions = {cloud: told.get(cloud) for cloud in clouds}
    yield version_lag(name, {cloud: None if each is None else str(each) for cloud, each in versions.items()})
