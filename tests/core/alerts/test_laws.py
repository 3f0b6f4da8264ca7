"""Laws of an Alert's identity and life, for whatever comes in whatever order."""

import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from fakes.hub import START, blind, breach, finding, ok, report
from hypothesis import given, settings
from hypothesis import strategies as st
from nephoscope.alerts.fingerprint import fingerprint
from nephoscope.alerts.life import Alert, Phase, Sighting, step
from nephoscope.alerts.streams import Stream, apply, reconfigured
from nephoscope.findings import Finding, Severity, Verdict
from nephoscope.report import Coverage, Report

MAKE = {Verdict.OK: ok, Verdict.BREACH: breach, Verdict.UNKNOWN: blind}
verdicts = st.sampled_from(list(Verdict))
severities = st.sampled_from(list(Severity))


@st.composite
def runs(draw: st.DrawFn, kinds: tuple[Verdict, ...] = tuple(Verdict)) -> list[Report]:
    """The Reports of a stream in order, a minute apart, each with some of three columns."""
    made = []
    for minute in range(draw(st.integers(1, 6))):
        columns = draw(st.lists(st.sampled_from("abc"), unique=True, min_size=1))
        seen = [MAKE[draw(st.sampled_from(kinds))](f"flights/{column}") for column in sorted(columns)]
        made.append(report(*seen, at=START + timedelta(minutes=minute)))
    return made


def after(reports: list[Report]) -> Stream:
    """The stream after these Reports."""
    stream = None
    for each in reports:
        stream, _ = apply(stream, each, now=START)
    assert stream is not None
    return stream


def open_now(stream: Stream) -> dict[str, tuple[object, ...]]:
    """What people should know now."""
    return {k: (a.subject, a.severity, a.value, a.state) for k, a in stream.alerts.items() if a.open}


def end_alike(examples: int) -> None:
    """Hold that runs end alike in whatever order their Reports come, each ten times."""

    def ends_alike(reports: list[Report], chance: random.Random) -> None:
        shuffled = [each for each in reports for _ in range(10)]
        chance.shuffle(shuffled)
        assert open_now(after(shuffled)) == open_now(after(reports))

    drawn = given(runs((Verdict.OK, Verdict.BREACH)), st.randoms(use_true_random=False))
    settings(max_examples=examples, deadline=None)(drawn(ends_alike))()


def test_any_order_and_any_number_of_replays_end_alike() -> None:
    """Resolved before firing, old firing after resolved, each ten times: the end is that of the run in order (B9)."""
    end_alike(500)


@pytest.mark.slow
def test_any_order_and_any_number_of_replays_end_alike_five_thousand_times() -> None:
    """The same, as often as was promised."""
    end_alike(5_000)


@given(runs(), st.randoms(use_true_random=False))
def test_what_is_open_does_not_depend_on_the_order(reports: list[Report], chance: random.Random) -> None:
    """With unknown among them, in any order the same Alerts are open: unknown is never lost, and never resolves."""
    shuffled = list(reports)
    chance.shuffle(shuffled)
    assert open_now(after(shuffled)).keys() == open_now(after(reports)).keys()


@given(runs())
def test_a_known_report_changes_nothing(reports: list[Report]) -> None:
    """Whatever was applied before returns the very same stream, and no news."""
    stream = after(reports)
    assert all(apply(stream, each, now=START + timedelta(days=1)) == (stream, frozenset()) for each in reports)


@given(st.lists(st.tuples(verdicts, severities, st.integers(0, 600)), min_size=1, max_size=12))
def test_a_life_obeys_its_diagram(seen: list[tuple[Verdict, Severity, int]]) -> None:
    """Unknown never resolves a firing Alert, only ok does; ok leaves nothing open; a life's moments alternate."""
    alert: Alert | None = None
    at = START
    for verdict, severity, seconds in seen:
        before, at = alert, at + timedelta(seconds=seconds)
        alert = step(before, Sighting(MAKE[verdict](severity=severity), at, {"cloud": "aws"}))
        if verdict is Verdict.OK:
            assert alert is None or alert.state is Phase.RESOLVED
        elif verdict is Verdict.BREACH:
            assert alert is not None
            assert alert.state is Phase.FIRING
            assert not alert.blind
        else:
            assert alert is not None
            assert alert.open
            assert before is None or before.state is not Phase.FIRING or alert.state is Phase.FIRING
        if alert is not None:
            states = [moment.state for moment in alert.life]
            assert all(first is not second for first, second in pairwise(states))
            assert alert.life[-1].state is alert.state
            assert alert.since == alert.life[-1].at


names = st.text(min_size=1, max_size=20)


@given(names, names, st.dictionaries(st.sampled_from(["cloud", "model", "dataset", "note", "run"]), names))
def test_identity_is_what_is_listed(check: str, subject: str, labels: dict[str, str]) -> None:
    """The order of labels, and labels that are not listed, do not enter a fingerprint; each listed one does."""
    mixed = dict(reversed(list(labels.items())))
    first = fingerprint(check, subject, labels)
    assert first == fingerprint(check, subject, mixed | {"note": "other", "run": "other"})
    assert len(first) == 64
    for name in labels.keys() & {"cloud", "model", "dataset"}:
        assert fingerprint(check, subject, labels | {name: labels[name] + "x"}) != first


def test_identity_is_the_same_in_every_process() -> None:
    """The fingerprint does not depend on the hash seed, the locale or whether a number was written 1 or 1.0 (C9)."""
    labels = {"dataset": "flüge", "cloud": "aws", "model": "1.0"}
    code = (
        "import sys; from nephoscope.alerts.fingerprint import fingerprint; "
        "print(fingerprint('drift.ks', 'flüge/größe', dict(sorted({'dataset': 'flüge', 'cloud': 'aws', 'model': 1.0}"
        ".items(), key=hash))))"
    )
    for seed, locale in (("0", "C"), ("1", "C.UTF-8"), ("99", "POSIX")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONUTF8": "1"}
        told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert told.stdout.strip() == fingerprint("drift.ks", "flüge/größe", labels)


@pytest.mark.slow
def test_identity_is_the_same_under_a_hundred_hash_seeds() -> None:
    """The same under PYTHONHASHSEED 0 to 99."""
    code = (
        "from nephoscope.alerts.fingerprint import fingerprint as f; "
        "print(f('c', 's', dict.fromkeys({'model', 'cloud', 'dataset', 'team'}, 'x')))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(100)
    }
    assert len(told) == 1


def test_what_changes_from_run_to_run_is_no_identity() -> None:
    """Value, severity and reason move; the Alert stays the same one."""
    first: Finding = finding(value=0.2, severity=Severity.LOW, reason="a")
    second: Finding = finding(value=0.3, severity=Severity.HIGH, reason="b")
    stream = after([report(first), report(second, at=START + timedelta(minutes=1))])
    assert len(stream.alerts) == 1


def test_two_streams_do_not_resolve_each_others_alerts() -> None:
    """Who pre-claims an id, or reports the same subject from elsewhere, touches nothing of the victim's (T15)."""
    victim = after([report(breach(), scope="flights")])
    forged, _ = apply(None, report(ok(), scope="other"), now=START)
    assert victim.name != forged.name
    assert [alert.state for alert in victim.alerts.values()] == [Phase.FIRING]


def test_becoming_blind_and_seeing_again_are_news_once() -> None:
    """A firing Alert that cannot be seen is news when that begins and when it ends, not each time it goes on."""
    stream = None
    told = []
    for minute, seen in enumerate((breach(), blind(), blind(), breach(), breach())):
        stream, news = apply(stream, report(seen, at=START + timedelta(minutes=minute)), now=START)
        told.append(len(news))
    assert told == [1, 1, 0, 1, 0]


def test_the_newest_values_are_kept_of_what_is_still_watched() -> None:
    """Twenty-four values of each subject, ok ones too; a complete Report that leaves a subject out ends its row."""
    stream = after([report(ok("a", value=n / 100), ok("b"), at=START + timedelta(minutes=n)) for n in range(30)])
    assert sorted(map(len, stream.recent.values())) == [24, 24]
    left, _ = apply(stream, report(ok("a", value=0.5), at=START + timedelta(hours=1)), now=START)
    assert [values[-1] for values in left.recent.values()] == [0.5]


def test_what_was_left_out_because_a_source_was_silent_stays_firing() -> None:
    """A Report that leaves a firing subject out resolves it, unless one of its sources did not answer."""
    whole = report(ok("aws/ML"), at=START + timedelta(hours=1))
    partial = replace(whole, coverage=Coverage(2, 1, ("azure",)))
    for left, firing in ((whole, 0), (partial, 1)):
        stream = after([report(breach("azure/ML"), ok("aws/ML")), left])
        assert len(open_now(stream)) == firing
        assert all("missing: azure" in alert.blind for alert in stream.alerts.values() if alert.open)
    assert open_now(after([report(breach("azure/ML")), partial, replace(whole, at=START + timedelta(hours=2))])) == {}


def test_nothing_is_expected_of_a_stream_that_left_the_configuration() -> None:
    """It resolves what is open and awaits no Report; done twice it changes nothing."""

    def without(stream: Stream) -> tuple[Stream, frozenset[str]]:
        return reconfigured(stream, None, lambda _: False, now=START)

    stream, _ = apply(None, report(breach(), interval_seconds=60), now=START)
    gone, news = without(stream)
    assert (gone.late_at, len(news), open_now(gone)) == (None, 1, {})
    assert without(gone) == (gone, frozenset())
    quiet, _ = apply(None, report(ok(), interval_seconds=60), now=START)
    assert without(quiet)[0].late_at is None
