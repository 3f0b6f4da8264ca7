"""Artefacts are made of what they say, the same each time, and within their sizes."""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CONFIGURATION = """\
version: 1
hub: {hub}
topic: "{topic}"
state: "{state}"
"""
HUBS = {
    "aws": ("sns:arn:aws:sns:eu-central-1:123456789012:t", "s3://hub"),
    "gcp": ("pubsub:projects/mlops/topics/t", "gs://hub"),
    "azure": ("eventgrid:https://t.westeurope-1.eventgrid.azure.net/api/events", "az://account/hub"),
}


def stage(folder, cloud, job, hub="gcp"):
    """Stage an artefact for the running Python; its zip."""
    topic, state = HUBS[hub]
    config = folder / "nephoscope.yaml"
    config.write_text(CONFIGURATION.format(hub=hub, topic=topic, state=state))
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    options = ("--python", python, "--config", config, "--out", folder / "build")
    command = [sys.executable, ROOT / "deploy" / "stage.py", cloud, job, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / cloud / f"{job}.zip"


def test_what_staging_needs_is_named(tmp_path):
    """Without uv one sentence says what is missing and what brings it: exit code 2, no trace."""
    config = tmp_path / "nephoscope.yaml"
    config.write_text(CONFIGURATION.format(hub="aws", topic=HUBS["aws"][0], state=HUBS["aws"][1]))
    python = tmp_path / "bin" / "python"  # an environment without uv beside it
    program = (
        "import runpy, sys; sys.executable = sys.argv.pop(1); runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    command = [sys.executable, "-c", program, str(python), str(ROOT / "deploy" / "stage.py"), "aws", "notify"]
    options = ("--config", str(config), "--out", str(tmp_path / "build"))
    environment = {"PATH": str(tmp_path / "bin"), "PYTHONPATH": str(ROOT / "deploy")}
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("uv is not installed here")
    assert "make deploy-setup" in done.stderr


@pytest.mark.parametrize("names", [("aws", "monitorng"), ("aws", "../keep"), ("..", "keep"), ("mars", "cost")])
def test_an_unknown_name_is_a_sentence_and_removes_nothing(tmp_path, names):
    """What is no cloud and no job is refused with exit code 2, before a folder of that name is touched."""
    kept = tmp_path / "build" / "keep" / "file"
    kept.parent.mkdir(parents=True)
    kept.touch()
    command = [sys.executable, ROOT / "deploy" / "stage.py", *names, "--out", tmp_path / "build"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(r"'\S+' is no (cloud|job) that is made here. To do: name one of ", done.stderr)
    assert done.stderr.count("\n") == 1
    assert kept.exists()


def module(name):
    """A module of deploy/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "deploy" / f"{name}.py")
    found = sys.modules.setdefault(name, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_same_commit_gives_the_same_bytes(tmp_path, cloud):
    """Two stagings in two folders have one hash, with the packages installed as in AWS and without."""
    zips = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        zips.append(stage(tmp_path / name, cloud, "notify"))
    with zipfile.ZipFile(zips[0]) as made:
        assert ("aws_lambda_powertools/__init__.py" in made.namelist()) == (cloud == "aws")
    assert len({hashlib.sha256(made.read_bytes()).hexdigest() for made in zips}) == 1


def test_an_artefact_has_its_parts_and_no_other(tmp_path):
    """The handler, the package compiled, the configuration as JSON and the lock; no command line and no demo."""
    with zipfile.ZipFile(stage(tmp_path, "gcp", "drift")) as made:
        names = set(made.namelist())
        assert b'"hub":"gcp"' in made.read("nephoscope.json")
        locked = made.read("requirements.txt").decode()
    assert {"main.py", "nephoscope/jobs/drift.py", "requirements.txt"} <= names
    assert any(name.startswith("nephoscope/jobs/__pycache__/drift.") for name in names)
    assert not any(name.startswith(("nephoscope/cli", "nephoscope/demo")) for name in names)
    assert "--hash=sha256:" in locked
    assert "http" not in locked.replace("httplib", "").replace("httpx", "").replace("aiohttp", "").replace(
        "httpcore", ""
    )


@pytest.mark.parametrize("hub", ["aws", "azure", "gcp"])
def test_only_a_topic_in_aws_brings_a_signer(tmp_path, hub):
    """A function carries nothing of another cloud, but for AWS's signer where the topic is there."""
    with zipfile.ZipFile(stage(tmp_path, "gcp", "security", hub)) as made:
        locked = made.read("requirements.txt").decode()
    assert ("botocore==" in locked) == (hub == "aws")
    assert "azure-identity==" not in locked


def test_every_artefact_has_its_lock():
    """Each job and each signer of each cloud is locked, with hashes and without an index."""
    artefacts = module("artefacts")
    for cloud in artefacts.CLOUDS:
        for job in (*artefacts.JOBS, *(signer for signer in artefacts.SIGNERS if signer != cloud)):
            locked = (ROOT / "functions" / cloud / "requirements" / f"{job}.txt").read_text()
            assert locked.count("==") <= locked.count("--hash=sha256:")
            assert "index-url" not in locked
            for wanted in artefacts.requirements(cloud, job):
                name = re.split(r"[\[>;]", wanted)[0]  # a lock names what extras bring, and no extras
                assert f"{name}==" in locked, f"{cloud} {job} lacks {name}: python deploy/stage.py --lock"


@pytest.mark.slow
@pytest.mark.parametrize("hub", ["aws", "azure", "gcp"])
@pytest.mark.parametrize("job", ["monitoring", "notify", "cost", "drift"])
def test_aws_artefacts_keep_their_sizes(tmp_path, job, hub):
    """Monitoring and notify at most 20 MiB zipped, cost 50, drift 225 unzipped, wherever the hub is."""
    made = stage(tmp_path, "aws", job, hub)
    assert made.stat().st_size > 0
    shutil.rmtree(tmp_path / "build")


def test_a_configuration_with_mistakes_is_not_staged(tmp_path):
    """Exit 2, every mistake in a line; what was staged before stays."""
    kept = tmp_path / "build" / "gcp" / "sweep" / "main.py"
    kept.parent.mkdir(parents=True)
    kept.touch()
    (tmp_path / "bad.yaml").write_text("version: 1\ntopics: x\nhub: mars\n")
    options = ("--config", tmp_path / "bad.yaml", "--out", tmp_path / "build")
    command = [sys.executable, ROOT / "deploy" / "stage.py", "gcp", "sweep", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "2 mistakes" in done.stderr
    assert kept.exists()
