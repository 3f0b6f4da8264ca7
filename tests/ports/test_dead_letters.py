"""What a place of dead letters promises, wherever it is: new tries once each, and no letter lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from emulators import AZURE_ACCOUNT, Recorder
from fakes import dead_letters as fakes
from fakes.dead_letters import Between, Place, Refuses
from nephoscope.adapters.azure.dead_letters import EventGridDeadLetters
from nephoscope.adapters.azure.poison import PoisonQueue
from nephoscope.adapters.azure.storage import connected
from nephoscope.adapters.azure.topic import EventGridTopic
from nephoscope.adapters.gcp.dead_letters import ADDED, PubSubDeadLetters
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.errors import BadUsage, Transient
from nephoscope.jobs import redrive
from nephoscope.ports import DeadLetters

OLDEST_FIRST = ["a", "b", "c", "d", "e"]


@pytest.fixture
def topic() -> Iterator[Recorder]:
    """The stub of an Event Grid topic."""
    stub = Recorder()
    yield stub
    stub.close()


@pytest.fixture(params=["local", "sqs", "pubsub", "grid", "poison"])
def place(
    request: pytest.FixtureRequest, clouds: tuple[str, ...], tmp_path: Path, clock: FixedClock, topic: Recorder
) -> Place:
    """An empty place of dead letters."""
    kind = request.param
    cloud = {"sqs": "aws", "pubsub": "gcp", "grid": "azure", "poison": "azure"}.get(kind, kind)
    if cloud not in clouds:
        pytest.skip(f"--clouds leaves {cloud} out")
    if kind == "local":
        return fakes.sqlite(SqliteTopic(tmp_path / "topic.db", clock=clock), clock)
    pytest.importorskip({"aws": "boto3", "azure": "azure.storage.blob"}.get(cloud, "urllib3"))
    made: dict[str, Callable[[], Place]] = {
        "sqs": lambda: fakes.sqs(request.getfixturevalue("moto")),
        "pubsub": lambda: fakes.pubsub(request.getfixturevalue("pubsub")),
        "grid": lambda: fakes.grid(request.getfixturevalue("azurite"), topic),
        "poison": lambda: fakes.poison(request.getfixturevalue("azurite")),
    }
    return made[kind]()


@pytest.fixture
def refusing() -> Iterator[Callable[[str, Refuses], str]]:
    """Puts something before a service that refuses some requests: `refusing(url, which)` is its URL."""
    made: list[Between] = []

    def between(service: str, which: Refuses) -> str:
        made.append(Between(service, which))
        return made[-1].url

    yield between
    for one in made:
        one.close()


def test_each_letter_gets_new_tries_once_and_is_gone(place: Place) -> None:
    """Oldest first, as it was published, with all that was attached; a second look finds nothing."""
    place.put(OLDEST_FIRST)
    found = redrive.letters(place.open())
    assert sorted(place.came()) == OLDEST_FIRST
    assert len(found.letters) == 5
    assert [letter.published_at for letter in found.letters] == sorted(letter.published_at for letter in found.letters)
    assert all(letter.tries > 0 and letter.error for letter in found.letters)
    assert redrive.letters(place.open()).letters == ()
    assert place.came() == []


def test_looking_changes_nothing(place: Place) -> None:
    """A dry run tells what waits, to whoever looks next as well, and sends nothing."""
    place.put(OLDEST_FIRST)
    for _ in range(2):
        assert len(redrive.letters(place.open(), dry_run=True).letters) == 5
    assert place.came() == []
    redrive.letters(place.open())
    assert sorted(place.came()) == OLDEST_FIRST


def test_who_dies_between_send_and_delete_sends_it_twice(
    place: Place, refusing: Callable[[str, Refuses], str], topic: Recorder
) -> None:
    """A letter may come twice, and is never lost: it is taken away only after it was sent."""
    if not place.service:
        pytest.skip("in a file both are one write")
    place.put(["a"])
    with pytest.raises(Transient, match=r"^0 of 1 dead letters got new tries\. "):
        redrive.letters(place.open(refusing(place.service, place.removes)))
    redrive.letters(place.open())
    assert place.came() == ["a", "a"]
    assert redrive.letters(place.open()).letters == ()


def test_what_was_moved_stays_moved(place: Place, refusing: Callable[[str, Refuses], str], topic: Recorder) -> None:
    """Where a place stops answering midway, how many got new tries is told; the others wait, each for one more time."""
    if not place.service:
        pytest.skip("a file answers, or does not")
    place.put(["a", "b", "c", "d"])
    sent: list[str] = []

    def second(method: str, path: str, headers: dict[str, str]) -> bool:
        if place.sends(method, path, headers):
            sent.append(path)
        return len(sent) > 1 and place.sends(method, path, headers)

    grid = "az://" in place.name  # its letters go out by another service, and stay until the last of their blob is sent
    topic.answers += [(200, {}, b""), (403, {}, b"no")] if grid else []
    with pytest.raises(Transient, match=r"^1 of 4 dead letters got new tries\. .*403"):
        redrive.letters(place.open() if grid else place.open(refusing(place.service, second)))
    first = place.came()[:1]
    redrive.letters(place.open())
    again = place.came()
    assert set(first + again) == set("abcd")
    assert len(again) == (4 if grid else 3)


def test_a_letter_that_comes_back_at_once_waits_for_the_next_time(place: Place) -> None:
    """A run takes what was there when it began, however fast the dead return."""

    class Returning:
        """A place whose letters are dead again before the next one is sent."""

        def __init__(self, place: DeadLetters) -> None:
            self.waiting, self.leave, self._redrive = place.waiting, place.leave, place.redrive

        def redrive(self, letter: Any) -> None:
            self._redrive(letter)
            place.put(place.came())

    place.put(["a", "b"])
    assert len(redrive.letters(Returning(place.open())).letters) == 2
    assert len(redrive.letters(place.open(), dry_run=True).letters) == 2


def test_a_queue_whose_letters_have_no_one_home_is_refused(moto: str) -> None:
    """None, several or a FIFO queue: one sentence, and nothing was hidden from others."""
    client = fakes.sqs_client(moto)

    def made(name: str, **attributes: str) -> str:
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(told["Attributes"]["QueueArn"])

    arn = made("alone-dead")
    with pytest.raises(BadUsage, match="is no queue's dead-letter queue"):
        fakes.SqsDeadLetters(client, arn).waiting()
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "5"})
    for name in ("one", "other"):
        made(name, RedrivePolicy=policy)
    with pytest.raises(BadUsage, match=r"several queues: one, other\. .*start-message-move-task"):
        fakes.SqsDeadLetters(client, arn).waiting()
    with pytest.raises(BadUsage, match="FIFO"):
        fakes.SqsDeadLetters(client, f"{arn}.fifo")


def test_a_letter_of_nobody_stays_in_pubsub(pubsub: str) -> None:
    """One whose subscription is not told, one whose subscription is gone: left, told, and given back at once."""
    project = fakes.Project.make(f"http://{pubsub}")
    project.letter("a", {})
    gone = {f"{ADDED}Subscription": "gone", f"{ADDED}SubscriptionProject": "mlops"}
    project.letter("b", gone)
    found = redrive.letters(PubSubDeadLetters(project.waits, lambda: "owner", endpoint=f"http://{pubsub}"))
    assert found.letters == ()
    said = sorted(found.staying.items())
    assert [count for _, count in said] == [1, 1]
    assert said[0][0].startswith("nothing tells which subscription gave up")
    assert said[1][0].startswith("projects/mlops/subscriptions/gone or its topic is gone")
    assert len(project.pulled(project.waits)) == 2


def test_what_azure_published_itself_or_nobody_can_read_stays(azurite: str, topic: Recorder) -> None:
    """Events of system topics, and blobs that are no dead letters: left as they are, told, with what to do."""
    folder = fakes.container(azurite)
    landed = fakes.given_up(fakes.event("1", type="Microsoft.Storage.BlobCreated"), 1)
    stored = {
        "NEPHOSCOPE-DRIFT/1.json": json.dumps([landed, landed]),
        "OTHER/1.json": "{",
        "OTHER/2.json": "[]",
        "OTHER/3.json": json.dumps([fakes.event("never given up")]),
        "REPORTS/1.json": json.dumps(fakes.given_up(fakes.event("alone"), 1)),  # no array
    }
    for name, body in stored.items():
        folder.upload_blob(name, body)
    blobs, publisher = connected(azurite), EventGridTopic(topic.url, lambda: "t")
    found = redrive.letters(EventGridDeadLetters(blobs, folder.container_name, "", publisher))
    assert len(found.letters) == len(topic.requests) == 1
    assert sorted(found.staying.values()) == [2, 3]
    assert any(why.startswith("Microsoft.Storage.BlobCreated was published by Azure itself") for why in found.staying)
    assert any(why.endswith(f"beginning with {folder.container_name}/OTHER/1.json") for why in found.staying)
    assert sorted(blob.name for blob in folder.list_blobs()) == sorted(stored.keys() - {"REPORTS/1.json"})
    elsewhere = EventGridDeadLetters(blobs, folder.container_name, "NEPHOSCOPE-", publisher).waiting()
    assert list(elsewhere.staying.values()) == [2]


def test_a_blob_that_was_written_anew_is_not_deleted(azurite: str, topic: Recorder) -> None:
    """What came into a blob's place since it was read is no letter that was sent."""
    folder = fakes.container(azurite)
    folder.upload_blob("R/1.json", json.dumps([fakes.given_up(fakes.event("1"), 1)]))
    publisher = EventGridTopic(topic.url, lambda: "t")
    place = EventGridDeadLetters(connected(azurite), folder.container_name, "", publisher)
    [letter] = place.waiting().letters
    folder.upload_blob("R/1.json", json.dumps([fakes.given_up(fakes.event("2"), 1)]), overwrite=True)
    place.redrive(letter)
    assert len(place.waiting().letters) == 1


def test_a_queue_that_is_no_poison_queue_is_refused(azurite: str) -> None:
    """Where its letters came from is told by its name alone."""
    with pytest.raises(BadUsage, match="ends in -poison"):
        PoisonQueue(connected(azurite, "Queue"), f"{AZURE_ACCOUNT}-reports")
