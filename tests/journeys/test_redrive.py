"""`nephoscope redrive --from`: the dead letters of a hub in a cloud, by the command that its alarm names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from emulators import AWS_ENVIRONMENT, AZURE_ACCOUNT, Recorder
from fakes import dead_letters as fakes
from nephoscope.cli.main import main
from nephoscope.cli.schemas import ANSWERS

pytest.importorskip("boto3")
pytest.importorskip("azure.storage.blob")

AZURE_TOPIC = "eventgrid:{url}/api/events"
TOPICS = {"sqs": "sns:arn:aws:sns:eu-central-1:123456789012:nephoscope", "pubsub": "pubsub:projects/mlops/topics/t"}
HUBS = {
    "sns": ("aws", "s3://acme-hub/state"),
    "eventgrid": ("azure", "az://acmehub/state"),
    "pubsub": ("gcp", "gs://acme-hub/state"),
}
Ask = Callable[..., dict[str, Any]]


class Grid(Recorder):
    """A topic of Event Grid, and the identity by which App Service publishes to it."""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """A token, or yes to an event."""
        if path.startswith("/token"):
            self.requests.pop()
            return 200, {}, json.dumps({"access_token": "t", "expires_on": "4102444800"}).encode()
        return 200, {}, b""


@pytest.fixture
def grid() -> Iterator[Grid]:
    """The stub of an Event Grid topic."""
    topic = Grid()
    yield topic
    topic.close()


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Runs the command with a configuration of this topic; its JSON keeps its schema."""

    def asked(topic: str, *words: str, code: int = 0) -> dict[str, Any]:
        config = tmp_path / "nephoscope.yaml"
        hub, state = HUBS[topic.partition(":")[0]]
        config.write_text(f'version: 1\nhub: {hub}\ntopic: "{topic}"\nstate: {state}\n')
        capsys.readouterr()
        assert main(["--config", str(config), "--output", "json", "redrive", *words]) == code
        told = capsys.readouterr()
        document: dict[str, Any] = json.loads(told.out or "{}")
        if told.out:
            msgspec.json.decode(told.out, type=ANSWERS["redrive"])
        return {**document, "err": told.err}

    return asked


@pytest.mark.parametrize("kind", ["sqs", "pubsub", "grid", "poison"])
def test_a_hub_in_any_cloud_redrives_its_dead_letters(
    kind: str, request: pytest.FixtureRequest, ask: Ask, grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First only a look, then new tries, each once; then nothing waits."""
    environment = {"IDENTITY_ENDPOINT": f"{grid.url}/token", "IDENTITY_HEADER": "h", **AWS_ENVIRONMENT}
    topic = TOPICS.get(kind, AZURE_TOPIC.format(url=grid.url))
    if kind == "sqs":
        place = fakes.sqs(request.getfixturevalue("moto"))
        environment["AWS_ENDPOINT_URL"] = request.getfixturevalue("moto")
    elif kind == "pubsub":
        place = fakes.pubsub(request.getfixturevalue("pubsub"))
        environment["PUBSUB_EMULATOR_HOST"] = request.getfixturevalue("pubsub")
    else:
        connection = environment["AZURE_STORAGE_CONNECTION_STRING"] = request.getfixturevalue("azurite")
        place = fakes.grid(connection, grid) if kind == "grid" else fakes.poison(connection)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    place.put(["a", "b", "c"])

    looked = ask(topic, "--from", place.name, "--dry-run")
    assert (len(looked["letters"]), looked["dry_run"], looked["err"]) == (3, True, "")
    assert place.came() == []
    redriven = ask(topic, "--from", place.name)
    assert [letter["published_at"] for letter in redriven["letters"]] == [
        letter["published_at"] for letter in looked["letters"]
    ]
    assert sorted(place.came()) == ["a", "b", "c"]
    assert ask(topic, "--from", place.name)["letters"] == []


def test_what_stays_is_told(ask: Ask, grid: Grid, azurite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many and what to do, on stderr; a pipeline may make it exit code 3."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{grid.url}/token")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite)
    folder = fakes.container(azurite)
    landed = fakes.given_up(fakes.event("1", type="Microsoft.Storage.BlobCreated"), 1)
    folder.upload_blob("NEPHOSCOPE-DRIFT/1.json", json.dumps([landed]))
    place = f"az://{AZURE_ACCOUNT}/{folder.container_name}"
    told = ask(AZURE_TOPIC.format(url=grid.url), "--from", place, "--fail-on", "unknown", code=3)
    assert told["letters"] == []
    assert told["err"].startswith("1 stays: Microsoft.Storage.BlobCreated was published by Azure itself")
    assert "To do: write the blob that it tells of again" in told["err"]


def test_a_command_that_is_killed_loses_nothing(
    ask: Ask, grid: Grid, azurite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL between what it sent and what it takes away: the letter comes once more, and then no more."""
    place, topic = fakes.grid(azurite, grid), AZURE_TOPIC.format(url=grid.url)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{grid.url}/token")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite)
    place.put(["a"])
    assert len(ask(topic, "--from", place.name, "--dry-run")["letters"]) == 1
    running: list[subprocess.Popen[bytes]] = []

    def kills(method: str, *_: object) -> bool:
        if method == "DELETE":
            running[0].kill()
            running[0].wait()
        return method == "DELETE"

    between = fakes.Between(place.service, kills)
    command = (sys.executable, "-m", "nephoscope", "--config", tmp_path / "nephoscope.yaml", "redrive", "--from")
    rerouted = {"AZURE_STORAGE_CONNECTION_STRING": fakes.rerouted(azurite, between.url)}
    running.append(subprocess.Popen([*command, place.name], env=os.environ | rerouted))
    assert running[0].wait(60) == -signal.SIGKILL
    between.close()
    assert place.came() == ["a"]
    assert len(ask(topic, "--from", place.name)["letters"]) == 1
    assert place.came() == ["a"]
    assert ask(topic, "--from", place.name)["letters"] == []


@pytest.mark.parametrize(
    ("topic", "words", "said"),
    [
        (TOPICS["sqs"], [], "say where with --from; 'terraform output dead_letters' in deploy/ tells it"),
        (TOPICS["sqs"], ["--from", "sqs:nephoscope-reports-dead"], "is no place of dead letters"),
        (TOPICS["sqs"], ["--from", "sqs:arn:aws:sqs:eu-central-1:123456789012:d.fifo"], "is a FIFO queue"),
        (TOPICS["pubsub"], ["--from", TOPICS["pubsub"]], "is no place of dead letters"),
        (TOPICS["sqs"], ["--from", "az://acmehub/deadletters"], "the configuration's is sns:"),
    ],
)
def test_a_place_that_is_none_is_one_sentence(ask: Ask, topic: str, words: list[str], said: str) -> None:
    """What is wrong and what to do, exit code 2."""
    told = ask(topic, *words, code=2)["err"]
    assert said in told
    assert told.count("\n") == 1
