"""Feast itself, as the oracle; its tests skip where it is not installed."""

import importlib
import warnings
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def feast() -> ModuleType:
    """Feast, with the modules that the tests compare with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("feast", reason="feast is not installed: make .venv-features")
        for name in ("type_map", "infra.key_encoding_utils", "infra.online_stores.helpers", "types", "utils"):
            importlib.import_module(f"feast.{name}")
    return module
