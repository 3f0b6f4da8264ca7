"""What a window is told when it is held against its Baseline."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nephoscope.adapters.files.tables import FileTables
from nephoscope.drift.compare import compare, unreadable
from nephoscope.drift.limits import DriftLimits, Rules
from nephoscope.drift.profile import Column, Kind, Profile
from nephoscope.drift.schema_change import schema_finding
from nephoscope.errors import Unreadable
from nephoscope.events import ObjectRef
from nephoscope.findings import Finding, Verdict, at_most

Profiled = Callable[..., Profile]
LIMITS = DriftLimits({"score": {"mean_diff": at_most(0.1), "ks": at_most(0.5), "null_share": at_most(0.1)}})


@pytest.fixture
def profiled(tmp_path: Path) -> Profiled:
    """Write columns into a Parquet file and profile it."""

    def profile(columns: dict[str, object], *, like: Profile | None = None) -> Profile:
        pq.write_table(pa.table(columns), tmp_path / "table.parquet")
        return FileTables().profile(ObjectRef("local", str(tmp_path), "table.parquet"), like=like)

    return profile


def found(findings: tuple[Finding, ...], check: str) -> Finding:
    """The one Finding of a check."""
    (one,) = [finding for finding in findings if finding.check == check]
    return one


def test_the_tutorials_example_is_a_breach_by_the_mean(profiled: Profiled) -> None:
    """[0.5, 0.6, 0.55, 0.52] against [0.8, 0.85, 0.82, 0.81] has a mean difference of 0.2775, a breach of 0.1."""
    baseline = profiled({"score": [0.5, 0.6, 0.55, 0.52]})
    window = profiled({"score": [0.8, 0.85, 0.82, 0.81]}, like=baseline)

    moved = found(compare(baseline, window, LIMITS, dataset="scores"), "drift.mean_diff")

    assert moved.value == pytest.approx(0.2775, abs=1e-12)
    assert moved.verdict is Verdict.BREACH
    assert moved.subject == "scores/score"
    assert moved.reason == "The mean moved by 0.2775 from the baseline's, at most 0.1 was expected."


def test_a_limit_within_the_bound_is_told_to_be_so(profiled: Profiled) -> None:
    """A verdict that bins leave open says so, for a limit of a column's own as for those of the rules."""
    draw = np.random.default_rng(1)
    baseline = profiled({"score": draw.normal(size=4_000)})
    window = profiled({"score": draw.normal(size=4_000) + 0.3}, like=baseline)
    at = found(compare(baseline, window, LIMITS, dataset="scores"), "drift.ks")
    assert at.value is not None
    near = {"score": {"ks": at_most(float(at.value))}}

    own = found(compare(baseline, window, DriftLimits(near), dataset="scores"), "drift.ks")
    rules = Rules(methods={"": "ks"}, limits={"": float(at.value)})
    ruled = found(compare(baseline, window, DriftLimits(rules=rules), dataset="scores"), "drift.default")

    assert "which the limit lies within" not in at.reason
    assert own.reason.endswith("which the limit lies within.")
    assert own.reason == ruled.reason


@pytest.mark.parametrize("values", [[float("nan")] * 4, [None] * 4, [float("inf"), float("-inf"), None, float("nan")]])
def test_a_column_without_a_finite_value_is_unknown(profiled: Profiled, values: list[float | None]) -> None:
    """Data of which nothing can be computed is unknown with its reason, never "no drift"."""
    baseline = profiled({"score": [0.5, 0.6, 0.55, 0.52]})
    window = profiled({"score": pa.array(values, type=pa.float64())}, like=baseline)

    findings = compare(baseline, window, LIMITS, dataset="scores")

    for check in ("drift.mean_diff", "drift.ks"):
        assert found(findings, check).verdict is Verdict.UNKNOWN
        assert "no finite value in 4 rows" in found(findings, check).reason


def test_a_renamed_column_is_told_as_a_likely_rename(profiled: Profiled) -> None:
    """A column that is gone while a new one of its nature and a similar name came is told as a likely rename."""
    baseline = profiled({"score": [0.5, 0.6], "arr_delay": [1, 2]})
    window = profiled({"score": [0.5, 0.6], "arrival_delay": [1, 2]}, like=baseline)

    schema = found(compare(baseline, window, LIMITS, dataset="flights"), "drift.schema")

    assert schema.verdict is Verdict.BREACH
    assert schema.reason == "'arr_delay' is gone and 'arrival_delay' is new: likely renamed."


def test_a_table_of_other_columns_altogether_is_told_in_one_message() -> None:
    """Of ten thousand columns that went and as many that came a few are named, the rest is counted, at once."""

    def wide(prefix: str) -> Profile:
        name = f"{prefix}_with_a_rather_long_name"
        return Profile(1, tuple(Column(f"{name}_{n}", "double", Kind.NUMERIC) for n in range(10_000)))

    started = time.perf_counter()
    finding = schema_finding(wide("before"), wide("after"), dataset="wide")
    assert time.perf_counter() - started < 1
    assert finding.verdict is Verdict.BREACH
    assert "'before_with_a_rather_long_name_19' is missing; 9,980 more" in finding.reason
    assert len(finding.reason) < 3_000
    assert str(finding.evidence["new"]).endswith(", 9,980 more")


def test_a_retyped_column_is_never_no_drift(
    profiled: Profiled,
) -> None:
    """A column that turned from numbers into words is never "no drift"."""
    baseline = profiled({"score": [0.5, 0.6]})
    window = profiled({"score": ["0.5", "0.6"]}, like=baseline)

    findings = compare(baseline, window, LIMITS, dataset="scores")

    assert found(findings, "drift.schema").verdict is Verdict.BREACH
    assert found(findings, "drift.ks").verdict is Verdict.UNKNOWN


def test_what_is_looked_at_does_not_depend_on_what_is_found(profiled: Profiled) -> None:
    """Whether a table is fine, has lost a column or cannot be read: each check of each column has a Finding."""
    baseline = profiled({"score": [0.5, 0.6]})
    fine = compare(baseline, baseline, LIMITS, dataset="scores")
    lost = compare(baseline, profiled({"other": [1]}, like=baseline), LIMITS, dataset="scores")
    broken = unreadable(LIMITS, "scores", Unreadable("'a' was cut short.", do="land it again"))

    looked_at = [[(finding.check, finding.subject) for finding in findings] for findings in (fine, lost, broken)]

    assert looked_at[0] == looked_at[1] == looked_at[2]
    assert {finding.verdict for finding in broken} == {Verdict.UNKNOWN}
