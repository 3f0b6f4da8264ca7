"""Promote, hold or rollback: what two versions of a model showed, and how sure that is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.findings import Severity, Verdict
from nephoscope.monitoring.canary import Trial, Version, decide, interval
from nephoscope.monitoring.student_t import student_t
from scipy import stats

TRIAL = Trial("fraud_detection_v2", "accuracy", "aws", stable="3", canary="4", tolerance=0.01)


def version(*values: float | None, predictions: float | None = None) -> Version:
    """What one version showed."""
    return Version(values, predictions)


OLD = version(*[0.90, 0.92, 0.88, 0.91, 0.89, 0.90, 0.92, 0.91])


def shifted(by: float, noise: float = 0.002) -> Version:
    """A version that moves with the old one, somewhat better or worse."""
    return version(*(value + by + noise * (-1) ** n for n, value in enumerate(OLD.values) if value is not None))


@pytest.mark.parametrize(
    ("by", "decision"), [(0.02, "promote"), (0.0, "promote"), (-0.05, "rollback"), (-0.01, "hold")]
)
def test_the_whole_interval_decides(by: float, decision: str) -> None:
    """Surely not more than 0.01 worse is promoted, surely more is rolled back, and what may be either is held."""
    finding = decide(TRIAL, OLD, shifted(by))

    assert finding.evidence["decision"] == decision
    assert finding.evidence["periods"] == 8
    assert finding.verdict is (Verdict.BREACH if decision == "rollback" else Verdict.OK)
    assert finding.severity is Severity.HIGH


def test_what_moves_both_versions_decides_nothing() -> None:
    """A day on which both are far worse says nothing of the new one."""
    bad_day = [0.2 if n % 2 else 0.0 for n in range(8)]
    old = version(*(value - bad for value, bad in zip(OLD.values, bad_day, strict=True) if value is not None))
    new = version(*(value - bad for value, bad in zip(shifted(0.02).values, bad_day, strict=True) if value is not None))

    assert decide(TRIAL, old, new).evidence["decision"] == "promote"


def test_lower_may_be_better() -> None:
    """For a latency a fall is an advantage."""
    latency = Trial("m", "latency_ms", "aws", "3", "4", higher_is_better=False)

    assert decide(latency, shifted(0.02), OLD).evidence["decision"] == "promote"
    assert decide(latency, OLD, shifted(0.02)).evidence["decision"] == "rollback"


def test_too_few_periods_are_held() -> None:
    """Five periods, however clear, decide nothing; the reason says how many are needed."""
    finding = decide(TRIAL, version(*[0.9] * 5), version(*[0.1] * 5))

    assert (finding.evidence["decision"], finding.verdict) == ("hold", Verdict.OK)
    assert "5 periods with both versions, 6 are needed" in finding.reason


@pytest.mark.parametrize("predictions", [None, 99.0])
def test_too_few_predictions_are_held(predictions: float | None) -> None:
    """A version that answered 99 requests, or nobody knows how many, is not rolled back where 100 are asked for."""
    trial = Trial("m", "accuracy", "aws", "3", "4", least_predictions=100)
    new = Version(shifted(-0.3).values, predictions)

    finding = decide(trial, Version(OLD.values, 5000.0), new)

    assert finding.evidence["decision"] == "hold"
    assert finding.verdict is Verdict.OK


def test_a_version_that_shows_nothing_is_unknown() -> None:
    """Without one common period there is nothing to compare: unknown, and held."""
    finding = decide(TRIAL, version(0.9, None), version(None, 0.9))

    assert finding.verdict is Verdict.UNKNOWN
    assert finding.evidence["decision"] == "hold"


@given(st.floats(0.6, 0.9999), st.integers(3, 500))
def test_the_quantile_is_students(probability: float, freedom: int) -> None:
    """The t quantile is SciPy's to 0.2 %."""
    assert student_t(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=2e-3)


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=40))
def test_the_interval_is_that_of_the_t_test(advantages: list[float]) -> None:
    """The confidence interval of the mean difference is the one that SciPy's paired t-test gives."""
    found = interval(advantages, 0.95)
    if np.std(advantages) < 1e-9:
        assert math.isclose(found.low, found.high, abs_tol=1e-6)
        return
    expected = stats.ttest_1samp(advantages, 0.0).confidence_interval(0.95)

    reach = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=1e-2 * reach)
    assert found.high == pytest.approx(expected.high, abs=1e-2 * reach)
