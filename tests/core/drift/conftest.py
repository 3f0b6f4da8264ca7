"""The tables that the peers were given, as files."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest
from nephoscope.cli.main import main

ORACLES = Path(__file__).parent / "oracles"
collect_ignore_glob = ["oracles/*"]  # scripts of the peers' environments

Paths = tuple[str, str]


def made_tables() -> ModuleType:
    """The module that makes the tables, which stands alone because the peers' environments lack everything else."""
    spec = importlib.util.spec_from_file_location("oracle_tables", ORACLES / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def oracle_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[int, int], int], Paths]:
    """Write a pair of tables of some size and seed, once."""
    folder = tmp_path_factory.mktemp("oracles")
    tables = made_tables().tables

    def files(size: tuple[int, int], seed: int) -> Paths:
        paths = (str(folder / f"{seed}.baseline.parquet"), str(folder / f"{seed}.window.parquet"))
        if not Path(paths[0]).exists():
            for table, path in zip(tables(size, seed), paths, strict=True):
                pq.write_table(table, path)
        return paths

    return files


@pytest.fixture
def drift_compare(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., dict[str, Any]]:
    """Run `drift compare` and read its JSON, its columns by name."""

    def run(paths: Paths, *options: str, code: int = 0) -> dict[str, Any]:
        assert main(["--output", "json", "drift", "compare", *paths, *options]) == code
        answer = json.loads(capsysbinary.readouterr().out)
        return {**answer, "columns": {column["column"]: column for column in answer["columns"]}}

    return run
