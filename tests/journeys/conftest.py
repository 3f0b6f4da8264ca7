"""What every journey needs: artefacts as they are deployed, and tables that drift."""

import io
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emulators import Recorder, free_port, started
from fakes.bursts import Chat

ROOT = Path(__file__).parent.parent.parent
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"

CONFIGURATION = """\
version: 1
hub: {hub}
topic: "{topic}"
state: "{state}"
stores: {stores}
datasets:
  flights:
    objects: "{objects}"
    columns:
      dep_delay: {{ks: {{at_most: 0.1}}, mean_diff: {{at_most: 15}}, null_share: {{at_most: 0.1}}}}
timers: {{monitoring: "*/5 * * * *", sweep: "* * * * *"}}
channels:
  room: {{type: slack, url: "env:ROOM_URL"}}
  mail:
    {{type: smtp, host: 127.0.0.1, port: {mail_port}, tls: none, sender: hub@x.invalid, recipients: [team@x.invalid]}}
route: {{channels: [room, mail], group_by: [dataset], group_wait: 0s, group_interval: 0s, repeat_interval: 4h}}
"""


@pytest.fixture(scope="session")
def staged(tmp_path_factory):
    """
    Stage an artefact once a run: `staged(cloud, job)` is its folder, without a configuration of its own.

    With a `config` it carries what that configuration's topic takes.
    """
    folders = {}
    root = tmp_path_factory.mktemp("build")
    plain = root / "nephoscope.yaml"
    plain.write_text("version: 1\n")

    def stage(cloud, job, python=RUNNING, *, config=plain):
        if (cloud, job, config) not in folders:
            out = root / str(len(folders))
            options = ("--python", python, "--config", config, "--out", out)
            command = [sys.executable, ROOT / "deploy" / "stage.py", cloud, job, *options]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            folders[cloud, job, config] = out / cloud / job
        return folders[cloud, job, config]

    return stage


@pytest.fixture
def configured(tmp_path):
    """Write a configuration as staging does: `configured(**values)` is what NEPHOSCOPE_CONFIG is to say."""
    from nephoscope import settings

    def write(*, stores, **values):
        written = tmp_path / "nephoscope.yaml"
        written.write_text(CONFIGURATION.format(stores=json.dumps(stores), **values))
        (tmp_path / "nephoscope.json").write_bytes(settings.stage(written))
        return str(tmp_path / "nephoscope.json")

    return write


@pytest.fixture(scope="session")
def tables():
    """Three landings: the one that becomes the Baseline, one like it, one that drifted."""
    chance = np.random.default_rng(2013)
    usual = [chance.exponential(12, 5_000) for _ in range(2)]
    return {
        "2013-01.parquet": parquet(usual[0]),
        "2013-02.parquet": parquet(usual[1]),
        "2013-07.parquet": parquet(usual[1] * 4 + 20),
    }


@pytest.fixture(scope="session", name="parquet")
def parquet_fixture():
    """Make a table of departure delays."""
    return parquet


def parquet(delays):
    """A table of departure delays in minutes."""
    out = io.BytesIO()
    pq.write_table(pa.table({"dep_delay": delays}), out)
    return out.getvalue()


class Room(Recorder):
    """A Slack room: it takes whatever is posted."""

    def answer(self, method, path, headers, body):
        """Say "ok", as Slack does; anything else is no delivery."""
        return 200, {}, b"ok"

    @property
    def env(self):
        """Where the configuration's room is."""
        return {"ROOM_URL": f"{self.url}/services/x"}

    @property
    def said(self):
        """Every post."""
        return [body.decode() for _, _, _, body in self.requests]


@pytest.fixture
def room():
    """Where people are told."""
    service = Room()
    yield service
    service.close()


@pytest.fixture
def chat():
    """Where a burst is told."""
    service = Chat()
    yield service
    service.close()


@pytest.fixture
def told(room, mailbox):
    """Whether people were told, in the room and by mail: `told()`."""
    return lambda: bool(room.said and mailbox[1])


@pytest.fixture
def told_once(room, mailbox):
    """Hold that people were told once each, of the column that drifted: `told_once()`."""

    def hold():
        [said] = room.said
        assert "dep_delay" in said
        assert len(mailbox[1]) == 1

    return hold


@pytest.fixture
def grid():
    """The stub of an Event Grid topic."""
    topic = Recorder()
    yield topic
    topic.close()


@pytest.fixture
def served():
    """Google's functions-framework: with it running, an entry point of a staged main.py has a URL."""
    return _served


@contextmanager
def _served(folder, target, env, log):
    port = free_port()
    options = ("--target", target, "--source", folder / "main.py", "--host", "127.0.0.1", "--port", port)
    command = (sys.executable, "-m", "functions_framework", *options)
    whole = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore", **env}
    with started(*command, port=port, env=whole, cwd=folder, log=log):
        yield f"http://127.0.0.1:{port}/"
