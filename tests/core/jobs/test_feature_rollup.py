"""Parity in the hub, from what each cloud's run sampled."""

from datetime import UTC, datetime
from typing import Any

import pytest
from nephoscope.features.parity import Held, Sampled, to_reading
from nephoscope.findings import Verdict
from nephoscope.jobs.feature_rollup import feature_check
from nephoscope.jobs.rollup import Newest
from nephoscope.settings import Configuration, Features
from nephoscope.settings.features import SqliteStore

AT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
SAME = {"1": Held(1, "a"), "2": Held(2, "b")}


def configuration(*clouds: str) -> Configuration:
    """Some clouds that serve features."""
    stores: Any = {cloud: SqliteStore(path=f"{cloud}.db") for cloud in clouds}
    return Configuration(version=1, features=Features(project="shop", stores=stores))


def report(cloud: str, rows: dict[str, Held | None] | None = None, *, silent: str = "", unknown: str = "") -> Newest:
    """A cloud's newest Report of one view."""
    told = {"silent": silent} if silent else to_reading(Sampled(rows or SAME))
    return Newest("features", cloud, "shop", AT, readings={"samples": {cloud: {"users": told}}}, unknown=unknown)


def test_clouds_in_step_are_ok() -> None:
    """Three clouds that hold the same are one Finding a view."""
    (finding,) = feature_check(configuration("aws", "azure", "gcp"))([report("aws"), report("azure"), report("gcp")])
    assert (finding.check, finding.verdict, finding.evidence["keys"]) == ("features.parity", Verdict.OK, 2)


def test_a_cloud_that_came_later_is_in_step() -> None:
    """What is too old for a sync that came later is left out in the hub too: a Report tells where its sync begins."""
    told = {
        "aws": Sampled(SAME, from_us=0),
        "gcp": Sampled({"2": SAME["2"]}, from_us=2),
    }
    reports = [
        Newest("features", cloud, "shop", AT, readings={"samples": {cloud: {"users": to_reading(sample)}}})
        for cloud, sample in told.items()
    ]
    (finding,) = feature_check(configuration("aws", "gcp"))(reports)
    assert (finding.verdict, finding.evidence["keys"]) == (Verdict.OK, 1)


def test_a_report_of_before_ages_were_told_is_compared_whole() -> None:
    """While clouds are upgraded one after the other, a Report without that number is read as before."""
    old = report("aws")
    assert old.readings is not None
    del old.readings["samples"]["aws"]["users"]["from_us"]
    (finding,) = feature_check(configuration("aws", "gcp"))([old, report("gcp")])
    assert (finding.verdict, finding.evidence["keys"]) == (Verdict.OK, 2)


def test_a_cloud_that_differs_is_a_breach() -> None:
    """A value that one cloud alone holds is found without anybody reading two stores."""
    other = report("gcp", {"1": Held(1, "a"), "2": Held(2, "other")})
    (finding,) = feature_check(configuration("aws", "gcp"))([report("aws"), other])
    assert (finding.verdict, finding.value) == (Verdict.BREACH, 0.5)


@pytest.mark.parametrize(
    "gcp", [report("gcp", unknown="it is late"), report("gcp", silent="connection refused"), None], ids=str
)
def test_a_cloud_that_is_not_known_is_unknown_and_the_others_go_on(gcp: Newest | None) -> None:
    """A late Report, a silent store and no Report at all are unknown for that cloud alone."""
    reports = [report("aws"), report("azure"), *([gcp] if gcp else [])]
    findings = feature_check(configuration("aws", "azure", "gcp"))(reports)
    assert [(finding.verdict, finding.labels.get("cloud")) for finding in findings] == [
        (Verdict.OK, None),
        (Verdict.UNKNOWN, "gcp"),
    ]


def test_one_cloud_has_nothing_to_be_compared_with() -> None:
    """A project that one cloud serves has no parity."""
    assert feature_check(configuration("aws"))([report("aws")]) == ()


def test_when_no_cloud_is_known_the_project_is_unknown() -> None:
    """Nothing that could be compared is unknown, not silence."""
    (finding,) = feature_check(configuration("aws", "gcp"))([])
    assert (finding.subject, finding.verdict) == ("shop", Verdict.UNKNOWN)
