"""The hub's view of all bills: totals, budgets, month ends and unit costs over the clouds' newest reports."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from nephoscope.cost.across import forecast_readings
from nephoscope.cost.forecast import Forecast
from nephoscope.findings import Finding, Verdict
from nephoscope.jobs.bill_rollup import bill_check
from nephoscope.jobs.model_use import model_use
from nephoscope.jobs.rollup import Newest
from nephoscope.monitoring.answer import Point, Series
from nephoscope.settings import Settings, loads_json

AT = datetime(2026, 5, 20, 6, tzinfo=UTC)
WRITTEN = {
    "version": 1,
    "bills": {"aws": {}, "azure": {"scope": "/subscriptions/s"}, "gcp": {"table": "a.b.c"}},
    "budgets": {"all": {"amount": "1000 USD", "provider_share": 0.6}, "fraud": {"amount": "50 USD", "model": "fraud"}},
}


def _settings(**changes: Any) -> Settings:
    return loads_json(json.dumps(WRITTEN | changes).encode())


def _newest(cloud: str, billed: str, *, unknown: str = "", month: str = "2026-05", **more: str) -> Newest:
    readings = {"month": month, f"status/{cloud}": "known", f"billed/{cloud}/USD": billed, **more}
    readings |= {f"carries/model/{cloud}": "yes"} if any(key.startswith("tag:model/") for key in more) else {}
    return Newest("cost", cloud, "bill", AT, (), None if unknown else readings, unknown)


def _found(*told: Newest) -> dict[tuple[str, str, str], Finding]:
    findings = bill_check(_settings(), AT)(told)
    return {
        (one.check, one.subject, one.labels.get("provider") or one.labels.get("cloud", "")): one for one in findings
    }


def test_three_clouds_are_one_bill() -> None:
    """The total over all clouds is exact, held against the budget, and each cloud against its share."""
    found = _found(_newest("aws", "650.5"), _newest("azure", "200"), _newest("gcp", "100.25"))
    assert found["cost.total", "all", ""].value == Decimal("950.75")
    assert str(found["cost.budget", "all", ""].verdict) == "ok"
    assert str(found["cost.provider_share", "all", "aws"].verdict) == "breach"
    assert str(found["cost.provider_share", "all", "gcp"].verdict) == "ok"


def test_an_absent_a_late_and_a_stale_cloud_are_unknown() -> None:
    """A cloud that sent nothing, one whose report is late, and one that tells of another month leave 'at least'."""
    late = _newest("azure", "1", unknown="its newest whole Report came at 2026-05-17 06:00 UTC")
    found = _found(_newest("aws", "300"), late)
    total = found["cost.total", "all", ""]
    assert (str(total.verdict), total.value) == ("unknown", None)
    assert "≥ 300 USD (2 of 3 unknown)" in total.reason
    assert "2026-05-17" in found["cost.provider_share", "all", "azure"].reason
    assert "no report" in found["cost.provider_share", "all", "gcp"].reason
    assert str(found["cost.budget", "all", ""].verdict) == "unknown"
    old = _found(_newest("aws", "300"), _newest("azure", "1"), _newest("gcp", "5", month="2026-04"))
    assert "2026-04" in old["cost.provider_share", "all", "gcp"].reason


def test_an_api_and_an_export_of_one_bill_count_once() -> None:
    """A billing API and a delivered export tell the same bill: it is counted once, its models too."""
    tag = {"tag:model/fraud/aws/USD": "30 30"}
    api = _newest("aws", "300", **tag)
    export = Newest("cost", "aws", "bill/exports", AT, (), {**(api.readings or {}), "billed/aws/USD": "299"})
    found = _found(api, export, _newest("azure", "1"), _newest("gcp", "1"))
    assert found["cost.total", "all", ""].value == Decimal(302)
    assert found["cost.budget", "fraud", ""].value == Decimal(30)
    assert found["cost.total", "all", ""].reason.endswith("counted already, and not added: 1 of aws.")


def _export(scope: str, billed: str, accounts: str, *, month: str = "2026-05", **more: str) -> Newest:
    api = _newest("aws", billed, month=month, **more)
    return Newest("cost", "aws", scope, AT, (), {**(api.readings or {}), "accounts/aws": accounts})


OTHERS = (_newest("azure", "1"), _newest("gcp", "1"))


def test_the_bills_of_two_payers_are_added() -> None:
    """Two exports without an account in common are two bills: they, their models and their month ends are added up."""
    end = Forecast(Decimal(200), Decimal(340), Decimal(310), Decimal(370), 12)
    more = {"tag:model/fraud/aws/USD": "30 30", **forecast_readings({None: {("aws", "USD"): end}})}
    one, two = _export("bill/one", "300", "a b", **more), _export("bill/two", "100.5", "c", **more)
    for told in ((one, two), (two, one), (one, two, _newest("aws", "399"))):
        found = _found(*told, *OTHERS)
        assert found["cost.total", "all", ""].value == Decimal("402.5")
        assert found["cost.budget", "fraud", ""].value == Decimal(60)
        assert "will end at 680" in found["cost.forecast", "all", ""].reason


def test_an_api_that_tells_its_accounts_stands_beside_another_payers_export() -> None:
    """The API of one payer and the export of another are two bills; of one payer's two views the API's counts."""
    api, export = _export("bill", "300", "a b"), _export("bill/focus", "20", "c")
    for told in ((api, export), (export, api)):
        assert _found(*told, *OTHERS)["cost.total", "all", ""].value == Decimal(322)
    same = replace(_export("bill/focus", "299", "a b"), at=AT + timedelta(hours=1))
    assert _found(same, api, *OTHERS)["cost.total", "all", ""].value == Decimal(302)


@pytest.mark.parametrize(
    ("told", "total"),
    [
        ([_export("bill/cur", "300", "a b"), _export("bill/focus", "301", "a b")], "302"),
        ([_export("bill/narrow", "30", "b"), _export("bill/wide", "300", "a b")], "302"),
        ([_export("bill/04", "900", "a b c d", month="2026-04"), _export("bill/05", "300", "a b")], "302"),
        ([_newest("aws", "300"), _export("bill/focus", "299", "a b")], "302"),
        ([_export("bill/cur", "9", "a"), replace(_export("bill/f", "300", "a"), at=AT + timedelta(hours=1))], "302"),
    ],
    ids=["the same accounts", "some of the accounts", "another month", "an API", "an older one"],
)
def test_two_views_of_a_bill_are_never_added(told: list[Newest], total: str) -> None:
    """Views that share accounts count once, the wider one; a month's own goes before an older one."""
    assert _found(*told, *OTHERS)["cost.total", "all", ""].value == Decimal(total)


def test_exports_that_overlap_in_part_are_at_least_one_of_them() -> None:
    """Two exports that share some accounts and not others cannot be added nor chosen from: the total is 'at least'."""
    found = _found(_export("bill/one", "300", "a b"), _export("bill/two", "200", "b c"), *OTHERS)
    assert "≥ 302 USD (1 of 3 unknown)" in found["cost.total", "all", ""].reason
    assert "share some accounts" in found["cost.provider_share", "all", "aws"].reason


@pytest.mark.parametrize(("accounts", "total"), [("a b", "302"), ("c", None)])
def test_an_amortised_export_beside_an_actual_one(accounts: str, total: str | None) -> None:
    """What an amortised export does not know of a bill does not matter where an actual one tells it, and only there."""
    amortised = _export("bill/amortised", "0", accounts)
    unknown = {**(amortised.readings or {}), "status/aws": "unknown", "reason/aws": "only an amortised view is there"}
    found = _found(_export("bill/actual", "300", "a b"), replace(amortised, readings=unknown), *OTHERS)
    assert found["cost.total", "all", ""].value == (None if total is None else Decimal(total))


def test_an_export_that_could_not_be_read_is_missing_from_its_cloud() -> None:
    """One payer's export is cut: the other's alone is not the cloud's bill; an API would tell all of it."""
    cut = {"month": "2026-05", "status/unknown": "unknown", "reason/unknown": "'part.csv.gz' cannot be read."}
    broken = Newest("cost", "aws", "bill/two", AT, (), cut)
    found = _found(_export("bill/one", "300", "a b"), broken, *OTHERS)
    assert "≥ 302 USD (1 of 3 unknown)" in found["cost.total", "all", ""].reason
    assert "part.csv.gz" in found["cost.provider_share", "all", "aws"].reason
    assert _found(_newest("aws", "300"), broken, *OTHERS)["cost.total", "all", ""].value == Decimal(302)


LATE = "its newest whole Report came at 2026-05-03 06:00 UTC"


def _stopped(scope: str, at: datetime = AT - timedelta(days=17)) -> Newest:
    told = Finding("cost.bill", "aws", Verdict.OK, "aws charged 65 USD.", labels={"provider": "aws"})
    return Newest("cost", "aws", scope, at, (told,), None, LATE)


def test_an_export_that_stopped_gives_way_to_the_api() -> None:
    """The API's fresh bill counts instead of that of an export which died weeks ago, and that is said."""
    total = _found(_export("bill", "900", "a b"), _stopped("bill/exp"), *OTHERS)["cost.total", "all", ""]
    assert (str(total.verdict), total.value) == ("ok", Decimal(902))
    assert total.reason.endswith("not added: 1 of aws.")


def test_an_export_that_stopped_leaves_its_part_of_the_bill_unknown() -> None:
    """Without an API, a payer whose export died is missing from the bill; one that died in another season has ended."""
    other = _export("bill/one", "300", "a b")
    found = _found(other, _stopped("bill/two"), *OTHERS)
    assert "≥ 302 USD (1 of 3 unknown)" in found["cost.total", "all", ""].reason
    assert LATE in found["cost.provider_share", "all", "aws"].reason
    assert LATE in _found(_stopped("bill/two"), *OTHERS)["cost.provider_share", "all", "aws"].reason
    for over in (_stopped("bill/two", datetime(2026, 3, 31, tzinfo=UTC)), _stopped("bill/two/2026-04")):
        assert _found(other, over, *OTHERS)["cost.total", "all", ""].value == Decimal(302)


@pytest.mark.parametrize("named", [{}, {"aws": {}}])
def test_a_cloud_that_is_known_by_its_exports_alone_is_in_the_total(named: dict[str, Any]) -> None:
    """Two clouds of 900 USD each are above 1,000 USD, whichever of them the configuration names an API of."""
    azure = replace(_newest("azure", "900"), scope="bill/focus")
    told = [_export("bill/exp", "900", "a"), azure]
    settings = _settings(bills=named, budgets={"all": {"amount": "1000 USD", "provider_share": 1}})
    found = {one.check: one for one in bill_check(settings, AT)(told)}
    assert found["cost.total"].value == Decimal(1800)
    assert str(found["cost.budget"].verdict) == "breach"
    cut = {"month": "2026-05", "status/unknown": "unknown", "reason/unknown": "'part.csv.gz' cannot be read."}
    found = {one.check: one for one in bill_check(settings, AT)([told[0], replace(azure, readings=cut)])}
    assert "≥ 900 USD (1 of 2 unknown)" in found["cost.total"].reason
    assert "part.csv.gz" in found["cost.provider_share"].reason


def test_a_new_month_is_judged_once_the_clouds_had_their_turn() -> None:
    """A bill that is told at six is not unknown from midnight on: until then the month before is judged."""
    settings = _settings(bills={"aws": {}}, timers={"cost": "0 6 * * *", "rollup": "*/15 * * * *"})
    may, june = _newest("aws", "500"), _newest("aws", "20", month="2026-06")

    def total(at: datetime, told: Newest) -> str:
        return bill_check(settings, at)([told])[0].reason

    second = datetime(2026, 6, 2, tzinfo=UTC)
    assert total(second + timedelta(minutes=30), may) == "The total of 2026-05 is 500 USD."
    assert total(second + timedelta(hours=6, minutes=15), may) == "The total of 2026-05 is 500 USD."
    assert total(second + timedelta(hours=6, minutes=15), june) == "The total of 2026-06 is 20 USD."
    assert total(second + timedelta(hours=7, minutes=15), may) == "The total of 2026-06 is unknown (1 of 1 unknown)."


def test_what_is_known_may_already_be_too_much() -> None:
    """A missing cloud does not hide a budget that the others have spent."""
    found = _found(_newest("aws", "1000.01"))
    assert str(found["cost.budget", "all", ""].verdict) == "breach"


def test_the_month_ends_of_the_clouds_are_added_up() -> None:
    """Three forecasts make one, and a projected breach is told while the budget still holds."""
    end = Forecast(Decimal(200), Decimal(340), Decimal(310), Decimal(370), 12)
    ends = {cloud: forecast_readings({None: {(cloud, "USD"): end}}) for cloud in ("aws", "azure", "gcp")}
    found = _found(*(_newest(cloud, "200", **carried) for cloud, carried in ends.items()))
    assert str(found["cost.budget", "all", ""].verdict) == "ok"
    projected = found["cost.forecast", "all", ""]
    assert (str(projected.verdict), projected.value) == ("breach", Decimal(1020))
    assert projected.evidence["high"] == "1071.96"


def test_cost_meets_predictions_side_by_side() -> None:
    """A model's cost per 1,000 predictions and per point of accuracy stands beside the other cloud's."""
    aws = _newest(
        "aws",
        "60",
        **{"tag:model/fraud/aws/USD": "30 30", "predictions/fraud/aws": "60000", "accuracy/fraud/aws": "0.75"},
    )
    gcp = _newest("gcp", "60", **{"tag:model/fraud/gcp/USD": "24 24", "predictions/fraud/gcp": "12000"})
    found = _found(aws, _newest("azure", "1"), gcp)
    assert found["cost.unit", "fraud", "aws"].value == Decimal("0.5")
    assert found["cost.unit", "fraud", "aws"].evidence["cost_per_accuracy_point"] == "0.4"
    assert found["cost.unit", "fraud", "gcp"].value == Decimal(2)
    assert str(found["cost.budget", "fraud", ""].verdict) == "breach"


def test_a_laptop_that_asked_every_cloud_tells_all_of_them() -> None:
    """One report of one machine may tell three clouds' bills."""
    readings = {"month": "2026-05"} | {f"status/{cloud}": "known" for cloud in ("aws", "azure", "gcp")}
    readings |= {f"billed/{cloud}/USD": "10" for cloud in ("aws", "azure", "gcp")}
    found = _found(Newest("cost", "local", "bill", AT, (), readings))
    assert found["cost.total", "all", ""].value == Decimal(30)


def test_a_configuration_without_bills_has_nothing_to_say() -> None:
    """Where no bill is configured, and nothing is allowed, the roll-up says nothing of money."""
    assert bill_check(_settings(bills={}, budgets={}), AT)([]) == []


@pytest.mark.parametrize(
    ("bills", "told", "unjudged"),
    [
        ({}, [], ["all", "azure"]),
        ({"aws": {}}, [_newest("aws", "900")], ["azure"]),
        ({}, [_export("bill/exp", "900", "a")], ["azure"]),
        ({"azure": {"scope": "/subscriptions/s"}}, [_newest("azure", "900")], []),
        ({"aws": {}}, [_newest("aws", "900"), replace(_newest("azure", "9"), scope="bill/focus")], []),
    ],
)
def test_a_budget_without_a_bill_is_unknown(bills: dict[str, Any], told: list[Newest], unjudged: list[str]) -> None:
    """A budget that no bill is told for, by an API or by exports, is not passed over in silence."""
    budgets = {"all": {"amount": "1000 USD"}, "azure": {"amount": "10 USD", "cloud": "azure"}}
    found = bill_check(_settings(bills=bills, budgets=budgets), AT)(told)
    untold = [(one.check, one.subject, str(one.verdict)) for one in found if one.reason.endswith("under bills.")]
    assert untold == [("cost.budget", name, "unknown") for name in unjudged]


class Counted:
    """A metric store that knows two days."""

    def points(self, queries: Any, window: Any) -> Any:
        """Tell 100 predictions a day, and an accuracy."""
        values = {"predictions": (100.0, 100.0), "accuracy": (0.8, 0.9)}
        days = (window.start, window.start + timedelta(days=1))
        return {
            query: Series(tuple(map(Point, days, values[query.name.lower()])))
            if query.name.lower() in values
            else Series()
            for query in queries
        }


def test_predictions_are_counted_over_the_month() -> None:
    """What a model did is the sum of its predictions and the mean of its accuracy over the month's days."""
    models = {
        "fraud": {
            "clouds": ["local"],
            "weight": "predictions",
            "metrics": {"accuracy": {"limit": {"at_least": 0.85}}, "predictions": {"statistic": "sum"}},
        }
    }
    settings = _settings(metric_stores={"local": {}}, models=models)
    found = model_use({"local": Counted()}, AT.date().replace(day=1), AT.date(), settings)
    assert found["predictions/fraud/local"] == "200"
    assert float(found["accuracy/fraud/local"]) == pytest.approx(0.85)
    assert model_use({}, AT.date().replace(day=1), AT.date(), settings) == {}
