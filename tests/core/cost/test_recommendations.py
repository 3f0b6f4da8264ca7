"""Recommendations: each rule has a bill where it speaks and one where it is silent; nothing is claimed twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nephoscope.cost.recommendations import recommendations
from nephoscope.cost.resource_use import ResourceUse


def _bill(focus_row, *, days: int, step_hours: int = 24, hours=range(24), **columns) -> list[dict]:
    rows = []
    for number in range(days * 24 // step_hours):
        start = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=number * step_hours)
        if step_hours > 1 or start.hour in hours:
            end = start + timedelta(hours=step_hours)
            times = {"ChargePeriodStart": f"{start:%Y-%m-%dT%H:%M:%SZ}", "ChargePeriodEnd": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
            rows.append(focus_row(**{"PricingCategory": "Standard", **times, **columns}))
    return rows


TRAINING = {"ServiceCategory": "AI and Machine Learning", "ResourceId": "training-job/fraud", "EffectiveCost": "4"}
ENDPOINT = {"ServiceCategory": "AI and Machine Learning", "ResourceId": "endpoint/fraud", "EffectiveCost": "2"}
STORAGE = {"ServiceCategory": "Storage", "ResourceId": "bucket", "ConsumedUnit": "GB-Months", "EffectiveCost": "3"}

# rule -> (a bill where it speaks, what it saves at most of what it names, a bill where it is silent)
CASES = {
    "spot_for_training": (
        lambda row: _bill(row, days=5, step_hours=1, hours=range(8, 12), **TRAINING),
        Decimal(40),
        lambda row: _bill(row, days=5, step_hours=1, hours=range(8, 12), **TRAINING | {"PricingCategory": "Dynamic"}),
    ),
    "autoscaling_for_inference": (
        lambda row: _bill(row, days=8, step_hours=1, **ENDPOINT),
        Decimal("76.8"),
        lambda row: _bill(row, days=8, step_hours=1, hours=range(8, 20), **ENDPOINT),
    ),
    "colder_storage": (
        lambda row: _bill(row, days=20, **STORAGE),
        Decimal(24),
        lambda row: _bill(row, days=20, **STORAGE) + _bill(row, days=1, **STORAGE | {"ConsumedUnit": "Requests"}),
    ),
    "unused_commitments": (
        lambda row: _bill(row, days=2, CommitmentDiscountStatus="Unused", EffectiveCost="5", ResourceId=""),
        Decimal(10),
        lambda row: _bill(row, days=2, CommitmentDiscountStatus="Used", EffectiveCost="5"),
    ),
    "idle_days": (
        lambda row: _bill(row, days=4, ConsumedQuantity="0", EffectiveCost="2"),
        Decimal(8),
        lambda row: _bill(row, days=4, ConsumedQuantity="3", EffectiveCost="2"),
    ),
    "untagged_spend": (
        lambda row: _bill(row, days=4) + _bill(row, days=4, Tags="", ResourceId="orphan"),
        None,
        lambda row: _bill(row, days=40, EffectiveCost="9") + _bill(row, days=1, Tags="", ResourceId="orphan"),
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_speaks_where_it_must_and_only_there(rule, focus_row, write_csv, report):
    """A rule names the resources, what it saw and the money in one bill, and says nothing of the other."""
    speaks, saving, silent = CASES[rule]
    found = {one["rule"]: one for one in report(write_csv("a.csv", _uniform(speaks(focus_row))))["recommendations"]}
    assert list(found) == [rule]
    assert found[rule]["saving"] == (None if saving is None else f"{saving:f}")
    assert found[rule]["resources"]
    assert found[rule]["evidence"]
    assert found[rule]["resources"][0] in found[rule]["text"]
    assert report(write_csv("b.csv", _uniform(silent(focus_row))))["recommendations"] == []


def _uniform(rows: list[dict]) -> list[dict]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return [{key: row.get(key, "") for key in keys} for row in rows]


def test_a_name_makes_no_storage_cold(focus_row, write_csv, report):
    """A bucket that is named "archive" and stored at standard prices is told; one that is charged as cold is not."""
    named = STORAGE | {"ResourceId": "archive-bucket"}
    (one,) = report(write_csv("a.csv", _uniform(_bill(focus_row, days=20, **named))))["recommendations"]
    assert (one["rule"], one["evidence"]["cost"]) == ("colder_storage", "60")
    cold = named | {"ChargeDescription": "TimedStorage-GlacierByteHrs"}
    assert report(write_csv("b.csv", _uniform(_bill(focus_row, days=20, **cold))))["recommendations"] == []


def test_untagged_spend_is_a_share_of_all_that_was_spent(focus_row, write_csv, report):
    """What other rules claim is spend too: an orphan of 8 USD in 168 is 4.8 %, which nobody is told of."""
    idle = _bill(focus_row, days=4, ConsumedQuantity="0", EffectiveCost="38", ResourceId="idle")
    orphan = _bill(focus_row, days=4, Tags="", ResourceId="orphan", EffectiveCost="2")
    tagged = _bill(focus_row, days=4, EffectiveCost="2")
    found = report(write_csv("bill.csv", _uniform(idle + orphan + tagged)))["recommendations"]
    assert [one["rule"] for one in found] == ["idle_days"]


def test_a_provider_with_more_than_its_share_of_the_budget_is_named(focus_row, write_csv, report):
    """More than 60 % of the budget in one provider is said, with the money; no saving is promised."""
    path = write_csv("bill.csv", [focus_row(BilledCost="700"), focus_row(BilledCost="600", ProviderName="Microsoft")])
    found = report(path, "--budget", "1000")["recommendations"]
    assert [(one["rule"], one["resources"], one["saving"]) for one in found] == [("provider_share", ["aws"], None)]
    assert found[0]["text"].startswith("High costs in aws: 700")


_uses = st.builds(
    ResourceUse,
    provider=st.sampled_from(["aws", "azure"]),
    currency=st.sampled_from(["USD", "EUR"]),
    cost=st.decimals(min_value=-5, max_value=10**6, places=4),
    category=st.sampled_from(["AI and Machine Learning", "Compute", "Storage", None]),
    resource=st.sampled_from(["training-endpoint", "endpoint", "train", "bucket", None]),
    pricing=st.sampled_from(["Standard", "Dynamic", "Committed", None]),
    commitment_status=st.sampled_from(["Unused", "Used", None]),
    unit=st.sampled_from(["GB", "Requests", "Hours", None]),
    tagged=st.sampled_from([True, False, None]),
    idle=st.booleans(),
    days=st.integers(0, 31),
    hours=st.none() | st.integers(0, 744),
    steadiness=st.none() | st.floats(0, 1),
)


@given(st.lists(_uses, max_size=30))
def test_savings_never_exceed_costs_and_nothing_is_claimed_twice(uses):
    """Whatever the bill, a saving is at most what the named charges cost, and all claims together at most the bill."""
    found = recommendations(uses)
    for one in found:
        assert one.saving is None or 0 <= one.saving <= one.cost
    for currency in ("USD", "EUR"):
        claimed = sum(one.cost for one in found if one.currency == currency)
        assert claimed <= sum(use.cost for use in uses if use.currency == currency and use.cost > 0)
