"""The handlers keep thin and alike, and import no more than their own cloud: A9."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parent.parent.parent / "functions"
HANDLERS = {"aws": "handler.py", "azure": "function_app.py", "gcp": "main.py"}
ENTRY_POINTS = {
    *(f"{job}_on_timer" for job in ("monitoring", "cost", "drift", "features", "sweep", "rollup")),
    *(f"{job}_on_object" for job in ("cost", "drift", "features")),
    "security_on_event",
    "notify_on_message",
}
MOST_SECONDS = 0.8
NEVER = {"numpy", "pandas", "pyarrow", "duckdb", "feast", "scipy"}
SDKS = {"aws": {"boto3", "botocore"}, "azure": {"azure.storage", "azure.identity"}, "gcp": {"google.cloud.storage"}}
NEEDS = {"aws": "aws_lambda_powertools", "azure": "azure.functions", "gcp": "functions_framework"}


def tree(cloud):
    """A handler's syntax tree."""
    return ast.parse((FUNCTIONS / cloud / HANDLERS[cloud]).read_text())


@pytest.mark.parametrize("cloud", HANDLERS)
def test_a_handler_is_thin(cloud):
    """A handler has at most 45 statements: it reads its payload and calls a job."""
    statements = [node for node in ast.walk(tree(cloud)) if isinstance(node, ast.stmt)]
    said = [node for node in statements if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    assert len(said) <= 45
    assert not any(isinstance(node, ast.For | ast.While | ast.Try) for node in said)


@pytest.mark.parametrize("cloud", HANDLERS)
def test_handlers_are_alike(cloud):
    """Each cloud has the same entry points, named for their job and their trigger."""
    names = {node.name for node in tree(cloud).body if isinstance(node, ast.FunctionDef)}
    assert names >= ENTRY_POINTS
    assert {name for name in names if "_on_" in name} - ENTRY_POINTS <= {"notify_on_push", "notify_on_post"}


@pytest.mark.parametrize("cloud", HANDLERS)
def test_a_handler_imports_no_other_cloud_and_nothing_heavy(cloud):
    """Importing a handler takes 0.8 s at most and loads no SDK, not its own cloud's either: these come on first use."""
    pytest.importorskip(NEEDS[cloud])
    module = HANDLERS[cloud].removesuffix(".py")
    began = "import json, sys, time; began = time.perf_counter()"
    told = "print(json.dumps([time.perf_counter() - began, sorted(sys.modules)]))"
    command = [sys.executable, "-W", "ignore", "-c", f"{began}; import {module}; {told}"]
    done = subprocess.run(command, cwd=FUNCTIONS / cloud, capture_output=True, text=True, check=True)
    seconds, modules = json.loads(done.stdout.splitlines()[-1])
    loaded = set(modules)
    assert seconds <= MOST_SECONDS
    assert loaded.isdisjoint(NEVER)
    for sdk in SDKS.values():
        assert loaded.isdisjoint(sdk)
    others = {
        "aws": {"azure.core", "azure.functions", "google.auth"},
        "azure": {"botocore", "google.auth"},
        "gcp": {"azure.core", "botocore"},
    }
    assert loaded.isdisjoint(others[cloud])
