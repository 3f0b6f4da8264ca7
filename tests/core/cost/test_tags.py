"""Budgets and anomalies by tag: each key by itself, and nothing that is not told is free."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from nephoscope.adapters.files.bills.rollup import BillFiles
from nephoscope.cost.anomalies import cost_anomalies
from nephoscope.cost.budgets import BudgetLimit
from nephoscope.cost.forecast import Forecast
from nephoscope.cost.judged import anomaly_findings, budget_findings
from nephoscope.cost.money import Budget, total
from nephoscope.cost.tagged import Tagged, tagged
from nephoscope.cost.totals import ProviderCost
from nephoscope.errors import BadSettings
from nephoscope.settings import load, loads_json
from nephoscope.settings.spending import anomaly_limits, budget_limits, watched_tags

RESEARCH = ("team", "research")
LIMIT = BudgetLimit("research", Budget(Decimal(100), "USD"), tag=RESEARCH, labels={"team": "research"})
KNOWN = {cloud: ProviderCost("known", {"USD": Decimal(500)}, {}) for cloud in ("aws", "gcp")}


def _spent(usd: str) -> dict[str, ProviderCost]:
    return {"aws": ProviderCost("known", {"USD": Decimal(usd)}, {"USD": Decimal(0)})}


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (Tagged({RESEARCH: _spent("100")}, frozenset({("team", "aws")})), "ok"),
        (Tagged({RESEARCH: _spent("100.01")}, frozenset({("team", "aws")})), "breach"),
        (Tagged({}, frozenset({("team", "aws")})), "ok"),
        (Tagged(), "unknown"),
        (Tagged({RESEARCH: _spent("1")}, frozenset({("team", "aws")}), {("team", "gcp"): "denied"}), "unknown"),
        (Tagged({RESEARCH: _spent("101")}, frozenset({("team", "aws")}), {("team", "gcp"): "denied"}), "breach"),
    ],
    ids=["equal", "more", "other teams only", "no tags", "tags of one cloud unknown", "enough is known"],
)
def test_a_budget_of_a_team(told: Tagged, verdict: str) -> None:
    """A team's budget is held against what its tag is billed; where tags are not told it is unknown, never 0."""
    found = {one.check: one for one in budget_findings([LIMIT], KNOWN, {}, every_cloud=True, tagged=told)}
    assert str(found["cost.budget"].verdict) == verdict
    assert found["cost.budget"].labels == {"team": "research"}


def test_a_team_is_told_before_its_month_ends_above_the_budget() -> None:
    """A team's own month end is projected, and breaches while what is spent does not."""
    told = Tagged({RESEARCH: _spent("60")}, frozenset({("team", "aws")}))
    end = Forecast(Decimal(60), Decimal(120), Decimal(110), Decimal(130), 15)
    ends = {RESEARCH: {("aws", "USD"): end}}
    found = {one.check: one for one in budget_findings([LIMIT], KNOWN, ends, every_cloud=True, tagged=told)}
    assert [str(found[check].verdict) for check in ("cost.budget", "cost.forecast")] == ["ok", "breach"]
    without = {one.check: one for one in budget_findings([LIMIT], KNOWN, {}, every_cloud=True, tagged=told)}
    assert str(without["cost.forecast"].verdict) == "unknown"


def test_any_number_of_tags_is_watched() -> None:
    """The tags that are watched are the model's, those of the configuration and those that budgets name."""
    budgets = b'{"a": {"amount": "1 USD", "tag": {"team": "x"}}, "b": {"amount": "2 USD", "model": "fraud"}}'
    settings = loads_json(b'{"version": 1, "bills": {"tags": ["env"]}, "budgets": ' + budgets + b"}")
    assert watched_tags(settings) == {"model": {"fraud"}, "env": set(), "team": {"x"}}
    assert [limit.tag for limit in budget_limits(settings)] == [("team", "x"), ("model", "fraud")]


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ("{amount: 1 USD, model: m, tag: {team: x}}", "budgets.a: .*for a model or for a tag"),
        ("{amount: 1 USD, tag: {team: x, env: y}}", "budgets.a.tag: .*one tag and its value"),
        ("{amount: 1 USD, tag: {}}", "budgets.a.tag: .*one tag and its value"),
    ],
)
def test_a_budget_is_for_one_model_or_for_one_tag(budget: str, told: str, tmp_path: Path) -> None:
    """A budget that names a model and a tag, or not one tag, is a mistake that is told with its place."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(f"version: 1\nbudgets:\n  a: {budget}\n")
    with pytest.raises(BadSettings, match=told):
        load(path)


# Out of files

TEAMS = 300  # more than the dearest that are told


@pytest.fixture
def bill(focus_row: Callable[..., dict[str, Any]], write_csv: Callable[..., Path]) -> Path:
    """A bill of 300 teams, 7 stages and 5 cost centres in every combination that its rows have."""
    rows = [
        focus_row(
            BilledCost=f"{1 + number % TEAMS}.000001",
            ServiceName=f"service {number % 3}",
            Tags=f'{{"team": "team {number % TEAMS}", "stage": "{number % 7}", "centre": "{number % 5}"}}',
        )
        for number in range(TEAMS * 7)
    ]
    return write_csv("bill.csv", [*rows, focus_row(BilledCost="9", Tags="")])


def test_each_tag_is_added_up_by_itself(bill: Path) -> None:
    """Three keys cost the sum of their values, not the product; every key's lines add up to the whole bill."""
    found = BillFiles([str(bill)]).read(tags={"stage": (), "centre": (), "team": ()})
    assert {key: len({line.tags.get(key) for line in lines}) for key, lines in found.tagged.items()} == {
        "stage": 8,
        "centre": 6,
        "team": 201,
    }
    assert all(len(lines) <= 3 * 201 for lines in found.tagged.values())
    whole = total(line.billed or Decimal(0) for line in found.lines)
    for lines in found.tagged.values():
        assert total(line.billed or Decimal(0) for line in lines) == whole


def test_a_named_value_is_told_however_little_it_costs(bill: Path) -> None:
    """Of many values the dearest are told, and each that a budget names."""
    found = BillFiles([str(bill)]).read(tags={"team": ("team 0",)})
    costs = tagged(found.tagged, "2026-05")
    assert costs.costs["team", "team 0"]["aws"].billed == {"USD": Decimal("7.000007")}
    assert costs.costs["team", "team 299"]["aws"].billed == {"USD": Decimal("2100.000007")}
    assert ("team", "team 1") not in costs.costs


def test_the_same_sums_whether_a_tag_is_a_key_of_the_groups_too(bill: Path) -> None:
    """A tag that groups are asked by adds up to the same as one that is only watched."""
    together = BillFiles([str(bill)]).read(by=("tag:stage", "tag:centre"), tags={"stage": (), "centre": ()})
    apart = BillFiles([str(bill)]).read(tags={"stage": (), "centre": ()})
    assert tagged(together.tagged, "2026-05") == tagged(apart.tagged, "2026-05")


def test_tags_that_differ_in_case_are_two_tags(
    focus_row: Callable[..., dict[str, Any]], write_csv: Callable[..., Path], report: Callable[..., dict[str, Any]]
) -> None:
    """`team` and `Team` are two keys, as groups and as what is watched; neither takes the other's values or money."""
    path = write_csv("bill.csv", [focus_row(Tags='{"team": "x", "Team": "y"}'), focus_row(Tags='{"team": "w"}')])
    groups = report(path, "--by", "tag:team,tag:Team")["groups"]
    assert [(*group["keys"].values(), group["billed"]) for group in groups] == [
        ("w", None, "1.25"),
        ("x", "y", "1.25"),
    ]
    found = BillFiles([str(path)]).read(tags={"team": (), "Team": (), "a\"b'c": ()})
    assert {
        key: sorted((line.tags.get(key, ""), line.billed) for line in lines) for key, lines in found.tagged.items()
    } == {
        "team": [("w", Decimal("1.25")), ("x", Decimal("1.25"))],
        "Team": [("", Decimal("1.25")), ("y", Decimal("1.25"))],
        "a\"b'c": [("", Decimal("2.5"))],
    }


def _days(focus_row: Callable[..., dict[str, Any]], cost: Callable[[int, str], float]) -> list[dict[str, Any]]:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return [
        focus_row(
            BillingPeriodStart=f"{day:%Y-%m}-01T00:00:00Z",
            ChargePeriodStart=f"{day:%Y-%m-%dT00:00:00Z}",
            ChargePeriodEnd=f"{day + timedelta(days=1):%Y-%m-%dT00:00:00Z}",
            EffectiveCost=f"{cost(number, team):.4f}",
            BilledCost=f"{cost(number, team):.4f}",
            Tags=f'{{"team": "{team}"}}',
        )
        for number in range(70)
        for day in [start + timedelta(days=number)]
        for team in ("fraud", "research")
    ]


def test_a_team_that_spends_more_is_named_by_its_tag(
    focus_row: Callable[..., dict[str, Any]], write_csv: Callable[..., Path], report: Callable[..., dict[str, Any]]
) -> None:
    """A day on which one team spends more than ever is an anomaly of that team, with the service that drove it."""
    path = write_csv("bill.csv", _days(focus_row, lambda day, team: 400 if (day, team) == (50, "research") else 100))
    found = [one for one in report(path, "--by", "tag:team")["anomalies"] if "tag:team" in one["keys"]]
    assert [(one["keys"], one["kind"], one["start"]) for one in found] == [
        ({"provider": "aws", "tag:team": "research"}, "spike", "2026-04-21")
    ]
    assert found[0]["drivers"][0]["name"] == "Compute"


def test_a_month_is_told_the_anomalies_that_it_had(
    focus_row: Callable[..., dict[str, Any]], write_csv: Callable[..., Path], report: Callable[..., dict[str, Any]]
) -> None:
    """With `--month`, earlier months teach what is usual, and only the month's own anomalies are told."""
    path = write_csv("bill.csv", _days(focus_row, lambda day, team: 400 if (day, team) == (50, "research") else 100))
    assert report(path, "--month", "2026-04")["anomalies"]
    assert not report(path, "--month", "2026-05")["anomalies"]


def test_every_team_that_is_watched_is_told_of(
    focus_row: Callable[..., dict[str, Any]], write_csv: Callable[..., Path]
) -> None:
    """The team that stands out breaches under its own label, and the other is ok, so that both can resolve."""
    path = write_csv("bill.csv", _days(focus_row, lambda day, team: 400 if (day, team) == (68, "research") else 100))
    bill = BillFiles([str(path)]).read(details=True, tags={"team": ()})
    limits = anomaly_limits(loads_json(b'{"version": 1}'))
    findings = anomaly_findings(cost_anomalies(bill.daily, limits, tagged=bill.tagged), bill, limits)
    assert {one.subject: (str(one.verdict), one.labels) for one in findings if "team=" in one.subject} == {
        "aws/team=fraud": ("ok", {"provider": "aws", "team": "fraud"}),
        "aws/team=research": ("breach", {"provider": "aws", "team": "research"}),
    }


def test_two_views_of_a_bill_are_not_added_by_day_either(write_csv: Callable[..., Path]) -> None:
    """A day's usage that stands in the actual and in the amortised view is one day's usage."""
    row = {
        "SubscriptionId": "sub",
        "Date": "2026-05-03",
        "MeterCategory": "Virtual Machines",
        "BillingCurrency": "EUR",
        "ChargeType": "Usage",
        "Tags": '{"team": "fraud"}',
    }
    paths = [
        write_csv(f"{view}/part_0.csv", [row | {"CostInBillingCurrency": cost}])
        for view, cost in (("daily-ActualCost", "3"), ("daily-AmortizedCost", "8"))
    ]
    found = BillFiles(map(str, paths)).read(details=True, tags={"team": ()})
    for lines in (found.daily, found.tagged["team"]):
        assert {line.day for line in lines} == {date(2026, 5, 3)}
        assert total(line.billed or Decimal(0) for line in lines) == 3
        assert total(line.effective or Decimal(0) for line in lines) == 8
