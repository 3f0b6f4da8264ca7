"""From values of a model's metrics to what each cloud's store is to be written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nephoscope.monitoring.sample import Sample
from nephoscope.settings.configuration import Configuration
from nephoscope.settings.metric_stores import CloudWatch
from nephoscope.settings.models import Metric, Model
from nephoscope.settings.section import Cloud
from nephoscope.settings.watches import spelled, spelling


def samples(
    configuration: Configuration, cloud: Cloud, model: str, values: Mapping[str, float], *, at: datetime, version: str
) -> list[Sample]:
    """
    The samples of one cloud; a model that is not configured is spelled as the store usually spells.

    Raises:
        ValueError: A value is not finite.
    """
    store: Any = getattr(configuration.metric_stores, cloud)
    described = configuration.models.get(model, Model())
    usual = spelling(store)
    written: list[Sample] = []
    for name, value in values.items():
        asked = spelled(model, described, name, described.metrics.get(name, Metric()), cloud, usual)
        versioned = tuple(sorted({**dict(asked.labels), usual.version_label: version}.items()))
        # In CloudWatch a set of dimensions is a metric of its own: both are written, so that both are found.
        both = [asked.labels, versioned] if isinstance(store, CloudWatch) else [versioned]
        place = asked.namespace.split(",")[-1]  # of several tables, the one that is written to comes last
        written += [Sample(place, asked.name, labels, at, value) for labels in (both if version else [asked.labels])]
    return written
