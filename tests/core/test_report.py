"""A Report travels as CloudEvents 1.0 that others can read, and comes back as it was."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from cloudevents.conversion import to_structured
from cloudevents.http import from_json
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.errors import BadPayload, Transient
from nephoscope.findings import Finding, Severity, Verdict, at_most, between
from nephoscope.report import PART_BYTES, Coverage, Report, from_cloudevent, to_cloudevents

TEXT = st.text(max_size=40)
TIMES = st.datetimes(timezones=st.just(UTC))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
LIMITS = st.one_of(NUMBERS.map(at_most), st.tuples(NUMBERS, NUMBERS).map(lambda b: between(min(b), max(b))))
MONEY = st.decimals(allow_nan=False, allow_infinity=False)
FINDINGS = st.builds(
    Finding,
    TEXT,
    TEXT,
    st.sampled_from([Verdict.OK, Verdict.BREACH]),
    TEXT,
    value=st.one_of(st.none(), NUMBERS, MONEY),
    limit=st.one_of(st.none(), LIMITS),
    severity=st.sampled_from(Severity),
    labels=st.dictionaries(TEXT, TEXT, max_size=3),
    evidence=st.dictionaries(TEXT, st.one_of(TEXT, NUMBERS), max_size=3),
)
REPORTS = st.builds(
    Report,
    id=st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    job=st.sampled_from(["drift", "cost"]),
    cloud=st.sampled_from(["aws", "azure", "gcp", "local"]),
    scope=st.text(min_size=1, max_size=40),
    at=TIMES,
    event_id=TEXT,
    correlation_id=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    findings=st.lists(FINDINGS, max_size=5).map(tuple),
    readings=st.dictionaries(TEXT, st.one_of(st.none(), NUMBERS, TEXT), max_size=3),
    interval_seconds=st.one_of(st.none(), st.floats(1, 1e6)),
)


def report(findings: tuple[Finding, ...] = ()) -> Report:
    """A small Report."""
    return Report("0" * 32, "drift", "aws", "flights", datetime(2026, 11, 24, tzinfo=UTC), "e1", "c" * 16, findings)


@given(REPORTS)
def test_a_report_comes_back_as_it_was(sent: Report) -> None:
    """Every field survives the wire, money as exact decimals."""
    (body,) = to_cloudevents(sent)
    assert from_cloudevent(body) == sent


@given(REPORTS)
def test_others_read_it_as_a_cloudevent(sent: Report) -> None:
    """The library `cloudevents` reads it, and what that library writes of it is read here."""
    (body,) = to_cloudevents(sent)
    theirs = from_json(body)
    assert theirs["specversion"] == "1.0"
    assert (theirs["id"], theirs["subject"]) == (f"{sent.id}/1", sent.scope)
    assert datetime.fromisoformat(theirs["time"]) == sent.at
    headers, again = to_structured(theirs)
    assert headers["content-type"] == "application/cloudevents+json"
    assert from_cloudevent(again) == sent


def test_extension_names_are_what_the_specification_allows() -> None:
    """The specification: "Attribute names MUST consist of lower-case letters or digits"."""
    (body,) = to_cloudevents(report())
    assert all(name.isascii() and name.isalnum() and name == name.lower() for name in json.loads(body))


def test_a_large_report_travels_in_parts_of_whole_findings() -> None:
    """Each part stays within 60 KiB and under its own id; together they hold every Finding once, in order."""
    findings = tuple(Finding("drift.ks", f"t/{n}", Verdict.OK, "reason " * 20) for n in range(1_000))
    bodies = to_cloudevents(report(findings))
    parts = [from_cloudevent(body) for body in bodies]
    assert len(bodies) > 1
    assert max(map(len, bodies)) <= PART_BYTES
    assert [part.part.number for part in parts] == list(range(1, len(parts) + 1))
    assert {part.part.of for part in parts} == {len(parts)}
    assert len({json.loads(body)["id"] for body in bodies}) == len(parts)
    assert tuple(finding for part in parts for finding in part.findings) == findings


def test_many_readings_travel_in_parts_as_well() -> None:
    """Whatever a month of a thousand models reads, it is published; together the parts hold every reading once."""
    readings = {f"predictions/fraud_detection_{number:04}/aws": "1234567.125" for number in range(2_000)}
    sent = replace(report((Finding("cost.budget", "total", Verdict.BREACH, "over"),)), readings=readings)
    bodies = to_cloudevents(sent)
    parts = [from_cloudevent(body) for body in bodies]
    assert max(map(len, bodies)) <= PART_BYTES
    assert sum(len(part.readings) for part in parts) == len(readings)
    assert {key: value for part in parts for key, value in part.readings.items()} == readings
    assert [finding for part in parts for finding in part.findings] == list(sent.findings)


def test_a_reading_that_fits_into_no_part_leaves_none_and_is_told() -> None:
    """The Findings travel, none of the readings does, and one Finding more says that they are unknown."""
    sent = replace(report((Finding("c", "s", Verdict.BREACH, "r"),)), readings={"month": "5", "long": "x" * PART_BYTES})
    (told,) = map(from_cloudevent, to_cloudevents(sent))
    assert told.readings == {}
    assert [(one.check, one.verdict) for one in told.findings] == [
        ("c", Verdict.BREACH),
        ("report.readings", Verdict.UNKNOWN),
    ]


def test_times_travel_in_utc() -> None:
    """A time with another zone is the same instant on the wire."""
    local = datetime(2026, 11, 24, 8, 30, tzinfo=timezone(timedelta(hours=2)))
    (body,) = to_cloudevents(Report("0" * 32, "drift", "aws", "s", local, "e", "c", ()))
    assert json.loads(body)["time"] == "2026-11-24T06:30:00Z"


def test_money_travels_as_text() -> None:
    """A decimal is written digit for digit, not as a binary fraction."""
    (body,) = to_cloudevents(report((Finding("c", "s", Verdict.BREACH, "r", value=Decimal("1000.10")),)))
    assert json.loads(body)["data"]["findings"][0]["value"] == "1000.10"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"specversion": "1.0"}',
        b"\xff\xfe",
        b"[" * 200_000,
        to_cloudevents(report())[0].replace(b'"1.0"', b'"2.0"', 1),
        to_cloudevents(report())[0].replace(b"dev.nephoscope.report.v1", b"com.example.other"),
        to_cloudevents(report())[0].replace(b'"verdict"', b'"verdicts"').replace(b'"findings":[]', b'"findings":7'),
        to_cloudevents(report((Finding("c", "s", Verdict.OK, "r"),)))[0].replace(b'"ok","reason"', b'"fine","reason"'),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_report_is_refused_with_a_sentence(body: bytes) -> None:
    """Foreign, broken and hostile messages raise BadPayload, nothing else."""
    with pytest.raises(BadPayload, match=r"CloudEvent|no Report"):
        from_cloudevent(body)


def test_a_later_version_waits_for_the_hub_that_knows_it() -> None:
    """It is delivered again and at last set aside, never acknowledged and gone."""
    with pytest.raises(Transient, match="deploy the newer hub"):
        from_cloudevent(to_cloudevents(report())[0].replace(b"report.v1", b"report.v2"))


def test_a_finding_that_fits_into_no_part_is_told_all_the_same() -> None:
    """Its verdict travels, with the beginning of its reason."""
    large = Finding("drift.schema", "wide", Verdict.BREACH, "gone; " * 20_000, evidence={"missing": "a, " * 30_000})
    parts = [from_cloudevent(body) for body in to_cloudevents(report((large, Finding("c", "s", Verdict.OK, "r"))))]
    assert [one.verdict for part in parts for one in part.findings] == [Verdict.BREACH, Verdict.OK]
    told = parts[0].findings[0]
    assert told.reason.startswith("gone; gone; ")
    assert "left_out" in told.evidence


def test_coverage_names_what_did_not_answer() -> None:
    """It says "2 of 3 sources answered" and names the third."""
    assert str(Coverage(3, 2, ("gcp",))) == "2 of 3 sources answered (missing: gcp)"


def test_a_time_without_a_zone_is_refused() -> None:
    """A Report never has to guess."""
    with pytest.raises(ValueError, match="zone"):
        Report("0", "drift", "aws", "s", datetime(2026, 11, 24, tzinfo=UTC).replace(tzinfo=None), "e", "c", ())
