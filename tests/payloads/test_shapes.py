"""Every shape that a cloud sends becomes what it is; where each shape comes from stands beside it in shapes/."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nephoscope.errors import BadPayload
from nephoscope.events import MessageReceived, ObjectWritten, TimerFired
from nephoscope.payloads import aws, azure, gcp
from nephoscope.payloads.reading import Ignored

SHAPES = {
    cloud: json.loads((Path(__file__).parent / "shapes" / f"{cloud}.json").read_text())
    for cloud in ("aws", "azure", "gcp")
}
KINDS = {"object": ObjectWritten, "ignored": Ignored, "bad": BadPayload}
OBJECTS = {"aws": aws.objects_written, "azure": azure.objects_written, "gcp": gcp.objects_written}
AUDITS = {"aws": aws.security_event, "azure": azure.security_event, "gcp": gcp.security_event}
MESSAGES = {"aws": aws.message_received, "gcp": gcp.message_received}


def shapes(*kinds):
    """The shapes that read as these kinds and no others."""
    return [
        pytest.param(cloud, shape["payload"], shape["reads"], id=f"{cloud}: {shape['name']}")
        for cloud, known in SHAPES.items()
        for shape in known
        if set(shape["reads"]) <= set(kinds)
    ]


@pytest.mark.parametrize(("cloud", "payload", "reads"), shapes("object", "ignored", "bad"))
def test_each_record_is_an_event_ignored_or_bad(cloud, payload, reads):
    """A write is an Event; tests, deletes, restores, tiers and folders are told apart; a bad record costs no other."""
    found = OBJECTS[cloud](payload)
    assert sorted(type(one).__name__ for one in found) == sorted(KINDS[kind].__name__ for kind in reads)


@pytest.mark.parametrize(("cloud", "payload", "reads"), shapes("object"))
def test_a_write_names_its_object_and_its_content(cloud, payload, reads):
    """An Event says which content of which object was written, and when, in UTC."""
    for event in OBJECTS[cloud](payload):
        assert event.object.provider == cloud
        assert event.object.key in (
            "landing/user features/2025-01.parquet",
            "user features/2025-01.parquet",
            "landing/b.parquet",
        )
        assert event.object.version or '"CopyBlob"' in json.dumps(payload)  # which names none that lasts
        assert event.object.size in (0, 1024, None)
        assert event.at.replace(microsecond=0) == datetime(2025, 1, 31, 6, tzinfo=UTC)


@pytest.mark.parametrize(("cloud", "payload", "reads"), shapes("message"))
def test_a_message_is_taken_out_of_its_envelopes(cloud, payload, reads):
    """A message's body is what was published, whatever carried it."""
    event = MESSAGES[cloud](payload)
    assert event.body in (b'{"specversion":"1.0"}', b"")
    assert event == MESSAGES[cloud](payload)


@pytest.mark.parametrize(("cloud", "payload", "reads"), shapes("audit"))
def test_a_refused_call_says_who_did_what(cloud, payload, reads):
    """An audit record has the same words in every cloud."""
    event = AUDITS[cloud](payload)
    access = json.loads(event.body)
    assert set(access) == {"action", "actor", "error", "message", "address", "resource", "others"}
    assert access["error"] in ("AccessDenied", "Failed", "PERMISSION_DENIED")
    assert access["address"] == "192.0.2.10"
    assert event.at == datetime(2025, 1, 31, 5, 59, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left_out", "actor"),
    [
        ((), "dev@example.org"),
        (("upn",), "dev@example.org"),
        (("upn", "/name"), "04b07795-8ddb-461a-bbee-02f9e1bf7b46"),
    ],
)
def test_azure_names_the_person_before_the_program(left_out, actor):
    """Whoever signs in with Azure's command line is not that program; a program by itself is."""
    payload = named("azure", "activity log failure")
    claims = {claim: value for claim, value in payload["data"]["claims"].items() if not claim.endswith(left_out)}
    event = azure.security_event(payload | {"data": payload["data"] | {"claims": claims}})
    assert json.loads(event.body)["actor"] == actor


def test_one_write_has_one_id_by_whichever_way_it_comes():
    """S3 direct, in SNS, in SQS and by EventBridge name one content by one Event id; so do the others' ways."""
    s3 = ("s3 put", "s3 in sns", "s3 in sqs", "s3 in sns in sqs", "eventbridge created", "eventbridge created, in sqs")
    google = ("eventarc finalized", "storage notification, pushed", "storage notification without a payload")
    event_grid = ("event grid PutBlob", "cloudevent PutBlob", "an etag in quotes")
    for cloud, names in (("aws", s3), ("gcp", google), ("azure", event_grid)):
        ids = {OBJECTS[cloud](shape["payload"])[0].id for shape in SHAPES[cloud] if shape["name"] in names}
        assert len(ids) == 1, cloud


def test_one_write_has_one_place_in_the_order_by_whichever_way_it_comes():
    """Eventarc and a notification, whose own time may be later or coarser, tell one time: that of the object."""
    direct, notified = named("gcp", "eventarc finalized"), named("gcp", "storage notification, pushed")
    attributes = notified["message"]["attributes"] | {"eventTime": "2025-01-31T06:00:07Z"}
    late = notified | {"message": notified["message"] | {"attributes": attributes}}
    assert gcp.objects_written(late)[0].at == gcp.objects_written(direct)[0].at


def named(cloud, name):
    """One shape's payload."""
    return next(shape["payload"] for shape in SHAPES[cloud] if shape["name"] == name)


def test_a_slot_is_a_timers_identity():
    """A schedule's second attempt for one slot is the same Event; the next slot is another."""
    first = named("aws", "scheduler input")
    assert aws.timer_fired(first) == aws.timer_fired(first | {"execution-id": "2", "attempt-number": "2"})
    assert aws.timer_fired(first).id != aws.timer_fired(first | {"scheduled-time": "2025-01-31T06:10:00Z"}).id
    assert aws.timer_fired(first).schedule == "monitoring"
    assert aws.timer_fired(named("aws", "eventbridge rule")).at == datetime(2025, 1, 31, 6, 5, tzinfo=UTC)


def test_a_schedule_whose_attributes_were_not_replaced_is_refused():
    """An input that still says <aws.scheduler.scheduled-time> is a mistake of the deployment, and said so."""
    with pytest.raises(BadPayload, match="no time"):
        aws.timer_fired(named("aws", "scheduler input, attributes not replaced"))


def test_google_schedules_through_pub_sub_have_minutes_for_slots():
    """Two deliveries within a minute are one slot, for a Pub/Sub message carries no scheduled time."""
    payload = named("gcp", "cloud scheduler through pub/sub")
    event = gcp.timer_fired(payload, schedule="monitoring")
    assert event == TimerFired(event.id, datetime(2025, 1, 31, 6, 5, tzinfo=UTC), "monitoring")


NOW = datetime(2025, 1, 31, 6, 5, 1, tzinfo=UTC)
SLOT = datetime(2025, 1, 31, 6, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "status",
    [
        {"Last": "2025-01-31T06:00:00+00:00", "Next": "2025-01-31T06:05:00+00:00"},
        {"Last": "2025-01-31T06:05:00+00:00", "Next": "2025-01-31T06:10:00+00:00"},
        {
            "Last": "0001-01-01T00:00:00",
            "Next": "2025-01-31T06:05:00",
            "LastUpdated": "2025-01-31T06:00:00.0012345+00:00",
        },
        {},
        None,
    ],
    ids=["before the record moved", "after it moved", "the first ever, without a zone", "an empty record", "no record"],
)
def test_azure_timers_have_slots(status):
    """The host's record names the slot, however the host kept it; without one the minute is the slot."""
    assert azure.timer_fired("monitoring", status, now=NOW).at == SLOT


def test_a_timer_that_is_past_due_keeps_its_own_slot():
    """What should have fired at five past and fires at nine past has the slot five past."""
    late = datetime(2025, 1, 31, 6, 9, 30, tzinfo=UTC)
    status = {"Last": "2025-01-31T06:00:00+00:00", "Next": "2025-01-31T06:05:00+00:00"}
    assert azure.timer_fired("monitoring", status, now=late) == azure.timer_fired("monitoring", status, now=NOW)


def test_one_slot_in_three_clouds_is_three_events():
    """One cron of the configuration rings in each cloud, and each has a Report of its own under its Event's id."""
    slots = [
        aws.timer_fired(named("aws", "scheduler input")),
        azure.timer_fired("monitoring", None, now=NOW),
        gcp.timer_fired(named("gcp", "cloud scheduler through pub/sub"), schedule="monitoring"),
    ]
    assert {(slot.at, slot.schedule) for slot in slots} == {(SLOT, "monitoring")}
    assert len({slot.id for slot in slots}) == 3


def test_a_queues_message_of_azure_is_known_by_its_id():
    """A redelivery is the same Event."""
    first = azure.message_received(b"{}", "1", SLOT, now=NOW)
    assert first == MessageReceived(first.id, SLOT, b"{}") == azure.message_received(b"{}", "1", SLOT, now=SLOT)
    assert azure.message_received(b"{}", "1", None, now=NOW).at == NOW


def test_sns_itself_hands_over_its_messages():
    """A function that SNS calls without a queue takes each record; a bad one stays in its place."""
    sns = {"MessageId": "1", "Timestamp": "2025-01-31T06:00:00Z", "Message": "{}", "TopicArn": "arn"}
    found = aws.messages_received({"Records": [{"EventSource": "aws:sns", "Sns": sns}, {"Sns": {}}]})
    assert [type(one) for one in found] == [MessageReceived, BadPayload]
    assert aws.messages_received({"Records": []}) == [Ignored("zero records")]
    with pytest.raises(BadPayload, match="no Records"):
        aws.messages_received({})


def test_a_copy_on_a_data_lake_is_read_as_it_is_once_it_is_done():
    """The event comes when the copy begins, so that its version is none yet; two copies are still two Events."""
    payload = named("azure", "event grid CopyBlob")
    first, second = (
        azure.objects_written(payload | {"data": payload["data"] | {"eTag": f"0x{n}", "sequencer": f"{n}"}})[0]
        for n in range(2)
    )
    assert first.object.version == second.object.version == ""
    assert first.id != second.id
