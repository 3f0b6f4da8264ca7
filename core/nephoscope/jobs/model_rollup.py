"""What no single cloud can know of a model: how far apart the clouds are, and which of them lag behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET

from nephoscope.findings import Finding, Severity, Verdict, at_most
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
        findings = [
            (finding.labels.get("cloud", each.cloud), finding)
            for each in newest
            if each.job == monitoring.JOB and each.known
            for finding in each.findings
        ]
        made: list[Finding] = []
        for name, model in configuration.models.items():
            clouds = model.clouds or stores(configuration.metric_stores)
            if len(clouds) > 1:
                made += _spreads(name, model, clouds, findings)
                made += _lags(name, model, clouds, findings)
        return tuple(made)

    return check


def stores(written: MetricStores) -> list[str]:
    """The clouds that have a metric store."""
    return [cloud for cloud in written.__struct_fields__ if getattr(written, cloud) is not UNSET]


def _spreads(
    name: str, model: Model, clouds: Iterable[str], findings: Iterable[tuple[str, Finding]]
) -> Iterable[Finding]:
    for metric_name, metric in model.metrics.items():
        if metric.spread is not UNSET:
            subject = f"{name}/{metric_name}"
            read = {cloud: _reading(finding) for cloud, finding in findings if finding.subject == subject}
            yield spread(
                name,
                metric_name,
                {cloud: read.get(cloud) for cloud in clouds},
                at_most(metric.spread),
                least_predictions=model.least_predictions,
                severity=Severity(metric.severity),
            )


def _reading(finding: Finding) -> Reading | None:
    if finding.value is None or finding.verdict is Verdict.UNKNOWN:
        return None
    predictions = finding.evidence.get("predictions")
    return Reading(float(finding.value), None if predictions is None else float(predictions))


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
