"""Anomalies of daily cost, on bills whose every day is made up here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from nephoscope.cost.anomalies import cost_anomalies
from nephoscope.cost.anomaly import AnomalyLimits
from nephoscope.cost.lines import Line

FIRST = date(2026, 1, 5)  # a Monday
DAYS = 84
WEEK = (100, 102, 98, 101, 99, 45, 40)


def _lines(change: Callable[[int, str, float], float] = lambda _day, _account, usd: usd, *, until_hour: int = 24):
    random = np.random.default_rng(11)
    lines = []
    for day in range(DAYS):
        for account, share in (("training", 0.7), ("serving", 0.3)):
            usd = change(day, account, WEEK[day % 7] * share * (1 + random.normal(scale=0.03)))
            start = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=day)
            lines.append(
                Line(
                    provider="aws",
                    currency="USD",
                    billed=None,
                    effective=Decimal(str(round(usd, 6))),
                    day=start.date(),
                    service="AmazonSageMaker",
                    account=account,
                    charge="Usage",
                    until=start + timedelta(hours=24 if day < DAYS - 1 else until_hour),
                )
            )
    return lines


def test_weekends_and_noise_are_ordinary():
    """A bill that follows its weeks raises nothing."""
    assert cost_anomalies(_lines()) == []


def test_a_spike_names_its_day_its_money_and_its_driver():
    """A day that costs far more is a spike; its impact is what it cost beyond the usual, and one account drove it."""
    spike = 58
    found = cost_anomalies(_lines(lambda day, account, usd: usd * 4 if (day, account) == (spike, "training") else usd))
    assert len(found) == 1
    anomaly = found[0]
    assert (anomaly.kind, anomaly.start, anomaly.end) == ("spike", FIRST + timedelta(spike), FIRST + timedelta(spike))
    assert anomaly.keys == {"provider": "aws", "service": "AmazonSageMaker"}
    assert float(anomaly.impact) == pytest.approx(3 * 0.7 * WEEK[spike % 7], rel=0.1)
    assert anomaly.impact == anomaly.actual - anomaly.expected
    assert [driver.name for driver in anomaly.drivers] == ["training"]


def test_a_lasting_rise_is_a_step_that_counts_every_day_since():
    """A level that stays is a step: it began once, and its impact grows with each day."""
    found = cost_anomalies(_lines(lambda day, _account, usd: usd * 1.8 if day >= 60 else usd))
    assert [anomaly.kind for anomaly in found] == ["step"]
    assert FIRST + timedelta(60) <= found[0].start <= FIRST + timedelta(61)
    assert found[0].end == FIRST + timedelta(DAYS - 1)


def test_a_day_that_is_not_complete_is_not_a_drop():
    """The last day ends at noon: it is left out, not taken for a fall."""
    lines = _lines(lambda day, _account, usd: usd / 2 if day == DAYS - 1 else usd, until_hour=12)
    assert cost_anomalies(lines) == []


def test_a_month_that_is_estimated_is_looked_at():
    """A provider calls the whole month estimated until it is invoiced: only its last two days may still fill up."""
    halved = _lines(lambda day, _account, usd: usd / 3 if day >= DAYS - 2 else usd * (4 if day == 76 else 1))
    estimated = [replace(line, estimated=line.day >= FIRST + timedelta(60)) for line in halved]
    assert [(one.kind, one.start) for one in cost_anomalies(estimated)] == [("spike", FIRST + timedelta(76))]


@pytest.mark.parametrize(("ago", "kinds"), [(0, []), (1, []), (3, ["drop"])])
def test_late_charges_may_still_fill_a_young_drop(ago, kinds):
    """A fall in the last two days is not told: providers add charges late. An older one is."""
    found = cost_anomalies(_lines(lambda day, _account, usd: 0.0 if day == DAYS - 1 - ago else usd))
    assert [anomaly.kind for anomaly in found] == kinds


def test_what_comes_on_every_first_of_a_month_is_ordinary():
    """Monthly charges on the first are learnt from the first one on; one that is four times as large is told."""

    def monthly(day: int, account: str, usd: float) -> float:
        first = (FIRST + timedelta(day)).day == 1 and account == "serving"
        return usd + (200 * (size if (FIRST + timedelta(day)).month == 3 else 1) if first else 0)

    size = 1
    assert cost_anomalies(_lines(monthly)) == []
    size = 4
    found = cost_anomalies(_lines(monthly))
    assert [(anomaly.kind, anomaly.start) for anomaly in found] == [("spike", date(2026, 3, 1))]


def test_little_money_is_told_to_nobody():
    """An anomaly below the minimum in money or in percent is left out."""
    lines = _lines(lambda day, _account, usd: usd * 2 if day == 58 else usd)
    assert len(cost_anomalies(lines)) == 1
    assert cost_anomalies(lines, AnomalyLimits(money=Decimal(500))) == []
    assert cost_anomalies(lines, AnomalyLimits(percent=150)) == []


def test_a_day_of_which_nothing_came_is_missing_not_free():
    """A provider that told nothing of a day is not taken to have charged nothing on it."""
    gap = FIRST + timedelta(55)
    assert cost_anomalies([line for line in _lines() if line.day != gap]) == []


def test_a_bill_of_a_few_days_in_months_is_no_anomaly():
    """A provider that tells of every tenth day only gives no reason to tell anybody anything."""
    assert cost_anomalies([line for line in _lines() if line.day is not None and line.day.toordinal() % 10 == 0]) == []
