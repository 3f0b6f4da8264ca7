"""The published schema of a stored Profile is the one of the code, and real Profiles obey it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift.profile import json_schema, to_json
from nephoscope.events import ObjectRef

PUBLISHED = Path(__file__).parents[3] / "docs" / "profile.schema.json"


def test_the_published_schema_is_fresh() -> None:
    """To make it anew: python -c "…json_schema()…" > docs/profile.schema.json."""
    assert json.loads(PUBLISHED.read_text()) == json.loads(json.dumps(json_schema()))


def test_profiles_obey_the_published_schema(oracle_files: Callable[..., Any]) -> None:
    """A Profile of every kind of column, with nulls, NaN and infinite values."""
    path = Path(oracle_files((700, 500), 0)[0])
    profile = FileTables().profile(ObjectRef("local", str(path.parent), path.name))
    schema = json.loads(PUBLISHED.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(to_json(profile)))
