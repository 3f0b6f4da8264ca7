"""
A Feast repository as the registry that it makes by itself.

The repository's Python is run in a process of its own, with an empty registry and an online store that is thrown away:
it sees neither the registry that counts nor what serves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from nephoscope.errors import BadSettings, BadUsage
from nephoscope.features.keys import VERSION

SECONDS = 300
QUIET = {"FEAST_USAGE": "False"}  # Feast reports its use to its makers otherwise
_INSTALL = "install nephoscope[features], or run the features image"


@dataclass(frozen=True, slots=True)
class FeastRepository:
    """A folder with a feature_store.yaml and the definitions beside it."""

    folder: Path
    project: str  # the one that the configuration names

    def registry(self) -> bytes:
        """
        Make the repository's registry.

        Raises:
            BadUsage: There is no such repository.
            BadSettings: It is of another project, asks for keys that are not written any more, or cannot be applied.
        """
        self._check(_read(self.folder))
        with tempfile.TemporaryDirectory(prefix="nephoscope-") as scratch:
            made = Path(scratch) / "registry.db"
            command = [sys.executable, "-m", "nephoscope.adapters.feast.apply", str(self.folder), str(made)]
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, timeout=SECONDS, check=False, env=os.environ | QUIET
            )
            if done.returncode:
                raise self._refused(done.stderr)
            return made.read_bytes()

    def _check(self, written: dict[str, Any]) -> None:
        if written.get("project") != self.project:
            raise BadSettings(
                f"The repository {self.folder} is of the project '{written.get('project')}', the configuration names"
                f" '{self.project}'.",
                do="correct features.project, or features.repository",
            )
        version = written.get("entity_key_serialization_version", VERSION)
        if version != VERSION:
            raise BadSettings(
                f"{self.folder}/feature_store.yaml asks for entity_key_serialization_version {version}; Feast writes"
                f" only {VERSION}.",
                do=f"set it to {VERSION} and write the online stores anew",
            )

    def _refused(self, told: str) -> BadSettings:
        if "No module named 'feast'" in told:
            return BadSettings("Feast is not installed here.", do=_INSTALL)
        lines = [line for line in told.splitlines() if line.strip()] or ["no reason was given"]
        return BadSettings(
            f"Feast cannot apply {self.folder}: {lines[-1].strip()}.".replace("..", "."), do="correct the repository"
        )


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "feature_store.yaml"
    try:
        written = YAML(typ="safe").load(path.read_text())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadUsage(f"There is no Feast repository at {folder}.", do="name one under features.repository") from error
    except YAMLError as error:
        raise BadSettings(f"{path} is no YAML.", do="correct it") from error
    return written if isinstance(written, dict) else {}
