"""`python -m nephoscope.adapters.feast.apply REPOSITORY REGISTRY` writes the registry that a repository makes."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def write(repository: Path, registry: Path) -> None:
    """Run a repository's definitions and apply them to an empty registry."""
    warnings.simplefilter("ignore")
    os.chdir(repository)
    sys.path.insert(0, str(repository))
    sys.dont_write_bytecode = True

    from feast import FeatureStore, Project, RepoConfig
    from feast.repo_operations import parse_repo

    written: dict[str, Any] = YAML(typ="safe").load(os.path.expandvars(Path("feature_store.yaml").read_text()))
    scratch = {
        "provider": "local",
        "registry": {"registry_type": "file", "path": str(registry), "cache_ttl_seconds": 0},
        "online_store": {"type": "sqlite", "path": str(registry.with_name("online.db"))},
    }
    found = parse_repo(repository)
    projects = found.projects or [Project(name=written["project"], description="")]
    store = FeatureStore(config=RepoConfig(**{**written, **scratch}, repo_path=repository))
    store.apply(
        [
            *projects,
            *found.data_sources,
            *found.entities,
            *found.feature_views,
            *found.on_demand_feature_views,
            *found.stream_feature_views,
            *found.label_views,
            *found.feature_services,
            *found.permissions,
        ]
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
