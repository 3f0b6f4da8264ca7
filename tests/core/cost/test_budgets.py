"""Budgets, forecasts, reconciliation and unit economics: what is not known is never taken for little."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.cli import main
from nephoscope.cost.across import all_clouds, readings, tags
from nephoscope.cost.budgets import BudgetLimit, projected, provider_shares, spent
from nephoscope.cost.forecast import Forecast, month_end
from nephoscope.cost.judged import budget_findings
from nephoscope.cost.money import Budget, plain, total
from nephoscope.cost.month import Month
from nephoscope.cost.month_ends import together
from nephoscope.cost.rates import Rates
from nephoscope.cost.reconciliation import reconciled
from nephoscope.cost.tagged import Tagged
from nephoscope.cost.totals import ProviderCost, grand_total
from nephoscope.cost.unit_economics import ModelUse, unit_costs
from nephoscope.settings import load
from nephoscope.settings.spending import budget_limits

LIMIT = BudgetLimit("all", Budget(Decimal(1000), "USD"), Decimal("0.6"))


def _known(amount: str, currency: str = "USD") -> ProviderCost:
    return ProviderCost("known", {currency: Decimal(amount)}, {currency: Decimal(amount)})


UNKNOWN = ProviderCost("unknown", {}, {}, reason="access denied")


@pytest.mark.parametrize(
    ("costs", "verdict"),
    [
        ({"aws": _known("600"), "gcp": _known("400")}, "ok"),
        ({"aws": _known("600"), "gcp": _known("400.01")}, "breach"),
        ({"aws": _known("600"), "gcp": UNKNOWN}, "unknown"),
        ({"aws": _known("1000.01"), "gcp": UNKNOWN}, "breach"),
        ({"aws": _known("1", "EUR")}, "unknown"),
        ({"aws": _known("1", "EUR"), "gcp": _known("1")}, "unknown"),
        ({"aws": _known("0.01", "EUR"), "gcp": _known("1000.01")}, "breach"),
        ({"aws": ProviderCost("known", {}, {})}, "ok"),
    ],
)
def test_a_month_against_the_budget_of_1000_usd(costs, verdict):
    """1,000 USD are within the budget, a cent more is not, whatever else; what is missing or not in USD is unknown."""
    assert str(spent(LIMIT, grand_total(costs)).verdict) == verdict


def test_the_example_ships_the_first_budget():
    """The configuration that `init` writes allows 1,000 USD a month, and 60 % of it in one cloud."""
    example = Path(main.__file__).with_name("example.yaml")
    (limit,) = budget_limits(load(example))
    assert (str(limit.budget), limit.provider_share) == ("1000 USD", Decimal("0.6"))


def test_rates_make_two_currencies_comparable():
    """With a table of rates a bill in two currencies is held against the budget; without a rate it is unknown."""
    costs = grand_total({"aws": _known("500"), "azure": _known("500", "EUR")})
    rated = BudgetLimit("all", LIMIT.budget, rates=Rates("USD", {"EUR": Decimal("1.1")}))
    assert (str(spent(rated, costs).verdict), spent(rated, costs).value) == ("breach", Decimal(1050))
    rated = BudgetLimit("all", LIMIT.budget, rates=Rates("USD", {"GBP": Decimal("1.3")}))
    assert str(spent(rated, costs).verdict) == "unknown"
    found = spent(rated, grand_total({"aws": _known("1000"), "azure": _known("1", "EUR"), "gcp": _known("1", "GBP")}))
    assert (str(found.verdict), found.reason) == ("breach", "At least 1001.3 of 1000 USD are spent.")


def test_rates_hold_for_the_months_end_too():
    """Month ends in two currencies are added by the rates that the bill is; without a rate they are unknown."""
    costs = {"aws": _known("400"), "azure": _known("100", "EUR")}
    end = Forecast(Decimal(1), Decimal(500), Decimal(470), Decimal(530), 9)
    ends = {None: {("aws", "USD"): end, ("azure", "EUR"): end}}
    for worth, verdict in (({"EUR": Decimal("1.1")}, "breach"), ({"GBP": Decimal(2)}, "unknown")):
        limit = BudgetLimit("all", LIMIT.budget, rates=Rates("USD", worth))
        found = {one.check: one for one in budget_findings([limit], costs, ends, every_cloud=True, tagged=Tagged())}
        assert str(found["cost.forecast"].verdict) == verdict
        assert str(found["cost.budget"].verdict) == ("ok" if verdict == "breach" else "unknown")
    found = together(ends[None], "USD", Rates("USD", {"EUR": Decimal("1.1")}))
    assert (found.expected, found.high) == (Decimal(1050), Decimal("1094.6"))


def test_a_month_end_that_lacks_a_cloud_is_not_the_months_end():
    """A cloud that charged something and has no forecast yet leaves the projection unknown, not smaller."""
    end = Forecast(Decimal(1), Decimal(500), Decimal(470), Decimal(530), 9)
    costs = {"aws": _known("400"), "gcp": _known("100")}
    ends = {None: {("aws", "USD"): end}}
    found = {one.check: one for one in budget_findings([LIMIT], costs, ends, every_cloud=True, tagged=Tagged())}
    assert str(found["cost.forecast"].verdict) == "unknown"
    costs = {"aws": _known("400"), "gcp": ProviderCost("known", {}, {})}
    found = {one.check: one for one in budget_findings([LIMIT], costs, ends, every_cloud=True, tagged=Tagged())}
    assert str(found["cost.forecast"].verdict) == "ok"


def test_each_provider_has_its_share():
    """One provider may take 600 of 1,000 USD; one that did not answer is unknown."""
    found = provider_shares(LIMIT, {"aws": _known("600"), "azure": _known("600.5"), "gcp": UNKNOWN})
    assert [str(finding.verdict) for finding in found] == ["ok", "breach", "unknown"]
    assert found[1].labels == {"provider": "azure"}


@pytest.mark.parametrize(("usd", "verdict"), [("600.5", "breach"), ("600", "unknown")])
def test_a_share_that_is_taken_is_taken_in_two_currencies_too(usd, verdict):
    """What one provider charged in the budget's own currency may be too much already; below that it is unknown."""
    cost = ProviderCost("known", {"USD": Decimal(usd), "EUR": Decimal("0.01")}, {})
    (found,) = provider_shares(LIMIT, {"aws": cost})
    assert str(found.verdict) == verdict


def test_a_projected_breach_is_told_before_it_happens():
    """A month that will end above the budget breaches now; without a history it is unknown."""
    finding = projected(LIMIT, Forecast(Decimal(500), Decimal(1100), Decimal(1000), Decimal(1200), 15))
    assert str(finding.verdict) == "breach"
    assert "between 1000 and 1200" in finding.reason
    assert str(projected(LIMIT, None).verdict) == "unknown"
    partial = Forecast(Decimal(1), Decimal(2), Decimal(1), Decimal(3), 9)
    assert str(projected(LIMIT, partial, complete=False).verdict) == "unknown"


@pytest.mark.parametrize("noise", ["independent", "persistent", "heavy tails"])
def test_the_interval_of_a_month_end_holds_four_times_of_five(noise):
    """Over 200 generated month ends with weekday and month-start seasons the 80 % interval covers 70 to 90 %."""
    random = np.random.default_rng(17)
    covered = 0
    for _ in range(200):
        month = date(2025, int(random.integers(1, 13)), 1)
        length = calendar.monthrange(month.year, month.month)[1]
        history = int(random.integers(40, 80))
        first, cut = month - timedelta(history), int(random.integers(5, length - 3))
        errors = random.normal(scale=0.08, size=history + length)
        if noise == "persistent":
            for day in range(1, len(errors)):
                errors[day] += 0.6 * errors[day - 1]
        if noise == "heavy tails":
            errors = 0.08 * random.standard_t(4, size=history + length)
        weekend, extra = random.uniform(0.4, 1.0), random.uniform(0, 300)
        amounts = {}
        for number, error in enumerate(errors):
            day = first + timedelta(number)
            usual = 100 * (weekend if day.weekday() >= 5 else 1) * float(np.exp(error)) + (extra if day.day == 1 else 0)
            amounts[day] = Decimal(str(round(usual, 4)))
        known = {day: amount for day, amount in amounts.items() if day < month + timedelta(cut)}
        forecast = month_end(known, month + timedelta(cut - 1))
        assert forecast is not None
        covered += forecast.low <= total(amount for day, amount in amounts.items() if day >= month) <= forecast.high
    assert 140 <= covered <= 180


@pytest.mark.parametrize(("growth", "covered"), [(0.003, 0.6), (0.01, 0.5)])
def test_a_bill_that_grows_is_projected_to_grow(growth, covered):
    """A growth of 0.3 or 1 % a day is carried on: the interval holds more often than not, where a level lags."""
    random = np.random.default_rng(5)
    held, lag = 0, []
    for _ in range(100):
        cut = int(random.integers(8, 26))
        first, month = date(2026, 3, 20), date(2026, 5, 1)
        amounts = {
            day: Decimal(str(round(100 * float(np.exp(growth * number + random.normal(scale=0.08))), 4)))
            for number in range(73)
            for day in [first + timedelta(number)]
        }
        forecast = month_end(
            {day: amounts[day] for day in amounts if day.day <= cut or day < month}, date(2026, 5, cut)
        )
        end = total(amount for day, amount in amounts.items() if day >= month)
        held += forecast.low <= end <= forecast.high
        lag.append(float((forecast.expected - end) / end))
    assert held >= 100 * covered
    assert abs(np.mean(lag)) < 0.03


def test_a_month_is_projected_from_its_first_days_on():
    """Before a day of a month is complete it is projected from the months before, with what falls on each first."""
    days = {date(2026, 3, 1) + timedelta(n): Decimal(10) for n in range(60)} | {date(2026, 4, 1): Decimal(110)}
    found = month_end(days, date(2026, 4, 29), Month.of("2026-05"))
    assert (found.spent, found.expected, found.days_left) == (0, Decimal(410), 31)
    found = month_end(days | {date(2026, 5, 1): Decimal(110)}, date(2026, 5, 1), Month.of("2026-05"))
    assert (found.spent, found.expected, found.days_left) == (110, Decimal(410), 30)
    assert month_end(days, date(2026, 4, 29), Month.of("2026-06")) is None
    assert month_end(days, date(2026, 4, 29), Month.of("2026-03")) is None


def test_a_forecast_needs_two_weeks():
    """Thirteen days say nothing of a month's end."""
    days = {date(2026, 5, 1) + timedelta(n): Decimal(1) for n in range(13)}
    assert month_end(days, date(2026, 5, 13)) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (_known("1000"), _known("1004.9"), "ok"),
        (_known("1000"), _known("1006"), "breach"),
        (_known("0.001"), _known("0.009"), "ok"),
        (_known("1000"), UNKNOWN, "unknown"),
        (_known("1000"), _known("1000", "EUR"), "unknown"),
    ],
)
def test_a_rollup_is_reconciled_with_the_providers_own_total(ours, theirs, verdict):
    """Half a percent or a cent may lie between our total and theirs; what is missing cannot be reconciled."""
    finding = reconciled("aws", "2026-05", ours, theirs)
    assert str(finding.verdict) == verdict


def test_unit_costs_stand_side_by_side_and_guess_nothing():
    """Cost per 1,000 predictions and per point of accuracy in each cloud; what one side lacks is said."""
    found = unit_costs(
        {("fraud", "aws"): {"USD": Decimal(30)}, ("fraud", "gcp"): {"USD": Decimal(10), "EUR": Decimal(1)}},
        {("fraud", "aws"): ModelUse(60_000, 0.75), ("fraud", "azure"): ModelUse(0, None)},
    )
    assert [(one.cloud, one.per_thousand, one.per_point) for one in found] == [
        ("aws", Decimal("0.5"), Decimal("0.4")),
        ("azure", None, None),
        ("gcp", None, None),
    ]
    assert [one.reason for one in found] == [
        "",
        "no bill names it by its tag; it made no prediction; its accuracy is not known",
        "its cost is in several currencies; its predictions are not known; its accuracy is not known",
    ]


def test_a_missing_cloud_makes_the_total_at_least():
    """The total of all clouds is exact only when every cloud's newest report tells of the month."""
    aws = readings("2026-05", {"aws": _known("10.50")})
    azure = readings("2026-04", {"azure": _known("99")})
    costs = all_clouds({"aws": aws, "azure": azure, "gcp": None}, "2026-05")
    assert str(grand_total(costs)) == "≥ 10.5 USD (2 of 3 unknown)"
    assert "2026-04" in costs["azure"].reason
    stale = all_clouds({"aws": aws}, "2026-05", stale={"aws": "its newest report is 3 days old"})
    assert str(grand_total(stale)) == "unknown (1 of 1 unknown)"


@given(
    st.dictionaries(
        st.sampled_from(["aws", "azure", "gcp"]), st.decimals(allow_nan=False, allow_infinity=False), min_size=1
    )
)
def test_readings_carry_every_digit(amounts):
    """What a cloud's report carries to the hub is exactly what it was."""
    costs = {provider: ProviderCost("known", {"USD": amount}, {"USD": None}) for provider, amount in amounts.items()}
    back = all_clouds({"one": readings("2026-05", costs)}, "2026-05")
    assert {provider: plain(cost.billed["USD"] or Decimal(0)) for provider, cost in back.items()} == {
        provider: plain(amount) for provider, amount in amounts.items()
    }


def test_costs_by_tag_travel_with_the_report():
    """The cost of each model and cloud is found again by its tag, names with slashes too."""
    parts = ProviderCost("known", {"USD": Decimal(5)}, {"USD": Decimal("4.5")})
    told = Tagged(
        {("a/b", "team/fraud"): {"aws": parts}, ("a", "b/team%2Ffraud"): {"aws": _known("1")}},
        frozenset({("a/b", "aws")}),
        {("a", "gcp"): "access denied"},
    )
    assert tags([readings("2026-05", {"aws": _known("14")}, told)], "2026-05") == told
    assert tags([readings("2026-04", {"aws": _known("14")}, told)], "2026-05") == Tagged()
