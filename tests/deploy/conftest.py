"""
Terraform where no network is: its engine from `make deploy-tools`, its providers from recorded schemas.

The recorded schemas are no part of the project: a folder `shared/terraform` beside the checkout, or the one that
NEPHOSCOPE_TERRAFORM_OFFLINE names, holds them and the stand-in for the providers. Where there is none, what needs them
skips. NEPHOSCOPE_TERRAFORM_OFFLINE=registry takes the real providers instead.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
JOBS = ("monitoring", "cost", "drift", "features", "security", "sweep", "notify", "rollup")
OFFLINE = os.environ.get("NEPHOSCOPE_TERRAFORM_OFFLINE", str(ROOT.parent / "shared" / "terraform"))


@dataclass(frozen=True)
class Terraform:
    """A copy of deploy/ beside placeholder artefacts, so that nothing is left in the checkout."""

    deploy: Path
    environment: dict[str, str]

    def run(self, module: str, command: str, *arguments: str) -> tuple[int, str]:
        """Run one command in a module; returns its exit code and what it said."""
        program = [str(TOOLS), str(DEPLOY / "terraform.py"), str(self.deploy / module), command, *arguments]
        done = subprocess.run(
            program, env=os.environ | self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def made(self, module: str, test: str) -> dict[str, dict[str, dict[str, object]]]:
        """What each run of a test file made: its name, then each resource's address, then its values."""
        code, said = self.run(module, "test", f"-filter=tests/{test}", "-verbose", "-json")
        assert code == 0, said
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        states = {line["@testrun"]: line["test_state"] for line in lines if line["type"] == "test_state"}
        return {name: dict(_resources(state["root_module"])) for name, state in states.items()}


TOOLS = ROOT / ".venv-deploy" / "bin" / "python"


def _resources(module):
    for resource in module.get("resources", ()):
        if resource["mode"] == "managed":
            yield resource["address"], resource["values"]
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def modules() -> list[str]:
    """Every folder of deploy/ that holds Terraform files; the root is '.'."""
    return sorted({str(path.parent.relative_to(DEPLOY)) for path in DEPLOY.rglob("*.tf")})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a `module` once for each, and one for a `tested_module` for those that have tests."""
    if "module" in metafunc.fixturenames:
        metafunc.parametrize("module", modules())
    if "tested_module" in metafunc.fixturenames:
        tested = [name for name in modules() if list((DEPLOY / name).glob("tests/*.hcl"))]
        slow = {".": pytest.mark.slow}  # each combination of clouds from nothing
        metafunc.parametrize("tested_module", [pytest.param(name, marks=slow.get(name, ())) for name in tested])


@pytest.fixture(scope="session")
def tools() -> Path:
    """The Python that has Terraform and the plugin protocol."""
    if not TOOLS.exists():
        pytest.skip("no Terraform: make deploy-tools")
    return TOOLS


@pytest.fixture(scope="session")
def terraform(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform over a copy of deploy/, with providers."""
    folder = tmp_path_factory.mktemp("terraform")
    environment = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    if OFFLINE != "registry":
        stand_in = Path(OFFLINE) / "offline_mirror.py"
        if not stand_in.exists():
            pytest.skip(
                f"no providers: neither recorded schemas in {OFFLINE} nor NEPHOSCOPE_TERRAFORM_OFFLINE=registry"
            )
        subprocess.run([str(tools), str(stand_in), str(folder)], check=True)
        environment["TF_CLI_CONFIG_FILE"] = str(folder / "terraform.rc")
    shutil.copytree(DEPLOY, folder / "deploy", ignore=shutil.ignore_patterns(".terraform*", "__pycache__"))
    for cloud in ("aws", "azure", "gcp"):
        (folder / "build" / cloud).mkdir(parents=True)
        for job in JOBS:
            (folder / "build" / cloud / f"{job}.zip").write_text(f"{cloud} {job}")
    return Terraform(folder / "deploy", environment)


@pytest.fixture(scope="session")
def initialised(terraform: Terraform):
    """Terraform in a module, its providers found."""
    done: set[str] = set()

    def initialise(module: str) -> Terraform:
        if module not in done:
            code, said = terraform.run(module, "init", "-no-color", "-backend=false")
            assert code == 0, said
            done.add(module)
        return terraform

    return initialise
