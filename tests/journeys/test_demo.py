"""The demo does what the README says: a year of real flights lands, and people are told once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demo as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "nephoscope", "demo", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one run of the demo left everything it made."""
    return tmp_path_factory.mktemp("demo") / "kept"


@pytest.fixture(scope="module")
def outcome(kept: Path) -> dict[str, Any]:
    """Its answer."""
    run = demo("--output", "json", "--keep", str(kept))
    assert run.returncode == 0, run.stderr
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def life(outcome: dict[str, Any], check: str, subject: str) -> list[tuple[str, str]]:
    """The life of one Alert, by hour and minute."""
    (alert,) = [a for a in outcome["alerts"] if (a["check"], a["subject"]) == (check, subject)]
    return [(moment["state"], moment["at"][11:16]) for moment in alert["life"]]


def test_a_drift_is_told_in_june_and_in_december(outcome: dict[str, Any]) -> None:
    """The alert fires in June (a minute a file), lives through July and the unreadable files, resolves in August."""
    assert life(outcome, "drift.ks", "flights/dep_delay") == [
        ("firing", "06:07"),
        ("resolved", "06:11"),
        ("firing", "06:15"),
    ]


def test_every_distinct_content_is_one_event_and_one_report(outcome: dict[str, Any]) -> None:
    """Twelve months, one renamed column, one cut and one empty file; the file that landed twice counts once."""
    assert (outcome["events"], outcome["reports"]) == (15, 15)


def test_a_renamed_column_is_a_breach_of_the_schema(outcome: dict[str, Any]) -> None:
    """It fires when the renamed file lands and resolves with the next good one."""
    assert life(outcome, "drift.schema", "flights")[:2] == [("firing", "06:05"), ("resolved", "06:06")]


def test_what_cannot_be_read_is_unknown(outcome: dict[str, Any]) -> None:
    """The cut and the empty file are told as unknown until a readable one lands; five checks, two files."""
    assert life(outcome, "drift.table", "flights") == [("unknown", "06:09"), ("resolved", "06:11")]
    assert outcome["findings"] == {"ok": 61, "breach": 4, "unknown": 10}


def test_nothing_is_lost_and_one_message_is_repeated(outcome: dict[str, Any]) -> None:
    """The hub was killed between sending and marking: the webhook gets that one Message again, nobody else does."""
    assert (outcome["lost"], outcome["repeated"]) == (0, 1)
    assert outcome["messages"] == {"console": 6, "slack": 7, "mail": 6}


def test_the_repeat_says_that_it_is_one(outcome: dict[str, Any], kept: Path) -> None:
    """Same delivery id, and the words "retry 1"."""
    received = [json.loads(line) for line in (kept / "received.jsonl").read_text(encoding="utf-8").splitlines()]
    by_id: dict[str, list[str]] = {}
    for entry in received:
        by_id.setdefault(entry["delivery"], []).append(entry["title"])
    (titles,) = [titles for titles in by_id.values() if len(titles) > 1]
    assert titles[1] == f"{titles[0]} (retry 1)"


def test_one_correlation_id_leads_from_the_event_to_the_message(outcome: dict[str, Any], kept: Path) -> None:
    """Every run that the jobs logged for a told Event is found again in the hub's log."""
    logs = {
        name: [json.loads(line) for line in (kept / f"{name}.log").read_text(encoding="utf-8").splitlines()]
        for name in ("jobs", "hub")
    }
    assert {line["correlation_id"] for line in logs["jobs"]} == {line["correlation_id"] for line in logs["hub"]}
    assert len({tuple(line) for lines in logs.values() for line in lines}) == 1  # the same keys everywhere


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """--keep never mixes its files with somebody's."""
    (tmp_path / "mine").write_text("x", encoding="utf-8")
    run = demo("--keep", str(tmp_path), "--output", "json")
    assert (run.returncode, run.stdout) == (2, "")
    assert "is not an empty folder" in run.stderr
