"""`drift compare`, `profile` and `merge` as people script against them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from nephoscope.cli.main import main
from nephoscope.drift.statistics import BARE

Answered = Callable[..., dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two tables, a copy of one as CSV, and files that are none."""
    monkeypatch.chdir(tmp_path)
    for name, shift in (("baseline", 0.0), ("window", 1.0)):
        draw = np.random.default_rng(len(name))
        table = {
            "x": draw.normal(shift, 1, 500),
            "w": draw.choice(["a", "b"], 500),
            "text": [f"{k}" for k in range(500)],
        }
        pq.write_table(pa.table(table), f"{name}.parquet")
    Path("empty").touch()
    Path("cut.parquet").write_bytes(Path("window.parquet").read_bytes()[:-9])
    Path("folder").mkdir()
    return tmp_path


@pytest.fixture
def answered(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Answered:
    """Run a command and read its JSON."""

    def run(*words: str, code: int = 0) -> dict[str, Any]:
        capsysbinary.readouterr()
        assert main(["drift", *words, "--output", "json"]) == code

        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} is no JSON")

        return json.loads(capsysbinary.readouterr().out, parse_constant=refuse)

    return run


def test_an_answer_has_every_statistic_and_no_more(answered: Answered) -> None:
    """The keys are the contract: every bare statistic, null where it does not apply, and both null shares."""
    answer = answered("compare", "baseline.parquet", "window.parquet")
    assert answer["schema"] == "nephoscope.drift.compare/1"
    assert list(answer) == ["schema", "preset", "verdict", "rows", "drifted_share", "columns", "findings"]
    x, w, text = answer["columns"]
    assert list(x["statistics"]) == [*BARE, "null_share"]
    assert x["statistics"]["chi2"] is None
    assert w["statistics"]["ks"] is None
    assert w["statistics"]["z_proportions"] is not None
    assert (text["method"], text["value"], text["verdict"]) == (None, None, "unknown")
    assert answer["drifted_share"] == 0.5
    assert (answer["verdict"], x["bound"]) == ("breach", 0)


def test_weights_count_in_the_drifted_share(answered: Answered) -> None:
    """The share is the weight of what drifted by the weight of all that was compared."""
    answer = answered("compare", "baseline.parquet", "window.parquet", "--weight", "x=1", "--weight", "w=4")
    assert answer["drifted_share"] == 0.2
    heavy = answered("compare", "baseline.parquet", "window.parquet", "--preset", "evidently", "--weight", "w=4")
    assert heavy["verdict"] == "ok"


def test_methods_and_limits_are_set_for_all_or_for_one_column(answered: Answered) -> None:
    """A bare method is the statistic, `_p` its p-value, whose good values lie above the limit."""
    options = ("--method", "ks_p", "--method", "w=js", "--limit", "0.01", "--limit", "w=0.9")
    x, w, _ = answered("compare", "baseline.parquet", "window.parquet", *options)["columns"]
    assert (x["method"], x["limit"], x["direction"], x["verdict"]) == ("ks_p", 0.01, "at_least", "breach")
    assert (w["method"], w["limit"], w["direction"], w["verdict"]) == ("js", 0.9, "at_most", "ok")


@pytest.mark.parametrize("name", ["empty", "cut.parquet"])
def test_what_cannot_be_read_is_an_answer(name: str, answered: Answered) -> None:
    """An empty or a cut file is unknown: exit 0, or 3 with `--fail-on unknown`."""
    answer = answered("compare", "baseline.parquet", name)
    assert (answer["verdict"], answer["columns"]) == ("unknown", [])
    assert {finding["verdict"] for finding in answer["findings"]} == {"unknown"}
    answered("compare", "baseline.parquet", name, "--fail-on", "unknown", code=3)
    assert answered("profile", name, "-o", "none.json")["verdict"] == "unknown"
    assert not Path("none.json").exists()


@pytest.mark.parametrize("side", ["baseline", "window"])
@pytest.mark.parametrize("preset", ["default", "nannyml"])
def test_words_that_are_not_utf_8_are_an_answer(preset: str, side: str, answered: Answered) -> None:
    """A Parquet file whose words cannot be decoded is unknown for `compare`, as it is for `profile`."""
    table = {"w": pa.array([b"abc", b"\xff\xfe", b"abc"] * 100).view(pa.string()), "v": np.arange(300.0)}
    pq.write_table(pa.table(table), "bad.parquet")
    pq.write_table(pa.table({"w": ["a", "b", "c"] * 100, "v": np.arange(300.0)}), "good.parquet")
    files = ("bad.parquet", "good.parquet") if side == "baseline" else ("good.parquet", "bad.parquet")
    for key in ([], ["--key", "w"]):
        assert answered("compare", *files, "--preset", preset, *key)["verdict"] == "unknown"
        assert answered("profile", "bad.parquet", *key, "-o", "none.json")["verdict"] == "unknown"


def test_breach_goes_before_unknown_in_the_exit_code(answered: Answered) -> None:
    """With both asked for, a breach is exit 1."""
    both = ("--fail-on", "unknown", "--fail-on", "breach")
    answered("compare", "baseline.parquet", "window.parquet", *both, code=1)
    answered("compare", "baseline.parquet", "baseline.parquet", *both)


@pytest.mark.parametrize("preset", ["default", "evidently", "nannyml"])
def test_a_breach_hides_no_unknown_from_the_exit_code(preset: str, answered: Answered) -> None:
    """A gate for what is unknown alone closes where something drifts as well; the options may stand anywhere."""
    table = pq.read_table("window.parquet")
    pq.write_table(table.set_column(1, "w", pa.nulls(500, pa.string())), "both.parquet")
    files = ("compare", "baseline.parquet", "both.parquet", "--preset", preset, "--weight", "x=9")
    assert answered(*files)["verdict"] == "breach"
    answered(*files, "--fail-on", "unknown", code=3)
    answered("--fail-on", "breach", *files, "--fail-on", "unknown", code=1)
    assert main(["--fail-on", "breach", "drift", *files, "--fail-on", "unknown"]) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["compare", "none", "window.parquet"], "no file 'none'"),
        (["compare", "baseline.parquet", "folder"], "is a directory"),
        (["compare", "baseline.parquet", "window.parquet", "--method", "kss"], "no method 'kss'"),
        (["compare", "baseline.parquet", "window.parquet", "--limit", "y=1"], "no column 'y'"),
        (["compare", "baseline.parquet", "window.parquet", "--limit", "nan"], "needs a number"),
        (["compare", "baseline.parquet", "window.parquet", "--kind", "w=numeric"], "cannot be looked at as numeric"),
        (["compare", "baseline.parquet", "window.parquet", "--chunks", "3"], "belong to the preset nannyml"),
        (["profile", "window.parquet", "-o", "folder"], "is a directory"),
        (["profile", "window.parquet", "-o", "p.json", "--like", "window.parquet"], "are no Profile"),
        (["merge", "window.parquet", "-o", "p.json"], "are no Profile"),
        (["compare", "baseline.parquet", "window.parquet", "--key", "x,y"], "counted by the key 'x,y'"),
        (["profile", "window.parquet", "-o", "p.json", "--key", "y"], "counted by the key 'y'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(
    words: list[str], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed to stdout and nothing is written."""
    before = sorted(path.name for path in folder.iterdir())
    assert main(["drift", *words]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == ""
    assert sorted(path.name for path in folder.iterdir()) == before


def test_profiles_stand_for_their_files(answered: Answered) -> None:
    """Profiles compare like the files they were made from; those of other bins are told to use --like."""
    answered("profile", "baseline.parquet", "-o", "b.json")
    made = answered("profile", "window.parquet", "--like", "b.json", "-o", "w.json")
    assert made["rows"] == 500
    files = answered("compare", "baseline.parquet", "window.parquet")["columns"][0]
    for pair in (("b.json", "w.json"), ("b.json", "window.parquet"), ("baseline.parquet", "w.json")):
        found = answered("compare", *pair)["columns"][0]
        assert found["value"] == pytest.approx(files["value"], abs=found["bound"] + 1e-12), pair
    answered("profile", "window.parquet", "-o", "alone.json")
    other = answered("compare", "b.json", "alone.json")["columns"][0]
    assert other["verdict"] == "unknown"
    assert "--like" in other["reason"]
    merged = answered("merge", "w.json", "w.json", "-o", "twice.json")
    assert merged["rows"] == 1_000
    assert main(["drift", "merge", "b.json", "alone.json", "-o", "x.json"]) == 2


@pytest.mark.parametrize("rows", [1_000, 120_000])
@pytest.mark.parametrize("written", ["parquet", "csv"])
def test_repeated_rows_of_a_key_are_a_breach(rows: int, written: str, answered: Answered) -> None:
    """With --key, rows that repeat it more often than the baseline's are found, in files of any size and Profiles."""
    for name, number in (("b", np.arange(rows)), ("w", np.maximum(np.arange(rows) - 7, 0))):
        table = pa.table({"number": number, "word": ["a"] * rows})
        pq.write_table(table, f"{name}.parquet") if written == "parquet" else csv.write_csv(table, f"{name}.csv")
    b, w = f"b.{written}", f"w.{written}"
    answered("profile", b, "-o", "key.json", "--key", "number,word")
    for words in (["compare", b, w, "--key", "number,word"], ["compare", "key.json", w]):
        (found,) = [one for one in answered(*words)["findings"] if one["check"] == "drift.duplicates"]
        assert (found["verdict"], found["value"]) == ("breach", 7 / rows)
    assert "drift.duplicates" not in {one["check"] for one in answered("compare", b, w)["findings"]}
