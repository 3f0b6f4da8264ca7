"""The anomaly check: what repeats is ordinary, what was never seen stands out, and no score looks ahead."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nephoscope.cli.main import main
from nephoscope.series.anomalies import anomalies

FIVE_MINUTES, DAY = 300.0, 86_400.0
POINTS = 12 * 288
TIMES = np.arange(POINTS) * FIVE_MINUTES
CLOCK = np.arange(POINTS) % 288


def _noise(seed: int, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=scale, size=POINTS)


SILENT = {
    "flat": np.full(POINTS, 45.0),
    "zero": np.zeros(POINTS),
    "square wave": np.where((CLOCK > 100) & (CLOCK < 200), 80.0, 20.0),
    "sine": 10 + 5 * np.sin(CLOCK * 2 * np.pi / 288),
    "noisy sine": 10 + 5 * np.sin(CLOCK * 2 * np.pi / 288) + _noise(1, 0.3),
    "uniform noise": np.random.default_rng(2).uniform(10, 20, POINTS),
    "daily batch": np.where(CLOCK == 30, 1_000.0, 0.0),
    "tiny rounding": 1e6 + np.random.default_rng(3).choice([0.0, 1e-10], POINTS),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_repeats_is_silent(name):
    """Flat, periodic and noisy series raise nothing, however wild they are."""
    assert anomalies(TIMES, SILENT[name]).anomalies == ()


def _day(seed: int = 5) -> np.ndarray:
    return np.where((CLOCK > 100) & (CLOCK < 200), 80.0, 20.0) + _noise(seed)


AT = 10 * 288 + 150


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda v: v.__setitem__(slice(AT, AT + 6), 200.0), "spike"),
        (lambda v: v.__setitem__(slice(AT, AT + 30), 20.0), "drop"),  # a level that is usual at night
        (lambda v: v.__setitem__(slice(10 * 288 + 100, 10 * 288 + 200), 20.0), "drop"),  # a peak that did not come
        (lambda v: v.__setitem__(slice(10 * 288, None), v[10 * 288 :] + 120.0), "step"),
    ],
)
def test_what_was_never_seen_stands_out(change, kind):
    """A spike, a level of the wrong hour, a missing peak and a lasting step are found where they are, and named."""
    values = _day()
    change(values)
    found = anomalies(TIMES, values).anomalies
    assert len(found) == 1
    assert 10 * 288 <= found[0].start <= AT + 30
    assert found[0].kind == kind
    assert found[0].score >= 0.5


def test_what_is_expected_is_the_usual_value_of_that_hour():
    """An anomaly says what the earlier days let expect at its peak."""
    values = _day()
    values[AT : AT + 6] = 200.0
    found = anomalies(TIMES, values).anomalies[0]
    assert found.expected == pytest.approx(80, abs=2)


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(20, 900), seed=st.integers(0, 1000), step=st.sampled_from([300.0, 3_600.0, DAY]))
def test_no_score_looks_ahead(cut, seed, step):
    """The scores of the beginning of a series are the same whether the rest is there or not."""
    random = np.random.default_rng(seed)
    times = np.arange(1_000) * step
    values = random.normal(size=1_000).cumsum()
    values[random.integers(0, 1_000, 5)] = np.nan
    whole = anomalies(times, values).scores[:cut]
    np.testing.assert_array_equal(anomalies(times[:cut], values[:cut]).scores, whole)


def test_a_missing_value_has_no_score_and_is_no_anomaly():
    """A gap is not scored, and what follows it is judged as before."""
    values = _day()
    values[AT : AT + 3] = np.nan
    result = anomalies(TIMES, values)
    assert np.isnan(result.scores[AT : AT + 3]).all()
    assert not np.isnan(result.scores[AT + 3 :]).any()
    assert result.anomalies == ()


def test_a_week_is_the_season_of_daily_values():
    """Quiet weekends are ordinary in a daily series; a weekday like a Sunday is not."""
    week = np.array([100, 101, 99, 102, 100, 40, 35.0])
    values = np.tile(week, 10) * (1 + np.random.default_rng(4).normal(scale=0.02, size=70))
    assert anomalies(np.arange(70) * DAY, values).anomalies == ()
    values[58] = 38.0
    assert [(found.start, found.kind) for found in anomalies(np.arange(70) * DAY, values).anomalies] == [(58, "drop")]


def _answer(capsysbinary, *arguments, code=0):
    assert main(["--output", "json", "series", "anomalies", *map(str, arguments)]) == code
    return json.loads(capsysbinary.readouterr().out)


def test_the_command_answers_with_the_files_own_times(tmp_path, capsysbinary):
    """`series anomalies` gives one score a row in the file's order, and times as the file writes them."""
    days = [f"2026-0{1 + n // 28}-{1 + n % 28:02} 00:00:00" for n in range(84)]
    values = [str(100 + n % 7) for n in range(84)]
    values[70], values[40] = "900", "NA"
    rows = [f"{day},{value}" for day, value in zip(days, values, strict=True)]
    (tmp_path / "s.csv").write_text("\n".join(["when,usd", *reversed(rows)]))
    answer = _answer(
        capsysbinary, tmp_path / "s.csv", "--time", "when", "--value", "usd", "--fail-on", "breach", code=1
    )
    assert (answer["schema"], answer["points"]) == ("nephoscope.series.anomalies/1", 84)
    assert answer["scores"][83 - 40] is None
    assert all(0 <= score <= 1 for score in answer["scores"] if score is not None)
    assert [(found["peak"], found["kind"]) for found in answer["anomalies"]] == [(days[70], "spike")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", 3),
        ("timestamp,value\n", 3),
        ("timestamp,value\n2026-05-01,x\n", 3),
        ("timestamp,value\nsoon,1\n", 3),
        ("a,b\n1,2\n", 2),
    ],
)
def test_a_series_that_cannot_be_read_is_unknown(content, code, tmp_path, capsysbinary):
    """An empty or broken file is an answer, unknown; a column that is not there is a mistake of the caller's."""
    (tmp_path / "s.csv").write_text(content)
    assert main(["--output", "json", "series", "anomalies", str(tmp_path / "s.csv"), "--fail-on", "unknown"]) == code
    out = capsysbinary.readouterr().out
    assert not out if code == 2 else json.loads(out)["verdict"] == "unknown"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [[""] * 500, ["nan", "inf"] * 50, ["1.7e308", "-1.7e308"] * 50])
def test_a_series_without_numbers_to_score_is_unknown(values, tmp_path, capsysbinary):
    """No finite value, or values too large to subtract: unknown with its reason, a null a point, and no warning."""
    rows = [f"2026-05-01T00:{n // 60:02}:{n % 60:02},{value}\n" for n, value in enumerate(values)]
    (tmp_path / "s.csv").write_text("".join(["timestamp,value\n", *rows]))
    answer = _answer(capsysbinary, tmp_path / "s.csv", "--fail-on", "unknown", code=3)
    assert (answer["points"], answer["scores"]) == (len(values), [None] * len(values))
    assert (answer["verdict"], answer["anomalies"]) == ("unknown", [])
    assert answer["reason"]


NAB = Path(os.environ.get("NEPHOSCOPE_NAB", Path(__file__).parents[4] / "shared" / "data" / "metrics" / "nab"))


@pytest.mark.skipif(not NAB.is_dir(), reason="set NEPHOSCOPE_NAB to a folder of the Numenta Anomaly Benchmark")
def test_the_numenta_benchmark(capsysbinary):
    """Of the labelled windows 60 % are found with at most half a false alarm a series-week, by one setting."""
    windows = json.loads((NAB / "labels" / "combined_windows.json").read_text())
    found = labelled = false = 0
    weeks = 0.0
    for name, labels in windows.items():
        answer = _answer(capsysbinary, NAB / name)
        ranges = [(one["start"], one["end"]) for one in answer["anomalies"]]
        hits = [[start <= high and end >= low for start, end in ranges] for low, high in labels]
        found += sum(map(any, hits))
        labelled += len(labels)
        false += sum(not any(hit[number] for hit in hits) for number in range(len(ranges)))
        lines = (NAB / name).read_text().splitlines()
        first, last = (np.datetime64(lines[row].split(",")[0]) for row in (1, -1))
        weeks += float((last - first) / np.timedelta64(7, "D"))
        assert name.startswith("artificialNoAnomaly") <= (ranges == [])
    assert found >= 0.6 * labelled
    assert false <= 0.5 * weeks
