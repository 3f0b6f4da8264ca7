"""What the local topic promises to its hub: at least once, in order, and nothing poisonous for ever."""

from datetime import timedelta
from pathlib import Path

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.topic import MOST_TRIES, SqliteTopic


@pytest.fixture
def topic(tmp_path: Path, clock: FixedClock) -> SqliteTopic:
    """An empty topic."""
    return SqliteTopic(tmp_path / "topic.db", clock=clock)


def test_messages_come_in_the_order_of_publishing(topic: SqliteTopic) -> None:
    """First in, first out, with what was attached."""
    for body in (b"1", b"2", b"3"):
        topic.publish(body, attributes={"id": body.decode()})
    assert [(letter.body, letter.attributes["id"]) for letter in topic.receive()] == [
        (b"1", "1"),
        (b"2", "2"),
        (b"3", "3"),
    ]


def test_a_message_in_hand_is_hidden_and_comes_again(topic: SqliteTopic, clock: FixedClock) -> None:
    """While one worker has it nobody else gets it; when that worker dies it comes again."""
    topic.publish(b"1", attributes={})
    assert [letter.tries for letter in topic.receive()] == [1]
    assert topic.receive() == []
    clock.at += timedelta(seconds=61)
    assert [letter.tries for letter in topic.receive()] == [2]


def test_an_acknowledged_message_is_gone(topic: SqliteTopic, clock: FixedClock) -> None:
    """It never comes again."""
    topic.publish(b"1", attributes={})
    topic.acknowledge(topic.receive()[0])
    clock.at += timedelta(days=1)
    assert topic.receive() == []
    assert topic.waiting() == 0


def test_a_message_that_is_refused_five_times_is_a_dead_letter(topic: SqliteTopic, clock: FixedClock) -> None:
    """It comes five times, then lies among the dead letters with its reason, and the others go on."""
    topic.publish(b"poison", attributes={})
    for _ in range(MOST_TRIES):
        topic.refuse(topic.receive()[0], "it always raises")
        assert topic.receive() == []  # at least a second passes between two tries
        clock.at += timedelta(seconds=1)
    topic.publish(b"good", attributes={})
    assert [letter.body for letter in topic.receive()] == [b"good"]
    (dead,) = topic.dead_letters()
    assert (dead.body, dead.error) == (b"poison", "it always raises")


def test_a_dead_letter_can_be_redriven(topic: SqliteTopic) -> None:
    """It gets five new tries."""
    topic.publish(b"1", attributes={})
    topic.refuse(topic.receive()[0], "broken", dead=True)
    topic.redrive(topic.dead_letters()[0])
    assert topic.dead_letters() == []
    assert [letter.tries for letter in topic.receive()] == [1]


def test_another_process_takes_what_was_published(tmp_path: Path, clock: FixedClock) -> None:
    """Publisher and hub need share nothing but the file."""
    SqliteTopic(tmp_path / "topic.db", clock=clock).publish(b"1", attributes={})
    assert [letter.body for letter in SqliteTopic(tmp_path / "topic.db", clock=clock).receive()] == [b"1"]
