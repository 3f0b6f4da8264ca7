"""A Feast registry of one view, as `feast apply` writes it, of Feast's own messages."""

import pytest

FILE = "feast.infra.offline_stores.file_source.FileSource"


def registry_of(view):
    """The registry of the project `shop` with a view, its entities and the file that it is read from."""
    pb2 = pytest.importorskip("feast.protos.feast.core.Registry_pb2", reason="feast is not installed")
    found = pb2.Registry()
    found.projects.add().spec.name = "shop"
    spec = found.feature_views.add().spec
    spec.name, spec.project, spec.online = view.name, "shop", True
    spec.ttl.FromTimedelta(view.ttl)
    for key, kind in view.join_keys.items():
        entity = found.entities.add().spec
        entity.name, entity.project, entity.join_key, entity.value_type = f"of_{key}", "shop", key, kind
        spec.entities.append(entity.name)
        spec.entity_columns.add(name=key, value_type=kind)
    for name, kind in view.features.items():
        spec.features.add(name=name, value_type=kind)
    source = spec.batch_source
    source.name, source.type, source.data_source_class_type = "source", 1, FILE
    source.timestamp_field, source.file_options.uri = view.source.timestamp_field, view.source.uri or "users.parquet"
    return found
