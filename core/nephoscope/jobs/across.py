"""
What no single cloud can know of a model: how far apart the clouds are, and which of them lag behind.

The hub's `rollup` calls this with the newest monitoring Report of each cloud; a cloud whose newest Report is late is
left out, and is then unknown here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from nephoscope.findings import Finding, Severity, Verdict, at_most
from nephoscope.monitoring.spread import Reading, spread
from nephoscope.monitoring.version import SERVED, version_lag
from nephoscope.report import Report
from nephoscope.settings import Configuration, Model
from nephoscope.settings.metric_stores import MetricStores


def across_clouds(reports: Iterable[Report], configuration: Configuration) -> tuple[Finding, ...]:
    """
    Compare the clouds that serve the same model.

    Args:
        reports: The newest monitoring Report of each cloud, every part of it; late ones left out.
        configuration: Which models are served where, and how far apart they may be.

    Returns:
        One Finding a metric with a `spread`, one a model with `serving`, for models of two clouds and more.
    """
    findings = [(each.labels.get("cloud", report.cloud), each) for report in reports for each in report.findings]
    made: list[Finding] = []
    for name, model in configuration.models.items():
        clouds = model.clouds or stores(configuration.metric_stores)
        if len(clouds) > 1:
            made += _spreads(name, model, clouds, findings)
            made += _lags(name, model, clouds, findings)
    return tuple(made)


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
