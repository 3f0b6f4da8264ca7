"""Feast's own configuration and views, made of our registry's bytes without running what is stored in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feast import FeatureView, RepoConfig, StreamFeatureView
from feast.protos.feast.core.Registry_pb2 import Registry

from nephoscope.features.keys import VERSION


def configuration(project: str, online_store: Mapping[str, Any], registry: Path, **more: Any) -> RepoConfig:
    """A repository's configuration that names one online store and a registry file that is only read."""
    return RepoConfig(
        project=project,
        provider="local",
        registry={"registry_type": "file", "path": str(registry), "cache_ttl_seconds": 0},
        online_store=dict(online_store),
        entity_key_serialization_version=VERSION,
        **more,
    )


def feast_views(registry: bytes, project: str) -> dict[str, FeatureView]:
    """The project's feature views by name; functions in them are not unpickled."""
    found = Registry.FromString(registry)
    plain = [
        FeatureView.from_proto(view, skip_udf=True) for view in found.feature_views if view.spec.project == project
    ]
    streamed = [
        StreamFeatureView.from_proto(view, skip_udf=True)
        for view in found.stream_feature_views
        if view.spec.project == project
    ]
    return {view.name: view for view in [*plain, *streamed]}
