"""What the hub can say of a model that several clouds serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.findings import Finding, Verdict, at_least, at_most, unknown
from nephoscope.jobs.model_rollup import model_check
from nephoscope.jobs.rollup import Newest
from nephoscope.monitoring.adaptive import Adaptive
from nephoscope.monitoring.answer import Fault, Point, Series, failed
from nephoscope.monitoring.n_of_m import ONCE, Patience
from nephoscope.monitoring.query import Window, query
from nephoscope.monitoring.spread import Reading, spread
from nephoscope.monitoring.version import rank, served, version_lag
from nephoscope.monitoring.watch import Rule, Watch, judged
from nephoscope.settings import Configuration, LimitSetting, MetricStores, Model
from nephoscope.settings.metric_stores import AzureMonitor, CloudMonitoring, CloudWatch
from nephoscope.settings.models import Metric

MODEL = "fraud_detection_v2"
AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
THREE = MetricStores(aws=CloudWatch(), azure=AzureMonitor(), gcp=CloudMonitoring(project="p"))
ACCURACY = Metric(limit=LimitSetting(at_least=0.8), spread=0.05)
CONFIGURATION = Configuration(
    version=1, models={MODEL: Model(metrics={"accuracy": ACCURACY}, serving="accuracy")}, metric_stores=THREE
)


def report(cloud: str, value: float | None, version: str = "3", predictions: float = 1000.0) -> Newest:
    """One cloud's newest Report of the model."""
    subject, labels = f"{MODEL}/accuracy", {"model": MODEL, "cloud": cloud}
    limit, evidence = at_least(0.8), {"newest": value or 0.0, "predictions": predictions}
    accuracy = (
        unknown("monitoring.limit", subject, reason="Timed out.", labels=labels)
        if value is None
        else Finding(
            "monitoring.limit",
            subject,
            Verdict.OK,
            "",
            value,
            limit,
            labels=labels,
            evidence=evidence,
        )
    )
    serving = served(MODEL, cloud, {version: Series((Point(AT, 1.0),))})
    return Newest("monitoring", cloud, "models", AT, (accuracy, serving), {})


def found(findings: tuple[Finding, ...], check: str) -> Finding:
    """The one Finding of a check."""
    (one,) = [finding for finding in findings if finding.check == check]
    return one


def test_clouds_that_are_apart_are_a_finding_of_their_own() -> None:
    """Clouds that are 0.08 apart breach "at most 0.05", though each of them is fine by itself."""
    made = model_check(CONFIGURATION)([report("aws", 0.91), report("azure", 0.83), report("gcp", 0.9)])

    finding = found(made, "monitoring.spread")
    assert finding.verdict is Verdict.BREACH
    assert finding.value == pytest.approx(0.08)
    assert finding.reason == "AWS 0.91, Azure 0.83, Google 0.9: 0.08 apart, at most 0.05 was expected."


def test_a_cloud_that_is_late_makes_a_good_spread_unknown() -> None:
    """Two clouds agree and the third one's Report is old: it might be far off, so nothing is said to be fine."""
    late = replace(report("gcp", 0.9), unknown="its newest whole Report came yesterday")
    made = model_check(CONFIGURATION)([report("aws", 0.91), report("azure", 0.9), late])

    assert found(made, "monitoring.spread").verdict is Verdict.UNKNOWN
    assert "Google unknown" in found(made, "monitoring.spread").reason
    assert found(made, "monitoring.version_lag").verdict is Verdict.UNKNOWN


def test_a_breach_stays_one_whatever_the_silent_cloud_would_say() -> None:
    """Two clouds that are apart are apart."""
    made = model_check(CONFIGURATION)([report("aws", 0.91), report("azure", 0.8), report("gcp", None)])

    assert found(made, "monitoring.spread").verdict is Verdict.BREACH


def shown(cloud: str, rules: Sequence[Rule], patience: Patience, values: Sequence[float]) -> Newest:
    """The Report of a cloud that holds these values against some rules; nothing is known of any past."""
    hour = timedelta(hours=1)
    window = Window(AT - len(values) * hour, AT, hour)
    series = Series(tuple(map(Point, window.starts, values)))
    watches = [Watch(MODEL, "accuracy", cloud, query("n", "A", {}), rule, hour, patience) for rule in rules]
    return Newest("monitoring", cloud, "models", AT, tuple(judged(one, window, series, Series()) for one in watches))


def test_clouds_are_compared_by_their_newest_period() -> None:
    """A fall that is no breach yet, by 3 of 5 periods, is already a distance from the other cloud."""
    of_five = Patience(3, 5)
    falling = shown("aws", [at_least(0.85)], of_five, [0.9, 0.9, 0.9, 0.6, 0.6])
    steady = shown("gcp", [at_least(0.85)], of_five, [0.9] * 5)
    assert falling.findings[0].verdict is Verdict.OK

    finding = found(model_check(CONFIGURATION)([falling, steady]), "monitoring.spread")
    assert finding.verdict is Verdict.BREACH
    assert finding.value == pytest.approx(0.3)


@pytest.mark.parametrize("rules", list(permutations([at_least(0.85), Adaptive(timedelta(days=28)), None])), ids=str)
def test_a_rule_that_cannot_judge_hides_no_value(rules: Sequence[Rule]) -> None:
    """While an adaptive limit learns, the value that the others were judged by is known, in whatever order they are."""
    reports = [shown(cloud, rules, ONCE, [value]) for cloud, value in {"aws": 0.9, "azure": 0.6, "gcp": 0.9}.items()]

    finding = found(model_check(CONFIGURATION)(reports), "monitoring.spread")
    assert finding.value == pytest.approx(0.3)


@pytest.mark.parametrize("late", [True, False])
def test_of_two_reports_of_one_cloud_the_newer_counts(late: bool) -> None:
    """What somebody asked by hand long ago stands for nothing, even where the newest Report is late."""
    by_hand = replace(report("gcp", 0.5), cloud="local", scope="models in gcp", at=AT - timedelta(days=30))
    newest = replace(report("gcp", 0.9), unknown="its newest whole Report came yesterday" if late else "")
    for reports in permutations([report("aws", 0.9), report("azure", 0.9), newest, by_hand]):
        finding = found(model_check(CONFIGURATION)(reports), "monitoring.spread")
        assert finding.verdict is (Verdict.UNKNOWN if late else Verdict.OK)


def test_the_mean_is_weighted_by_predictions() -> None:
    """900 predictions at 0.9 and 100 at 0.8 have the mean 0.89 and a deviation of 0.03."""
    readings = {"aws": Reading(0.9, 900.0), "azure": Reading(0.8, 100.0)}

    finding = spread(MODEL, "accuracy", readings, at_most(0.2))

    assert finding.evidence["weighted_mean"] == pytest.approx(0.89)
    assert finding.evidence["weighted_deviation"] == pytest.approx(0.03)


def test_a_cloud_with_few_predictions_says_nothing() -> None:
    """Three predictions do not make a spread."""
    readings = {"aws": Reading(0.9, 900.0), "azure": Reading(0.9, 900.0), "gcp": Reading(0.1, 3.0)}

    finding = spread(MODEL, "accuracy", readings, at_most(0.05), least_predictions=30)

    assert finding.verdict is Verdict.OK
    assert "Google has too few predictions" in finding.reason


def test_a_cloud_whose_predictions_are_not_known_is_not_left_out() -> None:
    """Who cannot count a cloud's predictions cannot say that they are too few: a good distance is unknown then."""
    readings = {"aws": Reading(0.91, 900.0), "azure": Reading(0.9, 800.0), "gcp": Reading(0.5)}

    finding = spread(MODEL, "accuracy", readings, at_most(0.05), least_predictions=100)

    assert finding.verdict is Verdict.UNKNOWN
    assert "Google unknown" in finding.reason


@given(st.dictionaries(st.sampled_from(["aws", "azure", "gcp"]), st.floats(0, 1), min_size=2))
def test_the_spread_is_the_distance_of_the_outermost(values: dict[str, float]) -> None:
    """The value is the highest less the lowest, and the weighted mean lies between."""
    readings = {cloud: Reading(value, 10.0) for cloud, value in values.items()}

    finding = spread(MODEL, "accuracy", readings, at_most(2.0))

    assert finding.value == max(values.values()) - min(values.values())
    assert min(values.values()) - 1e-12 <= float(finding.evidence["weighted_mean"]) <= max(values.values()) + 1e-12


def test_a_cloud_that_lags_is_told() -> None:
    """One cloud still serves the old version: a finding says which, and what the others serve."""
    reports = [report("aws", 0.9, "v10"), report("azure", 0.9, "v9"), report("gcp", 0.9, "v10")]
    made = model_check(CONFIGURATION)(reports)

    finding = found(made, "monitoring.version_lag")
    assert finding.verdict is Verdict.BREACH
    assert finding.reason == "AWS serves v10, Azure serves v9, Google serves v10: Azure is behind."


def test_the_served_version_is_the_one_with_the_newest_points() -> None:
    """The version that still writes is served; of two that write, the higher, with the other one named."""
    old, new = Series((Point(AT.replace(hour=3), 1.0),)), Series((Point(AT, 1.0),))

    assert served(MODEL, "aws", {"9": new, "10": old}).evidence["version"] == "9"
    both = served(MODEL, "aws", {"9": new, "10": new})
    assert both.evidence["version"] == "10"
    assert "9 beside it" in both.reason


@pytest.mark.parametrize("versions", [{}, {"3": Series()}, failed(Fault.PERMISSION, "AccessDenied.")])
def test_a_version_that_is_not_known_is_unknown(versions: object) -> None:
    """No data and a denied question leave the version unknown."""
    assert served(MODEL, "aws", versions).verdict is Verdict.UNKNOWN  # type: ignore[arg-type]


@given(st.lists(st.from_regex(r"v?[0-9]{1,3}(\.[0-9]{1,3}){0,2}", fullmatch=True), min_size=1))
def test_versions_are_ordered_by_their_numbers(versions: list[str]) -> None:
    """Any two versions can be ordered, and equal ones alone are of the same rank."""
    assert sorted(versions, key=rank)
    lag = version_lag(MODEL, {str(n): version for n, version in enumerate(versions)})
    assert (lag.verdict is Verdict.OK) == (len(set(versions)) == 1)
