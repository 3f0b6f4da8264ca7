"""Silences: what they may name, and that one on record means what it was made to mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope import records
from nephoscope.alerts.matchers import Matcher
from nephoscope.alerts.silences import CHECKS, Silence, silence
from nephoscope.drift.judgement import PRESETS
from nephoscope.drift.limits import CHECKS as COLUMN_CHECKS
from nephoscope.drift.profile import Kind
from nephoscope.drift.quality import quality_checks

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CORE = Path(__file__).parents[3] / "core" / "nephoscope"


def silenced(*matchers: str) -> Silence:
    """Somebody wants not to be told of these for an hour."""
    return silence(matchers, author="ada", reason="move", starts=NOON, ends=NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    "matcher",
    [
        'model=~".*"',
        'model=~".+"',
        'model!=""',
        'model!="fraud"',
        'check!=""',
        'severity!=""',
        'state!=""',
        'cloud!=""',
        'about!=""',
        'subject!=""',
        'scope=~".+"',
        'job!=""',
        'check=~"[a-z].*"',
        'check=~"(drift|cost|monitoring|features|security|report|hub)[.].*"',
        'check!~"nothing|"',
        'severity=~"low|medium|high"',
        'state=~"firing|unknown"',
        'cloud=~"aws|azure|gcp|local"',
        'job=~"[a-z]+"',
    ],
)
def test_a_silence_that_matches_every_alert_is_refused(matcher: str) -> None:
    """Nor does a second one like it make it narrower: each check, severity, state, cloud and job in use is tried."""
    for matchers in ([matcher], [matcher, 'about!=""']):
        with pytest.raises(ValueError, match="matches every Alert; name at least one label"):
            silenced(*matchers)


@pytest.mark.parametrize(
    "matchers",
    [
        ['check="drift.ks"'],
        ['check=~"(drift|cost)[.].*"'],
        ['severity=~"low|medium"'],
        ['state="unknown"'],
        ['cloud=~"aws|gcp"'],
        ['job="drift"'],
        ['about=~"fraud.*"'],
        ['check!=""', "model=fraud"],
    ],
)
def test_a_silence_of_some_alerts_is_made(matchers: list[str]) -> None:
    """One matcher that some value in use fails is enough."""
    assert len(silenced(*matchers).matchers) == len(matchers)


def test_the_checks_that_are_tried_are_all_there_are() -> None:
    """A check that is added, and not named among those in use, fails here."""
    family = "|".join(CHECKS)
    folders = ("alerts", "cost", "drift", "features", "jobs", "monitoring")
    files = [CORE / "report.py", *(file for folder in folders for file in (CORE / folder).rglob("*.py"))]
    named = {
        name for file in files for name in re.findall(rf'"((?:{family})\.[a-z_]+)"', file.read_text(encoding="utf-8"))
    }
    columns = {*COLUMN_CHECKS, *PRESETS, *(check for kind in Kind for check in quality_checks(kind))}
    known = {f"{family}.{name}" for family, names in CHECKS.items() for name in names}
    assert known >= named | {f"drift.{check}" for check in columns}


def test_all_models_but_one_is_silenced() -> None:
    """Written as for Alertmanager, the one that is left out is told."""
    made = silenced(r'model!~"fraud\\.v2"', 'severity="high"')
    assert not made.covers({"model": "fraud.v2", "severity": "high"})
    assert made.covers({"model": "churn", "severity": "high"})


@given(st.text(st.sampled_from('\\".na\n '), max_size=6))
def test_a_silence_on_record_covers_what_it_covered(name: str) -> None:
    """Whatever a name is made of, read back from its record it is the same silence of the same Alerts."""
    made = silenced(str(Matcher("model", "=~", f"{re.escape(name)}x?")), "severity=high")
    read = records.decode(records.encode(made), Silence, key=made.key)
    assert read == made
    assert read.covers({"model": name, "severity": "high"})
    assert not read.covers({"model": f"{name}y", "severity": "high"})


def test_a_record_whose_expression_is_refused_now_cannot_be_read() -> None:
    """It keeps nothing back, and no round of the hub ends because of it."""
    made = silenced("model=fraud", "severity=high")
    body = records.encode(made).replace(b'model=\\"fraud\\"', b'model=~\\"fraud[[:punct:]]\\"')
    with pytest.raises(records.NewerRecord, match="is refused"):
        records.decode(body, Silence, key=made.key)
