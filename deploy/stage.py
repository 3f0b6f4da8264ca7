"""
Make what is deployed: `stage.py CLOUD [JOB]` leaves build/CLOUD/JOB/ and build/CLOUD/JOB.zip.

An artefact is functions/CLOUD, a copy of core/nephoscope, the configuration as JSON and the locked packages for the
cloud's platform, compiled for its Python. The same commit, configuration and Python give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import artefacts
from artefacts import BOUNDS, CLOUDS, HANDLERS, JOBS, MIB, NOT_STAGED, PACKAGES, SIGNERS, TRIMMED, Bound
from nephoscope import settings
from nephoscope.errors import BadUsage, NephoscopeError
from nephoscope.wiring.topics import CLOUD_OF

ROOT = Path(__file__).resolve().parent.parent
PLATFORM = "x86_64-manylinux_2_28"
FOR_ALL = ("--universal", "--python-version", "3.11")
STAMP = (1980, 1, 1, 0, 0, 0)  # the zip format's first day
FILE_MODE = 0o100644 << 16


def main(arguments: list[str]) -> int:
    """Stage what the command line names, or lock it; tell the sizes."""
    asked = _parser().parse_args(arguments)
    try:
        _check_names(asked.clouds, CLOUDS, "cloud")
        _check_names(asked.jobs, (*JOBS, "features", *SIGNERS) if asked.lock else JOBS, "job")
        for cloud in asked.clouds:
            for job in (*asked.jobs, *also_locked(cloud)) if asked.lock else asked.jobs:
                if asked.lock:
                    lock(cloud, job)
                else:
                    stage(cloud, job, python=asked.python, config=asked.config, out=asked.out)
    except NephoscopeError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _check_names(asked: Iterable[str], known: Collection[str], what: str) -> None:
    """Refuse an unknown name before anything is removed: the names are folders."""
    for name in asked:
        if name not in known:
            raise BadUsage(f"'{name}' is no {what} that is made here.", do=f"name one of {', '.join(known)}")


def stage(cloud: str, job: str, *, python: str, config: Path, out: Path) -> Path:
    """
    Stage one artefact and hold it to its size.

    Returns:
        Its folder; the zip has the same name with .zip.

    Raises:
        BadUsage: Something that it is made of is not there, or it has become too large.
    """
    folder = out / cloud / job
    staged = settings.stage(config)
    pinned = locked_for(cloud, job, settings.loads_json(staged).topic)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    locked = folder / "requirements.txt"
    locked.write_text(pinned)
    if (packages := PACKAGES[cloud]) is not None:
        _install(locked, folder / packages, python)
        locked.unlink()
    for name in HANDLERS[cloud]:
        shutil.copy(ROOT / "functions" / cloud / name, folder / name)
    _copy_core(folder)
    (folder / "nephoscope.json").write_bytes(staged)
    _compile(folder, python)
    zipped = _zip(folder)
    _hold(zipped, folder, BOUNDS.get((cloud, job), Bound()))
    return folder


def also_locked(cloud: str) -> list[str]:
    """What is locked beside a cloud's jobs: the image of features, and what publishing to another cloud takes."""
    return ["features", *(signer for signer in SIGNERS if signer != cloud)]


def locked_for(cloud: str, job: str, topic: str) -> str:
    """The locked packages of an artefact: the job's, and the signer of the cloud that the topic is in."""
    found = dict(_pinned(lock_of(cloud, job)))
    abroad = CLOUD_OF.get(topic.partition(":")[0], cloud)
    if abroad != cloud and abroad in SIGNERS and job != "notify":
        found |= dict(_pinned(lock_of(cloud, abroad)))
    return "".join(found[name] for name in sorted(found))


def _pinned(locked: Path) -> Iterator[tuple[str, str]]:
    """Each pinned package of a lock, as its name with its markers, and its lines."""
    for block in re.split(r"\n(?=\S)", locked.read_text().rstrip("\n")):
        name, _, rest = block.partition("==")
        yield f"{name} {rest.partition(';')[2].partition(chr(92))[0]}", f"{block}\n"


def lock_of(cloud: str, job: str) -> Path:
    """Where an artefact's locked packages stand."""
    if job == "features":
        return ROOT / "deploy" / "features" / f"{cloud}.txt"
    return ROOT / "functions" / cloud / "requirements" / f"{job}.txt"


def lock(cloud: str, job: str) -> None:
    """Lock an artefact's packages for every Python from 3.11 on: versions and hashes, no index."""
    target = lock_of(cloud, job)
    target.parent.mkdir(exist_ok=True)
    wanted = "\n".join(artefacts.requirements(cloud, job))
    options = ("--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet")
    command = [_uv(), "pip", "compile", "-", *options, *FOR_ALL, "--output-file", str(target)]
    subprocess.run(command, input=wanted, text=True, check=True, env=_environment())


def _uv() -> str:
    found = shutil.which("uv", path=_environment()["PATH"])
    if found is None:
        raise BadUsage("uv is not installed here, which brings an artefact's packages.", do="make deploy-setup")
    return found


def _install(locked: Path, into: Path, python: str) -> None:
    options = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--link-mode", "copy", "--quiet")
    where = ("--python-platform", PLATFORM, "--python-version", python)
    command = [_uv(), "pip", "install", *options, *where, "--target", str(into), "--requirement", str(locked)]
    subprocess.run(command, check=True, env=_environment())
    (into / ".lock").unlink(missing_ok=True)
    for pattern in TRIMMED:
        for found in sorted(into.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink()


def _copy_core(folder: Path) -> None:
    shutil.copytree(ROOT / "core" / "nephoscope", folder / "nephoscope", ignore=shutil.ignore_patterns("__pycache__"))
    for name in NOT_STAGED:
        place = folder / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()


def _compile(folder: Path, python: str) -> None:
    """Compile for the cloud's Python; with hashes that nobody checks, so that no time stamp counts."""
    places = ("-s", str(folder), "-p", "/")
    unchecked = ("--invalidation-mode", "unchecked-hash")
    command = [interpreter(python), "-m", "compileall", "-q", *places, *unchecked, str(folder)]
    subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "0"}, check=True)


def interpreter(python: str) -> str:
    """
    A Python of this version on this machine.

    Raises:
        BadUsage: There is none.
    """
    if python == _running():
        return sys.executable
    of_pyenv = Path(os.environ.get("PYENV_ROOT", "/nowhere")).glob(f"versions/{python}.*/bin/python{python}")
    for found in (shutil.which(f"python{python}"), *map(str, sorted(of_pyenv))):
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return found
    raise BadUsage(f"There is no python{python} to compile with.", do=f"install it, or say --python {_running()}")


def _zip(folder: Path) -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in _files(folder):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), STAMP)
            entry.external_attr, entry.compress_type = FILE_MODE, zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return target


def _hold(zipped: Path, folder: Path, bound: Bound) -> None:
    sizes = (zipped.stat().st_size, sum(file.stat().st_size for file in _files(folder)))
    print(f"{folder}: {sizes[0] / MIB:.1f} MiB zipped, {sizes[1] / MIB:.1f} MiB unzipped")
    for size, most, how in zip(sizes, (bound.zipped_bytes, bound.unzipped_bytes), ("zipped", "unzipped"), strict=True):
        if most and size > most:
            raise BadUsage(
                f"{folder} has {size / MIB:.1f} MiB {how}, at most {most / MIB:.0f} are allowed.",
                do="trim what is not used in deploy/artefacts.py",
            )


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())


def _running() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _environment() -> dict[str, str]:
    """Our own tools first: the environment's uv."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stage.py", description=__doc__.splitlines()[1])
    parser.add_argument("clouds", nargs="?", default=CLOUDS, type=lambda name: (name,), help=", ".join(CLOUDS))
    parser.add_argument("jobs", nargs="?", default=JOBS, type=lambda name: (name,), help=", ".join(JOBS))
    parser.add_argument("--python", default="3.13", help="the cloud's Python (default: 3.13)")
    parser.add_argument("--config", type=Path, default=Path("nephoscope.yaml"), help="default: nephoscope.yaml")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="default: build")
    parser.add_argument("--lock", action="store_true", help="make the locks anew instead")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
