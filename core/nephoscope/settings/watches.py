"""From the configured models to what one cloud is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from msgspec import UNSET

from nephoscope.monitoring.canary import Trial
from nephoscope.monitoring.query import Query, labelled, query
from nephoscope.monitoring.watch import Rule, Watch
from nephoscope.settings.configuration import Configuration
from nephoscope.settings.durations import duration
from nephoscope.settings.metric_stores import AzureMonitor, CloudMonitoring, CloudWatch, LocalMetrics
from nephoscope.settings.models import Metric, Model
from nephoscope.settings.section import Cloud


@dataclass(frozen=True, slots=True)
class Spelled:
    """How a store spells metrics and models."""

    namespace: str
    model_label: str
    version_label: str
    snake: bool  # accuracy rather than Accuracy


@dataclass(frozen=True, slots=True)
class Versions:
    """The queries of two versions of a model: the compared metric, and what counts its predictions."""

    trial: Trial
    period: timedelta
    periods: int
    queries: Mapping[str, Query]  # version → the metric
    weights: Mapping[str, Query]  # version → its predictions; empty where they are not counted


@dataclass(frozen=True, slots=True)
class Asked:
    """One cloud's share of the models: what is watched there, and how long its store takes."""

    watches: tuple[Watch, ...]
    weights: Mapping[str, Query]  # model → what counts its predictions
    serving: Mapping[str, tuple[Query, timedelta]]  # model → what carries the version as a label, and its period
    trials: tuple[Versions, ...]
    version_label: str
    lag: timedelta
    deadline: timedelta


def asked(configuration: Configuration) -> dict[str, Asked]:
    """
    What each cloud with a metric store is asked.

    >>> from nephoscope.settings.metric_stores import MetricStores
    >>> models = {"fraud_detection_v2": Model()}
    >>> one = Configuration(version=1, models=models, metric_stores=MetricStores(aws=CloudWatch()))
    >>> [str(watch.query) for watch in asked(one)["aws"].watches]
    ['MLOps/Models/Accuracy{ModelName=fraud_detection_v2}']
    """
    stores: dict[Cloud, Any] = {cloud: getattr(configuration.metric_stores, cloud) for cloud in get_args(Cloud)}
    return {
        cloud: Asked(
            tuple(_watches(configuration, cloud, spelling(store))),
            dict(_weights(configuration, cloud, spelling(store))),
            dict(_serving(configuration, cloud, spelling(store))),
            tuple(_trials(configuration, cloud, spelling(store))),
            spelling(store).version_label,
            duration(store.lag),
            duration(store.deadline),
        )
        for cloud, store in stores.items()
        if store is not UNSET
    }


def spelling(store: CloudWatch | AzureMonitor | CloudMonitoring | LocalMetrics) -> Spelled:
    """A store's usual way to spell."""
    match store:
        case CloudWatch():
            return Spelled(store.namespace, store.model_label, store.version_label, snake=False)
        case AzureMonitor():
            return Spelled(",".join(tables(store)), store.model_label, store.version_label, snake=False)
        case CloudMonitoring():
            return Spelled(store.prefix, store.model_label, store.version_label, snake=True)
        case LocalMetrics():
            return Spelled("models", "model_name", "model_version", snake=True)


def tables(store: AzureMonitor) -> list[str]:
    """
    The tables that are read: those named, and the one that `metrics put` writes to.

    >>> from nephoscope.settings.metric_stores import Ingestion
    >>> tables(AzureMonitor(ingestion=Ingestion(endpoint="https://dce", rule="dcr-1")))
    ['AppMetrics', 'NephoscopeMetrics_CL']
    """
    written = [] if store.ingestion is UNSET else [store.ingestion.stream.removeprefix("Custom-")]
    return list(dict.fromkeys([*store.tables, *written]))


def pascal(name: str) -> str:
    """
    A metric's name as CloudWatch and Application Insights write it.

    >>> pascal("accuracy"), pascal("latency_ms")
    ('Accuracy', 'LatencyMs')
    """
    return "".join(part.capitalize() for part in name.split("_"))


def _models(configuration: Configuration, cloud: Cloud) -> Iterator[tuple[str, Model]]:
    for name, model in configuration.models.items():
        if not model.clouds or cloud in model.clouds:
            yield name, model


def _watches(configuration: Configuration, cloud: Cloud, usual: Spelled) -> Iterator[Watch]:
    for name, model in _models(configuration, cloud):
        for metric_name, metric in model.metrics.items():
            asking = spelled(name, model, metric_name, metric, cloud, usual)
            for rule in _rules(metric):
                yield Watch(
                    name,
                    metric_name,
                    cloud,
                    asking,
                    rule,
                    duration(metric.period),
                    metric.patience(),
                    metric.urgency(),
                )


def _rules(metric: Metric) -> list[Rule]:
    rules: list[Rule] = [
        *([] if metric.limit is UNSET else [metric.limit.limit()]),
        *([] if metric.reference is UNSET else [metric.reference.reference()]),
        *([] if metric.adaptive is UNSET else [metric.adaptive.adaptive()]),
    ]
    return rules or [None]


def _weights(configuration: Configuration, cloud: Cloud, usual: Spelled) -> Iterator[tuple[str, Query]]:
    for name, model in _models(configuration, cloud):
        if model.weight is not UNSET:
            yield name, spelled(name, model, model.weight, model.metrics[model.weight], cloud, usual)


def _serving(
    configuration: Configuration, cloud: Cloud, usual: Spelled
) -> Iterator[tuple[str, tuple[Query, timedelta]]]:
    for name, model in _models(configuration, cloud):
        if model.serving is not UNSET:
            metric = model.metrics[model.serving]
            yield name, (spelled(name, model, model.serving, metric, cloud, usual), duration(metric.period))


def _trials(configuration: Configuration, cloud: Cloud, usual: Spelled) -> Iterator[Versions]:
    for name, model in _models(configuration, cloud):
        if model.canary is UNSET:
            continue
        versions = (model.canary.stable, model.canary.canary)
        metric = model.metrics[model.canary.metric]
        compared = spelled(name, model, model.canary.metric, metric, cloud, usual)
        weight = {} if model.weight is UNSET else {model.weight: model.metrics[model.weight]}
        counted = [spelled(name, model, counting, each, cloud, usual) for counting, each in weight.items()]
        yield Versions(
            model.canary.trial(name, cloud),
            duration(metric.period),
            model.canary.periods,
            {version: labelled(compared, usual.version_label, version) for version in versions},
            {version: labelled(each, usual.version_label, version) for each in counted for version in versions},
        )


def spelled(name: str, model: Model, metric_name: str, metric: Metric, cloud: Cloud, usual: Spelled) -> Query:
    """One metric of one model, as one cloud spells it."""
    own = metric.spelled.get(cloud)
    labels = {usual.model_label: model.names.get(cloud, name)}
    there = metric_name if usual.snake else pascal(metric_name)
    if own is None:
        return query(usual.namespace, there, labels, statistic=metric.statistics())
    return query(
        usual.namespace if own.namespace is UNSET else own.namespace,
        there if own.name is UNSET else own.name,
        labels if own.labels is UNSET else own.labels,
        statistic=metric.statistics(),
        resource="" if own.resource is UNSET else own.resource,
    )
