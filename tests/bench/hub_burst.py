"""
A burst of landed files, taken in by worker processes as a cloud would run instances, over any store of the hub (a1).

Each worker is a process of its own with the shipped jobs and wiring; the environment tells it where its emulator
listens. The first one sweeps as well. Pub/Sub pushes to whichever worker accepts; otherwise the topic is SQLite's.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import emulators
from fakes.hub import START, breach, ok, report
from nephoscope.adapters.channels.slack import SlackWebhook
from nephoscope.adapters.https import request
from nephoscope.adapters.local.clock import SystemClock
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.alerts.routes import Route
from nephoscope.errors import Transient
from nephoscope.events import MessageReceived
from nephoscope.jobs import deliver, notify
from nephoscope.jobs.desk import Desk
from nephoscope.payloads import gcp
from nephoscope.ports import State
from nephoscope.report import to_cloudevents
from nephoscope.wiring.hub import records_at

SECOND = timedelta(seconds=1)
REPORTS, TWICE, DATASETS, DRIFTING = 10_000, 500, 500, 200
DELIVERIES = REPORTS + TWICE
WORKERS, THREADS = 1, 4
SWEEP_SECONDS = 5.0
GIVEN_UP_SECONDS = 400.0
TOPIC, SUBSCRIPTION = "projects/mlops/topics/alerts", "projects/mlops/subscriptions/notify"


@dataclass(frozen=True)
class Outcome:
    """What became of a burst."""

    taken_in_seconds: float
    last_post_seconds: float
    posts: list[list[str]]  # what was news in each, in order
    reports: int  # on record


def burst() -> list[bytes]:
    """Reports of 500 data sets, 5 % of them twice, 1 % out of order; 200 drift at their last file, in 10 groups."""
    chance = random.Random(1)
    made = []
    for number in range(REPORTS):
        dataset, last = number % DATASETS, number >= REPORTS - DATASETS
        seen = breach if last and dataset < DRIFTING else ok
        name, team = f"set{dataset}", f"team{dataset % 10}"
        findings = [seen(f"{name}/column", dataset=name, team=team), ok(f"{name}/other", dataset=name, team=team)]
        made.append(to_cloudevents(report(*findings, at=START + number * SECOND / 100, scope=name))[0])
    order = [*range(REPORTS), *chance.sample(range(REPORTS), TWICE)]
    for _ in range(REPORTS // 100):
        first = chance.randrange(REPORTS - 2 * DATASETS)
        second = first + chance.randrange(1, DATASETS)
        order[first], order[second] = order[second], order[first]
    return [made[number] for number in order]


def run(backend: str, folder: Path, chat: str) -> Outcome:
    """Publish a burst and let workers take it in; the clock starts when all of it waits."""
    (folder / "chat").write_text(chat)
    with STORES[backend.partition("+")[0]](folder) as (url, env), _topic(backend, folder) as begin:
        environment = {**os.environ, **env}
        workers = [
            subprocess.Popen([sys.executable, __file__, str(folder), url, str(number)], env=environment)
            for number in range(WORKERS)
        ]
        try:
            _wait(lambda: len(list(folder.glob("taken*"))) == WORKERS, workers)
            began = time.monotonic()
            begin()
            _wait(lambda: sum(int(path.read_text() or 0) for path in folder.glob("taken*")) >= DELIVERIES, workers)
            taken_in = time.monotonic() - began
            _wait(lambda: len({name for post in _posts(folder) for name in post}) >= DRIFTING, workers)
            last_post = time.monotonic() - began
            time.sleep(2 * SWEEP_SECONDS)  # whatever is told twice comes now
        finally:
            (folder / "stop").touch()
            for worker in workers:
                worker.wait(60)
        os.environ.update(env)
        return Outcome(taken_in, last_post, _posts(folder), len(list(records_at(url).list("reports/"))))


def _wait(until: Callable[[], bool], workers: list[subprocess.Popen[bytes]]) -> None:
    began = time.monotonic()
    while not until():
        if time.monotonic() - began > GIVEN_UP_SECONDS or any(worker.poll() is not None for worker in workers):
            raise RuntimeError(f"The burst was not taken in within {time.monotonic() - began:.0f} s.")
        time.sleep(0.1)


def _posts(folder: Path) -> list[list[str]]:
    path = folder / "posts"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# Where the hub's records are.


@contextmanager
def _local(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    yield f"sqlite:{folder / 'hub.db'}", {}


@contextmanager
def _gcs(_: Path) -> Iterator[tuple[str, dict[str, str]]]:
    with emulators.gcs_in_files() as url:
        request(f"{url}/storage/v1/b?project=mlops", method="POST", body=b'{"name": "hub"}', headers=JSON)
        yield "gs://hub/state", {"STORAGE_EMULATOR_HOST": url}


@contextmanager
def _aws(_: Path) -> Iterator[tuple[str, dict[str, str]]]:
    import boto3

    with emulators.moto_server() as url:
        env = {**emulators.AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": url}
        os.environ.update(env)
        where = {"LocationConstraint": emulators.AWS_REGION}
        boto3.client("s3").create_bucket(Bucket="hub", CreateBucketConfiguration=where)
        yield "s3://hub/state", env


@contextmanager
def _azure(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    from azure.storage.blob import BlobServiceClient

    with emulators.azurite_server(folder) as connection:
        BlobServiceClient.from_connection_string(connection).create_container("hub")
        yield (
            f"az://{emulators.AZURE_ACCOUNT}/hub/state",
            {"AZURE_STORAGE_CONNECTION_STRING": connection},
        )


STORES = {"local": _local, "gcs": _gcs, "aws": _aws, "azure": _azure}
JSON = {"Content-Type": "application/json"}


# What brings the Reports.


@contextmanager
def _topic(backend: str, folder: Path) -> Iterator[Callable[[], object]]:
    """Publish the burst; what is yielded lets it come."""
    if not backend.endswith("+pubsub"):
        topic = SqliteTopic(folder / "topic.db", clock=SystemClock())
        for body in burst():
            topic.publish(body, attributes={})
        yield (folder / "go").touch
        return
    with emulators.pubsub_server() as place:
        ask = partial(_ask, f"http://{place}/v1/")
        ask("PUT", TOPIC, {})
        ask("PUT", SUBSCRIPTION, {"topic": TOPIC, "ackDeadlineSeconds": 60})
        waiting = [{"data": b64encode(body).decode()} for body in burst()]
        for first in range(0, len(waiting), 500):
            ask("POST", f"{TOPIC}:publish", {"messages": waiting[first : first + 500]})
        port = emulators.free_port()
        (folder / "port").write_text(str(port))
        push = {"pushConfig": {"pushEndpoint": f"http://127.0.0.1:{port}/"}}
        yield partial(ask, "POST", f"{SUBSCRIPTION}:modifyPushConfig", push)


def _ask(service: str, method: str, path: str, document: object) -> None:
    answer = request(service + path, method=method, body=json.dumps(document).encode(), headers=JSON)
    if answer.status != 200:
        raise RuntimeError(answer.text)


# A worker.


class Chat:
    """The real channel; what it accepted is noted."""

    def __init__(self, folder: Path) -> None:
        self._room = SlackWebhook((folder / "chat").read_text())
        self._posts = folder / "posts"

    def send(self, message: Any) -> str:
        """Post."""
        receipt = self._room.send(message)
        line = json.dumps([item.what for item in message.items if item.news])
        with self._posts.open("a") as out:
            out.write(f"{line}\n")
        return receipt


@dataclass
class Worker:
    """One instance of the hub's functions."""

    folder: Path
    records: State
    number: int
    taken: int = 0

    def run(self) -> None:
        """Take in until told to stop."""
        route = Route(("chat",), group_by=("team",), group_wait=5 * SECOND, group_interval=10 * SECOND)
        self.desk = Desk(self.records, SystemClock(), route, {"chat": Chat(self.folder)})
        self.lock = Lock()
        self._note()
        if (self.folder / "port").exists():
            self._serve()
        else:
            for _ in range(THREADS):
                Thread(target=self._take).start()
        swept = time.monotonic()
        while not self.stopped:
            time.sleep(0.1)
            self._note()
            if self.number == 0 and time.monotonic() - swept >= SWEEP_SECONDS:
                swept = time.monotonic()
                deliver.sweep(self.desk)

    @property
    def stopped(self) -> bool:
        """Whether it is over."""
        return (self.folder / "stop").exists()

    def _note(self) -> None:
        (self.folder / f"taken{self.number}").write_text(str(self.taken))

    def _handle(self, event: MessageReceived) -> None:
        desk = self.desk
        notify.run(event, state=desk.state, clock=desk.clock, route=desk.route, memory=desk.memory)
        with self.lock:
            self.taken += 1

    def _take(self) -> None:
        topic = SqliteTopic(self.folder / "topic.db", clock=self.desk.clock)
        while not self.stopped:
            letters = topic.receive(10) if (self.folder / "go").exists() else []
            for letter in letters:
                try:
                    self._handle(MessageReceived(str(letter.id), letter.published_at, letter.body))
                    topic.acknowledge(letter)
                except Transient as error:
                    topic.refuse(letter, str(error))
            if not letters:
                time.sleep(0.05)

    def _serve(self) -> None:
        port = int((self.folder / "port").read_text())
        door = socket.create_server(("127.0.0.1", port), backlog=512, reuse_port=True)  # the kernel shares pushes out
        for _ in range(THREADS):
            Thread(target=self._answer, args=(door,), daemon=True).start()

    def _answer(self, door: socket.socket) -> None:
        """As little of HTTP as a push takes; Pub/Sub's stand-in connects anew for each, two at a time."""
        while True:
            connection, _ = door.accept()
            with connection, connection.makefile("rb") as coming:
                while coming.readline():
                    length = 0
                    while (header := coming.readline()) not in (b"\r\n", b""):
                        name, _, value = header.partition(b":")
                        length = int(value) if name.lower() == b"content-length" else length
                    try:
                        self._handle(gcp.message_received(json.loads(coming.read(length))))
                        said = b"204 No Content"
                    except Transient:
                        said = b"503 Service Unavailable"
                    connection.sendall(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % said)


if __name__ == "__main__":
    place, url, number = sys.argv[1:]
    Worker(Path(place), records_at(url), int(number)).run()
