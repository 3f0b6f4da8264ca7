"""Whatever a stranger sends, a reader gives Events or BadPayload: C1, C2, C5."""

import time
import tracemalloc
from datetime import UTC, datetime

import pytest
from fakes.broken_payloads import POSTS, SNS_TOPIC, in_binary_mode, in_structured_mode, mutants, sent
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from nephoscope.errors import BadPayload, Unauthorised
from nephoscope.events import MessageReceived, ObjectWritten, TimerFired
from nephoscope.payloads import aws, azure, gcp, handshake, sns
from nephoscope.payloads.reading import Ignored, document

NOW = datetime(2025, 1, 31, 6, tzinfo=UTC)
UNZONED = NOW.replace(tzinfo=None)


def posted_by_sns(payload):
    """Read a post as its door does, as if its signature were good."""
    return sns.posted(sent(payload), topics=frozenset({SNS_TOPIC}), now=NOW).read()


READERS = {
    "aws": [
        aws.objects_written,
        aws.timer_fired,
        aws.message_received,
        aws.messages_received,
        aws.security_event,
        posted_by_sns,
    ],
    "azure": [
        azure.objects_written,
        azure.security_event,
        lambda p: azure.event_received(sent(p)),
        lambda p: azure.timer_fired("cost", p if isinstance(p, dict) else None, now=NOW),
    ],
    "gcp": [
        gcp.objects_written,
        gcp.message_received,
        gcp.security_event,
        lambda p: gcp.timer_fired(p, schedule="cost"),
    ],
}
KEYS = [
    "Records",
    "s3",
    "bucket",
    "name",
    "object",
    "key",
    "eTag",
    "sequencer",
    "body",
    "Sns",
    "Message",
    "TopicArn",
    "Type",
    "messageId",
    "attributes",
    "detail-type",
    "detail",
    "source",
    "time",
    "type",
    "data",
    "subject",
    "topic",
    "eventType",
    "eventTime",
    "eventName",
    "eventVersion",
    "api",
    "message",
    "publishTime",
    "generation",
    "size",
    "specversion",
    "id",
    "schedule-arn",
    "scheduled-time",
    "resources",
    "Next",
    "Last",
    "protoPayload",
    "insertId",
    "timestamp",
]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(
        ["aws.s3", "Object Created", "ObjectCreated:Put", "2.1", "Notification", "2025-01-31T06:00:00Z", "PutBlob",
         azure.CREATED, f"{gcp.STORAGE}finalized", gcp.PUBLISHED, gcp.AUDIT, "OBJECT_FINALIZE", "1" * 30,
         "0001-01-01T00:00:00+23:59", "\ud800", "{}", '{"Records":[]}',
         "Scheduled Event", "AWS API Call via CloudTrail"]
    )
)  # fmt: skip
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=8)
    ),
    max_leaves=25,
)


def read(reader, payload):
    """Read and judge; returns what came, as names."""
    try:
        found = reader(payload)
    except (BadPayload, Unauthorised) as error:
        return [type(error).__name__]
    for one in found if isinstance(found, list) else [found]:
        assert isinstance(one, ObjectWritten | TimerFired | MessageReceived | Ignored | BadPayload)
        if not isinstance(one, Ignored | BadPayload):
            assert one.at.utcoffset() is not None
            assert len(one.id) == 32
    return [type(one).__name__ for one in (found if isinstance(found, list) else [found])]


@seed(7)
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(payload=TREES)
def test_any_tree_is_an_event_or_a_bad_payload(payload):
    """Five thousand trees through each reader of each cloud."""
    for reader in (reader for readers in READERS.values() for reader in readers):
        read(reader, payload)


def test_a_corpus_of_broken_payloads_crashes_nothing():
    """Each of 3,000 broken payloads is read or refused within 50 ms, and most of them are refused."""
    refused = 0
    for cloud, payload in mutants(3_000):
        started = time.perf_counter()
        outcomes = [read(reader, payload) for reader in READERS[cloud]]
        assert time.perf_counter() - started < 0.05 * len(READERS[cloud])
        refused += all(one in ("BadPayload", "Unauthorised") for found in outcomes for one in found)
    assert refused > 1_000


@pytest.mark.parametrize("mode", [in_binary_mode, in_structured_mode])
def test_a_broken_cloudevent_crashes_nothing(mode):
    """What the runtime hands over of a broken payload, in either mode of CloudEvents, is read or refused."""
    outcomes = []
    for payload in (payload for cloud, payload in mutants(3_000) if cloud == "gcp"):
        event = gcp.plain(mode(payload))
        outcomes += [one for reader in READERS["gcp"] for one in read(reader, event)]
    assert {"ObjectWritten", "MessageReceived", "TimerFired", "Ignored", "BadPayload"} <= set(outcomes)


@given(
    st.fixed_dictionaries(
        {name: st.just(value) | SCALARS for name, value in POSTS["aws"][1].items()},
        optional={"Subject": SCALARS},
    )
)
def test_whatever_a_post_of_sns_says_is_read_or_refused(post):
    """Each of its words may be anything: it is a message, noted, refused as none of ours, or no payload."""
    read(posted_by_sns, post)


@pytest.mark.parametrize("post", POSTS["aws"], ids=["a notification", "a confirmation"])
def test_a_good_post_is_read(post):
    """Broken posts are made of posts that are read: a message comes in, a confirmation is noted."""
    assert read(posted_by_sns, post) == ["MessageReceived" if post["Type"] == "Notification" else "Ignored"]


@given(st.binary(max_size=200), st.text(st.characters(), max_size=20), st.sampled_from([None, NOW, UNZONED]))
def test_a_queues_message_is_an_event_whatever_it_holds(body, identity, at):
    """What a queue of Azure hands over is taken as it is; only an id that is no text is refused."""
    read(lambda _: azure.message_received(body, identity, at, now=NOW), None)


DEEP = 200_000
BODIES = {
    "deep lists": b"[" * DEEP,
    "deep objects": b'{"a":' * DEEP,
    "11 MB": b'"' + b"x" * 11_000_000 + b'"',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "a BOM": b"\xef\xbb\xbf{}",
    "latin-1": b'{"a": "\xe9"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a cut": b'{"Records": [',
    "nothing": b"",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_hostile_body_is_refused_quickly(body):
    """Too deep, too large or no JSON: refused within 100 ms and 50 MB."""
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(BadPayload):
        document(body)
    assert time.perf_counter() - started < 0.1
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_a_number_of_too_many_digits_is_no_payload():
    """4,300 digits and more neither stall nor crash."""
    with pytest.raises(BadPayload):
        document(b'{"a": ' + b"9" * 5_000 + b"}")


def test_a_million_records_are_refused_at_once():
    """Nobody sends as many; none of them is read."""
    records = {"Records": [{}] * 1_000_000}
    started = time.perf_counter()
    with pytest.raises(BadPayload, match="1,000,000 Records"):
        aws.objects_written(records)
    with pytest.raises(BadPayload, match="1,000,000 events"):
        azure.objects_written(records["Records"])
    assert time.perf_counter() - started < 0.1


def test_of_two_equal_keys_the_last_one_counts():
    """As everywhere in Python; no crash, no mixture."""
    assert document(b'{"a": 1, "a": 2}') == {"a": 2}


@given(
    st.binary(max_size=200),
    st.dictionaries(st.text(max_size=10), st.text(max_size=10)),
    st.sampled_from(["POST", "OPTIONS", "GET"]),
)
def test_a_handshake_answers_nobody_it_does_not_know(body, headers, method):
    """Whatever comes, nobody who is not listed gets a 2xx."""
    answer = handshake.reply(
        method,
        headers | {"aeg-event-type": "SubscriptionValidation"},
        body,
        topics=frozenset({"t"}),
        origins=frozenset({"o"}),
    )
    assert answer is not None
    assert answer.status in (400, 403)
