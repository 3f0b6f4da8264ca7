"""Whoever installs gets what we tested, from whatever index they use."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
GROUPS = PROJECT["dependency-groups"]
TESTED = ("apprise", "aws", "azure", "demo", "gcp", "html")
LOCKS = {
    "requirements-build.txt": GROUPS["build"],
    "requirements.txt": RUNTIME + EXTRAS["demo"] + EXTRAS["html"],
    "requirements-features.txt": RUNTIME + EXTRAS["features"] + GROUPS["features"],
    "requirements-dev.txt": RUNTIME + GROUPS["dev"] + [line for extra in TESTED for line in EXTRAS[extra]],
}


def pinned(lock: str) -> dict[str, set[str]]:
    """Each package of a lock with the versions that it may come in."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE
    ):
        found.setdefault(_normal(name), set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_the_project_asks_for(lock: str) -> None:
    """Each requirement is pinned, in a version that satisfies it: nobody forgot `make lock`."""
    versions = pinned(lock)
    for line in LOCKS[lock]:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        have = versions.get(_normal(wanted.name))
        assert have, f"{wanted.name} is not in {lock}: run make lock"
        assert any(wanted.specifier.contains(version) for version in have)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash_and_no_lock_names_an_index(lock: str) -> None:
    """A package is taken by its hash, and from no address of ours."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    for pin in re.split(r"\n(?=\S)", text.strip()):
        assert pin.startswith("#") or "--hash=sha256:" in pin


def test_no_file_names_a_machine() -> None:
    """No path of a developer's machine and no registry's host stands in a committed file."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    hosts = re.compile(r"files\.pythonhosted|//pypi\.|registry\.npmjs|deb\.debian|/home/[a-z]+/|/root/|/work/[a-z]+")
    for name in files.split("\0"):
        path = ROOT / name
        if not name or path == Path(__file__) or not path.is_file():
            continue
        found = hosts.search(path.read_text(encoding="utf-8", errors="ignore"))
        assert found is None, f"{name}: {found and found.group()}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
