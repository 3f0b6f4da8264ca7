"""Names of objects reach the store as they are, or are refused: C7."""

import unicodedata
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.errors import BadPayload
from nephoscope.payloads import aws, azure, gcp
from nephoscope.payloads.reading import Ignored
from nephoscope.payloads.sequencer import rank

ACCOUNT = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/mlopsdata"
WHEN = "2025-01-31T06:00:00Z"


def s3(key, **more):
    """A notification of S3."""
    record = {"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "eventTime": WHEN}
    return {"Records": [record | {"s3": {"bucket": {"name": "b"}, "object": {"key": key, "eTag": "e", **more}}}]}


def bridge(key):
    """An event of EventBridge."""
    detail = {"bucket": {"name": "b"}, "object": {"key": key, "etag": "e"}}
    return {"detail-type": "Object Created", "source": "aws.s3", "time": WHEN, "detail": detail}


def event_grid(key):
    """An event of Event Grid."""
    subject = f"/blobServices/default/containers/c/blobs/{key}"
    event = {"id": "1", "topic": ACCOUNT, "subject": subject, "eventType": azure.CREATED, "eventTime": WHEN}
    return event | {"data": {"api": "PutBlob", "eTag": "e", "contentLength": 1}}


def finalized(key):
    """An event of Eventarc."""
    data = {"bucket": "b", "name": key, "generation": "1", "size": "1", "timeCreated": WHEN}
    return {"type": "google.cloud.storage.object.v1.finalized", "data": data}


WAYS = {
    "s3": lambda key: aws.objects_written(s3(quote_plus(key, safe="/"))),
    "eventbridge": lambda key: aws.objects_written(bridge(key)),
    "event grid": lambda key: azure.objects_written(event_grid(key)),
    "google": lambda key: gcp.objects_written(finalized(key)),
}
GOOD = [
    "a b.csv",
    "a+b.csv",
    "%2B%20%%%.png",
    "a%00b",
    "😀.csv",
    "\u202egnp.csv",
    "é" * 512,
    "x" * 1024,
    "end ",
    "a\\b",
    "file://x",
    "a//b",
    "..a",
    "a?b#c&d",
]
BAD = ["a\0b", "../a", "a/../b", "a/./b", "..", "x" * 1025, "é" * 513, "a\nb", "\x7f", "\ud800", "a\ufffdb"]


@pytest.mark.parametrize("key", GOOD, ids=ascii)
@pytest.mark.parametrize("way", WAYS)
def test_a_name_arrives_as_the_store_has_it(way, key):
    """A plus stays a plus and a space a space, decoded once where the cloud encodes, never where it does not."""
    [event] = WAYS[way](key)
    assert event.object.key == key


@pytest.mark.parametrize("key", BAD, ids=ascii)
@pytest.mark.parametrize("way", ["eventbridge", "event grid", "google"])
def test_a_name_that_no_store_can_be_asked_for_is_refused(way, key):
    """Control characters, dot segments, halves of characters and endless names are BadPayload."""
    [event] = WAYS[way](key)
    assert isinstance(event, BadPayload)


def test_an_encoded_name_is_decoded_before_it_is_judged():
    """`%2E%2E/` in a notification of S3 is `../`; bytes that are no UTF-8 are refused."""
    for key in ("%2E%2E/secret", "a%00b", "%FF", "a%2F..%2Fb"):
        [event] = aws.objects_written(s3(key))
        assert isinstance(event, BadPayload), key


def test_twins_of_unicode_stay_two_objects():
    """A composed and a decomposed é are two keys with two ids."""
    for way in WAYS.values():
        events = [way(unicodedata.normalize(form, "é.csv"))[0] for form in ("NFC", "NFD")]
        assert len({event.id for event in events}) == len({event.object.key for event in events}) == 2


@given(st.text(min_size=1, max_size=200))
def test_any_name_is_kept_or_refused(key):
    """No name is changed on its way."""
    for way in ("eventbridge", "event grid", "google"):
        [event] = WAYS[way](key)
        assert isinstance(event, BadPayload | Ignored) or event.object.key == key


@pytest.mark.parametrize("version", ["", "null"])
def test_an_etag_is_never_taken_for_a_version(version):
    """What an unversioned bucket calls a content is an ETag, in quotes as HTTP spells it."""
    [event] = aws.objects_written(s3("a.csv", versionId=version))
    assert event.object.version == '"e"'


HEX = st.text("0123456789ABCDEF", min_size=1, max_size=24)


@given(HEX, HEX)
def test_sequencers_compare_as_s3_says(first, second):
    """Right-padded with zeros, then as text: C8."""
    width = max(len(first), len(second))
    assert (rank(first) < rank(second)) == (first.ljust(width, "0") < second.ljust(width, "0"))


def test_writes_of_one_object_come_in_their_order():
    """A batch that holds a later write first is handled in the order of the writes; other objects keep their place."""
    order = [("a", "00A1"), ("b", "00FF"), ("a", "00A"), ("a", "00A05")]
    records = [
        s3(key, sequencer=sequencer)["Records"][0] | {"eventTime": f"2025-01-31T06:00:0{n}Z"}
        for n, (key, sequencer) in enumerate(order)
    ]
    events = aws.objects_written({"Records": records})
    assert [(event.object.key, event.at.second) for event in events] == [("a", 2), ("a", 3), ("a", 0), ("b", 1)]
