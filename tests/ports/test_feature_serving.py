"""What Feast answers an application, asked through a registry that whoever can write it may have changed."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from fakes.feast_registry import registry_of
from nephoscope.errors import Permanent
from nephoscope.features.view import Source, View

pytestmark = pytest.mark.filterwarnings("ignore")  # Feast's own


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A registry of one view."""
    pytest.importorskip("feast", reason="feast is not installed: make .venv-features")
    monkeypatch.setenv("FEAST_USAGE", "False")
    return registry_of(View("users", {"user_id": 4}, {"age": 4}, Source("users.parquet", "", "at")))


def serving(registry: Any, folder: Path) -> Any:
    """What is asked, over a store without rows."""
    from nephoscope.adapters.feast.serving import FeastServing
    from nephoscope.adapters.online.sqlite import SqliteOnlineStore
    from nephoscope.features.registry import views

    written = registry.SerializeToString()
    SqliteOnlineStore(folder / "online.db", "shop").prepare(views(written, "shop")[0])
    return FeastServing({"type": "sqlite", "path": str(folder / "online.db")}, "shop", written)


@pytest.mark.parametrize("name", ["users:height", "nobody:age", "age", "users:age:height"])
def test_a_feature_that_is_not_there_is_said_so(registry: Any, tmp_path: Path, name: str) -> None:
    """A feature that was renamed, a view that is gone and a name that is none are a sentence, not a crash."""
    with pytest.raises(Permanent, match=name):
        serving(registry, tmp_path).features([name], {"user_id": 1})


def test_an_entity_of_other_keys_is_said_so(registry: Any, tmp_path: Path) -> None:
    """An entity that is asked for by a key that the view has not, or by a value that is no key, is a sentence."""
    for entity in ({"customer": 1}, {"user_id": "one"}):
        with pytest.raises(Permanent, match="users:age"):
            serving(registry, tmp_path).features(["users:age"], entity)


class Canary:
    """An object that leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


def test_code_of_a_view_that_a_view_is_made_from_is_never_run(registry: Any, tmp_path: Path) -> None:
    """However deep a registry hides a function, asking for features does not run it."""
    marker, spec = tmp_path / "canary", registry.feature_views[0].spec
    nested = spec.source_views.add()
    nested.CopyFrom(type(spec).FromString(spec.SerializeToString()))
    nested.name = "clicks"
    function = nested.feature_transformation.user_defined_function
    function.name, function.body, function.body_text = "canary", pickle.dumps(Canary(marker)), "canary"
    assert serving(registry, tmp_path).features(["users:age"], {"user_id": 1}) == {"users:age": None}
    assert not marker.exists()
