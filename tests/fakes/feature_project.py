"""A Feast project in a folder; its features job runs as in a deployed function, by the Python that has Feast."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope import settings

ROOT = Path(__file__).parents[2]
FEAST = ROOT / ".venv-features" / "bin" / "python"
DEFINITIONS = """
from datetime import timedelta
from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Int64

user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
views = [
    FeatureView(
        name=name, entities=[user], ttl=timedelta(days=30), schema=[Field(name="age", dtype=Int64)],
        source=FileSource(name=name + "_source", path="users.parquet", timestamp_field="at"),
    )
    for name in ("user_features", "clicks")
]
user_features, clicks = views
"""
APPLY = """
from pathlib import Path
from nephoscope.adapters.local.clock import SystemClock
from nephoscope.registries import StoredRegistry
{opened}
StoredRegistry(state, SystemClock(), "shopping").apply(Path("registry.db").read_bytes())
"""


class FeatureProject:
    """Two views of users' ages, computed to a file and to a folder."""

    def __init__(self, folder, config, environment, opened):
        """
        Apply the project.

        Args:
            folder: An empty one.
            config: nephoscope.yaml.
            environment: What the function finds in its own.
            opened: Python that makes `state`, where the registry is kept.
        """
        if not FEAST.exists():
            pytest.skip("feast is not installed: make .venv-features")
        self.folder = folder
        self.environment = os.environ | {"PYTHONPATH": str(ROOT / "core"), "NEPHOSCOPE_CONFIG": "nephoscope.json"}
        self.environment |= environment
        (folder / "nephoscope.yaml").write_text(config)
        (folder / "nephoscope.json").write_bytes(settings.stage(folder / "nephoscope.yaml"))
        (folder / "definitions.py").write_text(DEFINITIONS)
        common = {"project": "shopping", "provider": "local", "registry": "registry.db"}
        common |= {"online_store": {"type": "sqlite"}, "entity_key_serialization_version": 3}
        (folder / "feature_store.yaml").write_text(json.dumps(common))
        self.users = folder / "users.parquet"
        at = pa.array([datetime.now(UTC) - timedelta(minutes=5)] * 3, pa.timestamp("us", "UTC"))
        pq.write_table(pa.table({"user_id": [1234, 1, 2], "at": at, "age": [41, 42, 43]}), self.users)
        self.called("-m", "feast.cli.cli", "apply")
        self.called("-c", APPLY.format(opened=opened))

    def called(self, *command, given=""):
        """Run Python; what it said on stderr."""
        done = subprocess.run(
            [FEAST, *command],
            input=given,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr

    def run(self, program, given):
        """Run the job; it has to end well."""
        said = self.called("-c", program, given=json.dumps(given))
        assert '"outcome": "done"' in said, said
