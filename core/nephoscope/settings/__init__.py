"""
The configuration: one strict nephoscope.yaml for all clouds.

The sections' types are the one source of its rules, its JSON Schema and its documentation. People's YAML is read by
`load`, which tells all mistakes at once; a handler's staged JSON by `loads_json`, which needs nothing but msgspec.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from nephoscope.decoders import decoder
from nephoscope.errors import BadSettings
from nephoscope.events import ObjectRef
from nephoscope.settings import references
from nephoscope.settings.channels import Apprise, Channel, Console, Ses, Slack, SlackBot, Smtp, Teams, Webhook
from nephoscope.settings.configuration import Configuration, DeadMan, Delivery
from nephoscope.settings.datasets import DataSet, LimitSetting
from nephoscope.settings.durations import duration
from nephoscope.settings.features import Features, SqliteStore
from nephoscope.settings.metric_stores import MetricStores
from nephoscope.settings.models import Model
from nephoscope.settings.routes import RootRoute, Route
from nephoscope.settings.urls import inside, located, url_of

__all__ = [
    "Apprise",
    "Channel",
    "Configuration",
    "Console",
    "DataSet",
    "DeadMan",
    "Delivery",
    "Features",
    "LimitSetting",
    "MetricStores",
    "Model",
    "RootRoute",
    "Route",
    "Ses",
    "Settings",
    "Slack",
    "SlackBot",
    "Smtp",
    "Teams",
    "Webhook",
    "duration",
    "load",
    "loads_json",
    "stage",
]


class Settings(Configuration, frozen=True, kw_only=True):
    """A configuration as it was read: its relative paths made absolute, with the hash of what was written."""

    hash: str  # of the canonical JSON, 16 hex digits; the same on every machine

    def dataset_of(self, ref: ObjectRef) -> str | None:
        """The data set whose place an object lies in."""
        url = url_of(ref)
        return next((name for name, dataset in self.datasets.items() if inside(url, dataset.objects)), None)


def load(path: Path) -> Settings:
    """
    Read a nephoscope.yaml.

    Raises:
        BadUsage: There is no such file, or it is a directory.
        BadSettings: It is no YAML, or it has mistakes: all of them, one line each.
    """
    # ruamel.yaml and jsonschema stay out of the handlers, which read staged JSON.
    from nephoscope.settings import reading

    return _settings(reading.configuration(path), path.absolute().parent)


def loads_json(body: bytes, folder: Path = Path()) -> Settings:
    """
    Read a configuration that was staged as JSON.

    Raises:
        BadSettings: It is none of ours; the first mistake only, for people have `nephoscope validate`.
    """
    try:
        configuration = decoder(Configuration).decode(body)
        plain: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _not_staged(str(error)) from error
    for mistake in references.mistakes(plain, folder):
        raise _not_staged(f"{'.'.join(map(str, mistake.at))}: found {mistake.found}, expected {mistake.expected}")
    return _settings(configuration, folder)


def stage(path: Path) -> bytes:
    """
    Read a nephoscope.yaml and write the JSON that a handler carries: paths as written, keys sorted, defaults left out.

    Raises:
        BadUsage, BadSettings: As `load` does.
    """
    from nephoscope.settings import reading

    return _canonical(reading.configuration(path))


def _canonical(configuration: Configuration) -> bytes:
    return msgspec.json.encode(configuration, order="sorted")


def _settings(configuration: Configuration, folder: Path) -> Settings:
    located_parts = {
        "topic": located(configuration.topic, folder),
        "state": located(configuration.state, folder),
        "stores": {cloud: located(url, folder) for cloud, url in configuration.stores.items()},
        "metric_stores": _located_metrics(configuration.metric_stores, folder),
        "features": _located_features(configuration.features, folder),
        "datasets": {name: _located(dataset, folder) for name, dataset in configuration.datasets.items()},
    }
    digest = hashlib.sha256(_canonical(configuration)).hexdigest()[:16]
    return Settings(**(msgspec.structs.asdict(configuration) | located_parts), hash=digest)


def _located(dataset: DataSet, folder: Path) -> DataSet:
    baseline = dataset.baseline if dataset.baseline is msgspec.UNSET else located(dataset.baseline, folder)
    return msgspec.structs.replace(dataset, objects=located(dataset.objects, folder), baseline=baseline)


def _located_metrics(stores: MetricStores, folder: Path) -> MetricStores:
    if stores.local is msgspec.UNSET:
        return stores
    local = msgspec.structs.replace(stores.local, path=located(stores.local.path, folder))
    return msgspec.structs.replace(stores, local=local)


def _located_features(features: Features | msgspec.UnsetType, folder: Path) -> Features | msgspec.UnsetType:
    if features is msgspec.UNSET:
        return features
    stores = {
        cloud: msgspec.structs.replace(store, path=located(store.path, folder))
        if isinstance(store, SqliteStore)
        else store
        for cloud, store in features.stores.items()
    }
    sources = {
        cloud: {view: located(place, folder) for view, place in views.items()}
        for cloud, views in features.sources.items()
    }
    repository = located(features.repository, folder)
    return msgspec.structs.replace(features, repository=repository, stores=stores, sources=sources)


def _not_staged(why: str) -> BadSettings:
    return BadSettings(
        f"The staged configuration cannot be read: {why}.", do="stage one that 'nephoscope validate' accepts"
    )
