"""The cost job: a month's bills, judged, told once, and kept."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from nephoscope.adapters.files.bills.delivered import FetchedDeliveries, FolderDeliveries
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.alerts import streams
from nephoscope.cost.across import all_clouds, tags
from nephoscope.cost.lines import Answer, Known, Line, Unknown
from nephoscope.cost.totals import grand_total
from nephoscope.errors import BadPayload
from nephoscope.events import ObjectRef, ObjectWritten, TimerFired
from nephoscope.findings import Finding
from nephoscope.jobs import cost
from nephoscope.outbox import Outbox
from nephoscope.report import Report
from nephoscope.settings import Settings, loads_json

AT = datetime(2026, 5, 20, 6, tzinfo=UTC)
TODAY = AT.date()
EVENT = TimerFired("timer", AT, "cost")
WRITTEN = {
    "version": 1,
    "bills": {"aws": {}, "azure": {"scope": "/subscriptions/s"}},
    "budgets": {"all": {"amount": "1000 USD", "provider_share": 0.6}, "fraud": {"amount": "10 USD", "model": "fraud"}},
}


class FakeBills:
    """A cloud that charges the same each day, but for what a test changes."""

    def __init__(
        self, cloud: str, daily: str, change: Callable[[date], Decimal] | None = None, *, until: date = TODAY
    ) -> None:
        self.cloud, self.daily, self.change, self.until = cloud, Decimal(daily), change, until
        self.asked: list[tuple[str, str]] = []

    def lines(self, month: str, *, tag: str = "") -> Answer:
        """Charge every day of a month up to a day."""
        self.asked.append((month, tag))
        return self._told(month, tag)

    def usage_by_account(self, month: str) -> Answer:
        """Charge one account for everything."""
        self.asked.append((month, "account"))
        return self._told(month, account="training")

    def _told(self, month: str, tag: str = "", account: str | None = None) -> Answer:
        first = date.fromisoformat(f"{month}-01")
        days = [first + timedelta(number) for number in range(31)]
        return Known(
            tuple(
                self._line(day, month, tag, account) for day in days if day.month == first.month and day < self.until
            ),
            datetime(2026, 5, 20, tzinfo=UTC),
        )

    def _line(self, day: date, month: str, tag: str, account: str | None) -> Line:
        amount = self.daily + (self.change(day) if self.change else Decimal(0))
        tags = {tag: "fraud"} if tag else {}
        return Line(self.cloud, "USD", amount, amount, month, day, "ML", account=account, charge="Usage", tags=tags)


class SilentBills:
    """A cloud that does not answer."""

    def lines(self, month: str, *, tag: str = "") -> Answer:
        """Say why."""
        return Unknown("access denied")

    def usage_by_account(self, month: str) -> Answer:
        """Say why."""
        return Unknown("access denied")


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """A ledger and a topic in one file."""
    clock = FixedClock(AT)
    path = tmp_path / "nephoscope.db"
    return Outbox(SqliteState(path), SqliteTopic(path, clock=clock), clock, "local")


def _settings(**changes: Any) -> Settings:
    return loads_json(json.dumps(WRITTEN | changes).encode())


def _found(findings: tuple[Finding, ...]) -> Mapping[tuple[str, str, str], str]:
    return {(one.check, one.subject, one.labels.get("provider", "")): str(one.verdict) for one in findings}


def test_a_month_is_judged_and_its_end_is_projected(outbox: Outbox) -> None:
    """19 days of 40 USD are within 1,000 USD, but the month will end above it: that is told now."""
    report = cost.run(
        EVENT,
        bills={"aws": FakeBills("aws", "20"), "azure": FakeBills("azure", "20")},
        outbox=outbox,
        settings=_settings(),
    )
    found = _found(report.findings)
    assert found["cost.budget", "all", ""] == "ok"
    assert found["cost.forecast", "all", ""] == "breach"
    assert found["cost.provider_share", "all", "aws"] == "ok"
    assert found["cost.budget", "fraud", ""] == "breach"
    assert found["cost.anomaly", "aws/ML", "aws"] == "ok"
    assert found["cost.bill", "aws", "aws"] == "ok"
    assert str(report.coverage) == "2 of 2 sources answered"


class UntaggedBills(FakeBills):
    """A cloud that does not tell its tags."""

    def lines(self, month: str, *, tag: str = "") -> Answer:
        """Tell the month, but nothing by tag."""
        return Unknown("tags are not activated") if tag else super().lines(month)


def test_a_cloud_that_does_not_tell_its_tags_leaves_a_models_budget_unknown(outbox: Outbox) -> None:
    """Where a tag cannot be asked for, what a model costs there is unknown, never 0."""
    bills = {"aws": FakeBills("aws", "0.1"), "azure": UntaggedBills("azure", "20")}
    report = cost.run(EVENT, bills=bills, outbox=outbox, settings=_settings())
    found = {one.subject: one for one in report.findings if one.check == "cost.budget"}
    assert (str(found["fraud"].verdict), str(found["all"].verdict)) == ("unknown", "ok")
    assert tags([report.readings], "2026-05").untold == {("model", "azure"): "tags are not activated"}


class MovedBetweenAccounts(FakeBills):
    """A cloud that charges the same each day, on one day all of it to another account."""

    def usage_by_account(self, month: str) -> Answer:
        """Charge the account `training` 1 USD a day, and on a day of May 19 more."""
        few = FakeBills(self.cloud, "1", lambda at: Decimal(19) if at == date(2026, 5, 18) else Decimal(0))
        many = FakeBills(self.cloud, "19", lambda at: Decimal(-19) if at == date(2026, 5, 18) else Decimal(0))
        told = few._told(month, account="training"), many._told(month, account="serving")
        return Known(tuple(line for one in told if isinstance(one, Known) for line in one.lines), None)


def test_accounts_are_watched_where_an_api_tells_them(outbox: Outbox) -> None:
    """A day that an account paid far more for is told of it, with the service that drove it, also in a flat bill."""
    limits = {"money": 10}
    settings = _settings(bills={"aws": {}, "anomalies": limits})
    report = cost.run(EVENT, bills={"aws": MovedBetweenAccounts("aws", "20")}, outbox=outbox, settings=settings)
    found = {one.subject: one for one in report.findings if one.check == "cost.anomaly"}
    assert str(found["aws/training"].verdict) == "breach"
    assert found["aws/training"].labels == {"provider": "aws", "account": "training"}
    assert "driven by ML" in found["aws/training"].reason
    assert report.readings["accounts/aws"]


class OneQuestionLess(FakeBills):
    """A cloud that answers all but one question."""

    def __init__(self, cloud: str, daily: str, *, silent: tuple[str, str]) -> None:
        super().__init__(cloud, daily)
        self.silent = silent

    def _told(self, month: str, tag: str = "", account: str | None = None) -> Answer:
        asked = month, tag or ("account" if account else "")
        return Unknown("throttled") if asked == self.silent else super()._told(month, tag, account)


@pytest.mark.parametrize(
    ("silent", "missing"),
    [
        (("2026-05", "account"), "aws by account in 2026-05"),
        (("2026-05", "model"), "aws by model in 2026-05"),
        (("2026-04", "model"), "aws by model in 2026-04"),
        (("2026-04", ""), "aws 2026-04"),
    ],
)
def test_a_question_without_an_answer_is_missing_from_the_coverage(
    silent: tuple[str, str], missing: str, outbox: Outbox
) -> None:
    """What could not be looked at is said, so that no alert of it is taken for one that is over."""
    report = cost.run(
        EVENT, bills={"aws": OneQuestionLess("aws", "20", silent=silent)}, outbox=outbox, settings=_settings()
    )
    assert str(report.coverage) == f"1 of 2 sources answered (missing: {missing})"
    stored = outbox.ledger.get(f"cost/2026-05/{report.id}.json")
    assert stored is not None
    assert {"name": missing, "dialect": "API", "status": "unknown", "reason": "throttled"} in json.loads(stored[0])[
        "sources"
    ]


def test_too_few_days_are_unknown_and_not_as_usual(outbox: Outbox) -> None:
    """In an account of nine days nothing is usual yet, which is said once for the cloud."""
    young = OneQuestionLess("aws", "20", silent=("2026-04", ""))
    young.until = date(2026, 5, 10)
    report = cost.run(EVENT, bills={"aws": young}, outbox=outbox, settings=_settings())
    found = [one for one in report.findings if one.check == "cost.anomaly"]
    assert [(one.subject, str(one.verdict)) for one in found] == [("aws", "unknown")]
    assert found[0].reason == "Complete days of usage that are known: 9; 15 are needed to tell what is usual."


def test_teams_are_watched_beside_models(outbox: Outbox) -> None:
    """A second tag has its budgets, its month end and its anomalies too."""
    budgets = {"research": {"amount": "500 USD", "tag": {"team": "fraud"}}}
    event = TimerFired("timer", AT, "cost")
    spike = FakeBills("aws", "20", lambda at: Decimal(300) if at == date(2026, 5, 18) else Decimal(0))
    settings = _settings(budgets=budgets, bills={"aws": {}, "tags": ["team"]})
    report = cost.run(event, bills={"aws": spike}, outbox=outbox, settings=settings)
    found = {(one.check, one.subject): str(one.verdict) for one in report.findings}
    assert found["cost.budget", "research"] == "breach"
    assert found["cost.forecast", "research"] == "breach"
    assert found["cost.anomaly", "aws/team=fraud"] == "breach"


def test_a_silent_cloud_is_unknown_and_never_0(outbox: Outbox) -> None:
    """One cloud does not answer: it is unknown with its reason, the budget too, and the total is 'at least'."""
    report = cost.run(
        EVENT, bills={"aws": FakeBills("aws", "20"), "azure": SilentBills()}, outbox=outbox, settings=_settings()
    )
    found = _found(report.findings)
    assert found["cost.bill", "azure", "azure"] == "unknown"
    assert found["cost.budget", "all", ""] == "unknown"
    assert "access denied" in next(one.reason for one in report.findings if one.subject == "azure")
    assert str(report.coverage) == "1 of 2 sources answered (missing: azure)"
    total = grand_total(all_clouds({"local": report.readings}, "2026-05"))
    assert str(total) == "≥ 380 USD (1 of 2 unknown)"


class SlowBills(FakeBills):
    """A cloud that waits until another one was asked everything, or gives up."""

    def __init__(self, cloud: str, other: FakeBills, questions: int) -> None:
        super().__init__(cloud, "1")
        self.other, self.questions = other, questions

    def lines(self, month: str, *, tag: str = "") -> Answer:
        """Answer nothing, after the other cloud is done."""
        for _ in range(500):
            if len(self.other.asked) >= self.questions:
                return Unknown("it took too long")
            time.sleep(0.01)
        return Unknown("nobody else was asked in the meantime")


def test_a_cloud_that_does_not_answer_keeps_nobody_waiting(outbox: Outbox) -> None:
    """The clouds are asked at once: one that hangs is unknown, and the other has answered meanwhile (B15)."""
    azure = FakeBills("azure", "20")
    bills = {"aws": SlowBills("aws", azure, questions=6), "azure": azure}
    report = cost.run(EVENT, bills=bills, outbox=outbox, settings=_settings())
    assert "it took too long" in next(one.reason for one in report.findings if one.subject == "aws")
    assert report.readings["billed/azure/USD"] == "380"


def test_a_function_that_asks_its_own_cloud_leaves_the_whole_to_rollup(outbox: Outbox) -> None:
    """In a function of one cloud the budget over all clouds is not judged; its readings carry what rollup needs."""
    report = cost.run(EVENT, bills={"aws": FakeBills("aws", "20")}, outbox=outbox, settings=_settings())
    assert not [one for one in report.findings if one.check in ("cost.budget", "cost.forecast")]
    assert report.readings["billed/aws/USD"] == "380"
    assert tags([report.readings], "2026-05").sums("model") == {("fraud", "aws"): {"USD": Decimal(380)}}


@pytest.mark.parametrize(("cloud", "judged"), [("aws", False), ("local", True)])
def test_a_function_leaves_the_whole_to_a_rollup_that_there_is(cloud: str, judged: bool, outbox: Outbox) -> None:
    """Where `rollup` runs it alone knows what comes by exports; a laptop that asked every cloud judges them itself."""
    settings = _settings(bills={"aws": {}}, timers={"cost": "0 6 * * *", "rollup": "*/15 * * * *"})
    bills = {"aws": FakeBills("aws", "20")}
    report = cost.run(EVENT, bills=bills, outbox=replace(outbox, cloud=cloud), settings=settings)
    assert bool([one for one in report.findings if one.check == "cost.budget" and one.subject == "all"]) == judged


@pytest.mark.parametrize(
    ("cloud", "timers", "unjudged"),
    [("local", {}, {"all", "gcp"}), ("aws", {}, {"all"}), ("local", {"rollup": "*/15 * * * *"}, set())],
)
def test_a_budget_without_a_bill_is_unknown(
    cloud: str, timers: dict[str, str], unjudged: set[str], outbox: Outbox
) -> None:
    """Where no `rollup` tells it, the job says which budgets no bill is told for; exports may tell a cloud's own."""
    budgets = {"all": {"amount": "1000 USD"}, "gcp": {"amount": "10 USD", "cloud": "gcp"}}
    settings = _settings(bills={}, budgets=budgets, timers=timers)
    report = cost.run(EVENT, bills={}, outbox=replace(outbox, cloud=cloud), settings=settings)
    assert {one.subject for one in report.findings if str(one.verdict) == "unknown"} == unjudged


def test_a_spike_is_told_and_later_resolves(outbox: Outbox) -> None:
    """A day that costs far more is told while it is recent; weeks later the same subject is ok again."""
    for day, verdict in ((18, "breach"), (1, "ok")):
        spike = date(2026, 5, day) if day > 1 else date(2026, 4, 20)
        bills = FakeBills("aws", "20", lambda at, spike=spike: Decimal(300) if at == spike else Decimal(0))
        event = TimerFired(f"timer-{day}", AT, "cost")
        report = cost.run(event, bills={"aws": bills}, outbox=outbox, settings=_settings())
        assert _found(report.findings)["cost.anomaly", "aws/ML", "aws"] == verdict


def test_an_anomaly_that_lasts_is_told_while_another_cloud_is_days_ahead(outbox: Outbox) -> None:
    """How long ago an anomaly ended is counted in the days of its own cloud, whose bill may come later."""
    bills = {
        "aws": FakeBills("aws", "20"),
        "azure": FakeBills(
            "azure", "20", lambda at: Decimal(300 if at >= date(2026, 5, 9) else 0), until=date(2026, 5, 14)
        ),
    }
    report = cost.run(EVENT, bills=bills, outbox=outbox, settings=_settings())
    assert _found(report.findings)["cost.anomaly", "azure/ML", "azure"] == "breach"


def test_a_repeated_event_asks_nobody_and_tells_the_same(outbox: Outbox) -> None:
    """A redelivered timer finds its report in the ledger: no API is paid twice, no other report is told."""
    bills = FakeBills("aws", "20")
    first = cost.run(EVENT, bills={"aws": bills}, outbox=outbox, settings=_settings())
    asked = len(bills.asked)
    assert cost.run(EVENT, bills={"aws": bills}, outbox=outbox, settings=_settings()) == first
    assert len(bills.asked) == asked
    assert bills.asked[:3] == [("2026-05", ""), ("2026-04", ""), ("2026-03", "")]


def test_the_whole_report_is_kept_with_the_tutorials_keys(outbox: Outbox) -> None:
    """The stored report has the keys of the tutorial this grew from, and its amounts as exact text."""
    report = cost.run(EVENT, bills={"aws": FakeBills("aws", "0.1")}, outbox=outbox, settings=_settings())
    key = f"cost/2026-05/{report.id}.json"
    stored = outbox.ledger.get(key)
    assert stored is not None
    document = json.loads(stored[0])
    assert {"timestamp", "monthly_costs", "total_cost", "recommendations", "status"} <= set(document)
    assert document["total_cost"] == "1.9"
    assert document["monthly_costs"]["aws"]["billed"] == "1.9"


# A landed manifest


class FolderObjects:
    """A folder as a bucket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """Copy a file, unless it is too large."""
        path = self.folder / ref.key
        if not path.is_file():
            raise BadPayload(f"'{ref.url}' is not there.", do="nothing")
        if path.stat().st_size <= most_bytes:
            into.write_bytes(path.read_bytes())
        return path.stat().st_size


HEADER = (
    "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,ProviderName,Tags"
)
ROW = '12.5,12.5,USD,2026-05-01T00:00:00Z,2026-05-03T00:00:00Z,Usage,AWS,"{""model"": ""fraud""}"'


def _delivered(folder: Path, files: list[str]) -> ObjectWritten:
    data = folder / "exp/data/BILLING_PERIOD=2026-05"
    manifest = folder / "exp/metadata/BILLING_PERIOD=2026-05/exp-Manifest.json"
    for path in (data, manifest.parent):
        path.mkdir(parents=True)
    (data / "exp-1.csv").write_text(f"{HEADER}\n{ROW}\n")
    manifest.write_text(json.dumps({"executionId": "e", "billingPeriod": "2026-05", "dataFiles": files}))
    ref = ObjectRef("aws", "bucket", manifest.relative_to(folder).as_posix())
    return ObjectWritten("event", AT, ref)


LISTED = "s3://bucket/exp/data/BILLING_PERIOD=2026-05/exp-1.csv"


def test_a_landed_manifest_is_read_with_the_files_it_lists(outbox: Outbox, tmp_path: Path) -> None:
    """An AWS manifest lands: the files it lists are fetched, added up, judged, and carried to rollup by model."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    report = cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings())
    assert _found(report.findings)["cost.bill", "aws", "aws"] == "ok"
    assert report.readings["billed/aws/USD"] == "12.5"
    assert tags([report.readings], "2026-05").sums("model") == {("fraud", "aws"): {"USD": Decimal("12.5")}}


def test_a_delivery_projects_its_clouds_month_end(outbox: Outbox, tmp_path: Path) -> None:
    """A month to date of 20 days is enough to tell of a cloud's own budget, and a team's, before they are breached."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    rows = [ROW.replace("2026-05-03", f"2026-05-{day:02}") for day in range(1, 21)]
    data = tmp_path / "bucket/exp/data/BILLING_PERIOD=2026-05/exp-1.csv"
    data.write_text("\n".join([HEADER, *rows]).replace("model", "team") + "\n")
    budgets = {
        "aws": {"amount": "300 USD", "cloud": "aws"},
        "team": {"amount": "300 USD", "cloud": "aws", "tag": {"team": "fraud"}},
    }
    report = cost.run_on_delivery(
        event,
        deliveries=FetchedDeliveries(FolderObjects(tmp_path / "bucket")),
        outbox=outbox,
        settings=_settings(budgets=budgets),
    )
    found = {(one.check, one.subject): (str(one.verdict), one.value) for one in report.findings}
    assert found["cost.budget", "aws"] == found["cost.budget", "team"] == ("ok", Decimal(250))
    assert found["cost.forecast", "aws"] == found["cost.forecast", "team"] == ("breach", Decimal("387.5"))


def test_a_delivery_in_a_folder_reads_the_same(outbox: Outbox, tmp_path: Path) -> None:
    """On a laptop a manifest in a folder is read as one in a bucket is."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    local = ObjectRef("local", str(tmp_path / "bucket"), event.object.key)
    report = cost.run_on_delivery(
        ObjectWritten("event", AT, local), deliveries=FolderDeliveries(), outbox=outbox, settings=_settings()
    )
    assert report.readings["billed/aws/USD"] == "12.5"


@pytest.mark.parametrize(("daily", "verdict"), [("0.403", "ok"), ("0.5", "breach")])
def test_a_month_that_is_over_is_reconciled(daily: str, verdict: str, outbox: Outbox, tmp_path: Path) -> None:
    """An export of a closed month is held against the provider's own total, to half a percent."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    later = ObjectWritten("event", datetime(2026, 6, 4, tzinfo=UTC), event.object)
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    bills = {"aws": FakeBills("aws", daily, until=date(2026, 6, 1))}
    report = cost.run_on_delivery(later, deliveries=deliveries, outbox=outbox, settings=_settings(), bills=bills)
    assert _found(report.findings)["cost.reconciliation", "aws/2026-05", "aws"] == verdict
    assert {one.check for one in report.findings} == {"cost.bill", "cost.reconciliation"}
    assert report.scope == "bill/exp/metadata/2026-05"


def test_a_new_month_of_an_export_follows_the_one_before_it(outbox: Outbox, tmp_path: Path) -> None:
    """Both months are one stream, so that what the old month breached resolves in the new one."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    budget = {"aws": {"amount": "10 USD", "cloud": "aws"}}
    may = cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings(budgets=budget))
    listed = Path(event.object.key)
    folder = tmp_path / "bucket/exp/metadata/BILLING_PERIOD=2026-06"
    folder.mkdir()
    (folder / listed.name).write_text((tmp_path / "bucket" / listed).read_text().replace("2026-05", "2026-06"))
    data = tmp_path / "bucket/exp/data/BILLING_PERIOD=2026-06/exp-1.csv"
    data.parent.mkdir()
    data.write_text(f"{HEADER}\n{ROW.replace('2026-05', '2026-06').replace('12.5', '2.5')}\n")
    key = (folder / listed.name).relative_to(tmp_path / "bucket").as_posix()
    landed = ObjectWritten("june", datetime(2026, 6, 5, tzinfo=UTC), ObjectRef("aws", "bucket", key))
    june = cost.run_on_delivery(landed, deliveries=deliveries, outbox=outbox, settings=_settings(budgets=budget))
    assert may.scope == june.scope == "bill/exp/metadata"
    verdicts = [_found(one.findings)["cost.budget", "aws", ""] for one in (may, june)]
    assert verdicts == ["breach", "ok"]


def test_an_export_of_the_running_month_is_awaited_each_day(outbox: Outbox, tmp_path: Path) -> None:
    """An export that stops is missed after two days; nothing more has to come of a month that is over."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    report = cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings())
    stream, _ = streams.apply(None, report, now=AT)
    assert stream.late_at == AT + timedelta(days=2)
    later = ObjectWritten("later", datetime(2026, 6, 4, tzinfo=UTC), event.object)
    over = cost.run_on_delivery(later, deliveries=deliveries, outbox=outbox, settings=_settings())
    assert over.interval_seconds is None


GUIDS = ("5f0c7a1e-1111-2222-3333-444455556666", "7e0c7a1e-1111-2222-3333-444455556666")


@pytest.mark.parametrize(
    "place",
    [
        "{}/exp/metadata/BILLING_PERIOD=2026-05/20260503T061200Z-" + GUIDS[0],
        "exports/{}/cur/20260501-20260601/" + GUIDS[0],
        "focus/subscriptions/{}/daily/20260501-20260531/202605030612/" + GUIDS[0],
    ],
)
@pytest.mark.parametrize("names", [("111111111111", "222222222222"), GUIDS])
def test_exports_below_the_folders_of_two_accounts_are_two_streams(
    place: str, names: tuple[str, str], outbox: Outbox, tmp_path: Path
) -> None:
    """A folder named by an account's number or a subscription's id tells exports apart: neither replaces the other."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    manifest = (tmp_path / "bucket" / event.object.key).read_bytes()
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    scopes = set()
    for name in names:
        path = tmp_path / "bucket" / place.format(name) / "exp-Manifest.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(manifest)
        ref = ObjectRef("aws", "bucket", path.relative_to(tmp_path / "bucket").as_posix())
        written = ObjectWritten(name, AT, ref)
        scopes.add(cost.run_on_delivery(written, deliveries=deliveries, outbox=outbox, settings=_settings()).scope)
    assert len(scopes) == 2


@pytest.mark.parametrize("place", ["bucket", "folder"])
@pytest.mark.parametrize("told", ["2026-05", None])
@pytest.mark.parametrize("stray", ["2026-06", "2026-04", "9999-12"])
def test_a_stray_row_does_not_move_a_bill_to_its_month(
    stray: str, told: str | None, place: str, outbox: Outbox, tmp_path: Path
) -> None:
    """A delivery is of the month of its manifest, or of its folder; a row of another month is told and not added."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    data = tmp_path / "bucket/exp/data/BILLING_PERIOD=2026-05/exp-1.csv"
    data.write_text(f"{HEADER}\n{ROW}\n{ROW.replace('2026-05-01', f'{stray}-01')}\n")
    manifest = tmp_path / "bucket" / event.object.key
    manifest.write_text(
        json.dumps({"executionId": "e", "dataFiles": [LISTED], **({"billingPeriod": told} if told else {})})
    )
    report = _judged(place, event, outbox, tmp_path / "bucket")
    assert (report.readings["month"], report.readings["billed/aws/USD"]) == ("2026-05", "12.5")
    assert report.scope == "bill/exp/metadata"
    assert report.findings[0].reason == f"aws charged 12.5 USD. Charges of {stray} came with it and are not in that."


def test_of_an_export_of_several_months_the_newest_is_judged(outbox: Outbox, tmp_path: Path) -> None:
    """A run over two months is not one bill of both: the newest that has begun counts, and the other one is named."""
    manifest = tmp_path / "bucket/exp/20260401-20260531/run/manifest.json"
    manifest.parent.mkdir(parents=True)
    key = manifest.parent.relative_to(tmp_path / "bucket").as_posix() + "/part.csv"
    rows = [HEADER, ROW, ROW.replace("2026-05", "2026-04"), ROW.replace("2026-05-01", "2026-06-01")]
    (manifest.parent / "part.csv").write_text("\n".join(rows) + "\n")
    period = {"startDate": "2026-04-01T00:00:00", "endDate": "2026-05-31T00:00:00"}
    told = {"exportConfig": {"exportName": "exp"}, "runInfo": period, "blobs": [{"blobName": key}]}
    manifest.write_text(json.dumps(told))
    event = ObjectWritten("e", AT, ObjectRef("azure", "bucket", manifest.relative_to(tmp_path / "bucket").as_posix()))
    report = _judged("bucket", event, outbox, tmp_path / "bucket")
    assert (report.readings["month"], report.readings["billed/aws/USD"]) == ("2026-05", "12.5")
    assert "Charges of 2026-04, 2026-06 came with it" in report.findings[0].reason


def test_a_late_run_of_the_old_month_does_not_take_the_place_of_the_new(outbox: Outbox, tmp_path: Path) -> None:
    """What cannot be read of May is told in May's stream, in June too: June's bill stands."""
    event = _delivered(tmp_path / "bucket", [LISTED.replace("exp-1", "exp-2")])
    later = ObjectWritten("may", datetime(2026, 6, 5, tzinfo=UTC), event.object)
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    report = cost.run_on_delivery(later, deliveries=deliveries, outbox=outbox, settings=_settings())
    assert report.scope == "bill/exp/metadata/2026-05"
    assert report.readings["month"] == "2026-05"


class FullDisk(FolderObjects):
    """A bucket whose data finds no room on this machine's disk."""

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """Copy a manifest; of anything else a part."""
        if ref.key.endswith(".json"):
            return super().fetch(ref, into, most_bytes=most_bytes)
        into.write_bytes(b"B")
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_delivery_that_does_not_fit_the_disk_is_unknown(outbox: Outbox, tmp_path: Path) -> None:
    """It is told with its reason, and not delivered again until somebody finds it among the dead letters."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    deliveries = FetchedDeliveries(FullDisk(tmp_path / "bucket"))
    report = cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings())
    _is_unknown(report, "No space left on device")


def test_a_delivery_leaves_budgets_over_all_clouds_to_rollup(outbox: Outbox, tmp_path: Path) -> None:
    """One cloud's export is not all of the bill, also where the configuration names no bill at all."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    report = cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings(bills={}))
    assert not [one for one in report.findings if one.check in ("cost.budget", "cost.forecast")]


@pytest.mark.parametrize("listed", ["s3://other/exp/data/exp-1.csv", "s3://elsewhere/etc/passwd"])
def test_a_manifest_that_points_elsewhere_is_unknown(listed: str, outbox: Outbox, tmp_path: Path) -> None:
    """A manifest can only list files of its own bucket: another bucket is never read."""
    event = _delivered(tmp_path / "bucket", [listed])
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    report = cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings())
    assert "another bucket" in report.findings[0].reason
    assert {str(one.verdict) for one in report.findings} <= {"unknown"}


def test_a_file_over_the_limit_is_unknown(outbox: Outbox, tmp_path: Path) -> None:
    """A listed file that is too large for a function makes the bill unknown, not smaller."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"), most_bytes=10)
    report = cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings())
    assert "at most 10" in report.findings[0].reason


def _judged(place: str, event: ObjectWritten, outbox: Outbox, bucket: Path) -> Report:
    """What is told of a delivery in a cloud's bucket or in a folder; it stands on record."""
    if place == "folder":
        event = ObjectWritten("event", AT, ObjectRef("local", str(bucket), event.object.key))
    deliveries = FolderDeliveries() if place == "folder" else FetchedDeliveries(FolderObjects(bucket))
    report = cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings())
    assert outbox.told(event, cost.JOB) == report
    return report


def _is_unknown(report: Report, why: str) -> None:
    assert (report.coverage.asked, report.coverage.answered) == (1, 0)
    assert {str(one.verdict) for one in report.findings} == {"unknown"}
    assert why in report.findings[0].reason


@pytest.mark.parametrize("place", ["bucket", "folder"])
def test_a_listed_file_that_is_not_there_is_unknown(place: str, outbox: Outbox, tmp_path: Path) -> None:
    """Of a delivery that is not whole nothing is added up: it is told as unknown, with the file that it lacks."""
    event = _delivered(tmp_path / "bucket", [LISTED, LISTED.replace("exp-1", "exp-2")])
    _is_unknown(_judged(place, event, outbox, tmp_path / "bucket"), "exp-2.csv")


def test_a_manifest_that_is_not_there_is_acknowledged(outbox: Outbox, tmp_path: Path) -> None:
    """A manifest that was replaced before it was read says nothing: the new one has an Event of its own."""
    event = _delivered(tmp_path / "bucket", [LISTED])
    (tmp_path / "bucket" / event.object.key).unlink()
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    with pytest.raises(BadPayload, match="not there"):
        cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings())
    assert outbox.told(event, cost.JOB) is None


@pytest.mark.parametrize("kind", ["aws", "azure"])
@pytest.mark.parametrize("place", ["bucket", "folder"])
def test_a_manifest_that_lists_no_file_is_unknown(place: str, kind: str, outbox: Outbox, tmp_path: Path) -> None:
    """A delivery of nothing says nothing of what was charged: no budget's alert is taken for one that is over."""
    event = _delivered(tmp_path / "bucket", [])
    if kind == "azure":
        run = {"exportConfig": {"exportName": "focus"}, "runInfo": {"startDate": "2026-05-01T00:00:00"}}
        (tmp_path / "bucket" / event.object.key).write_text(json.dumps({"blobs": [], "dataRowCount": 0, **run}))
    _is_unknown(_judged(place, event, outbox, tmp_path / "bucket"), "lists no file")


def test_what_is_no_manifest_is_acknowledged(outbox: Outbox, tmp_path: Path) -> None:
    """An object that is no manifest is refused for good, with a sentence."""
    event = _delivered(tmp_path / "bucket", [])
    (tmp_path / "bucket" / event.object.key).write_text("{}")
    deliveries = FetchedDeliveries(FolderObjects(tmp_path / "bucket"))
    with pytest.raises(BadPayload):
        cost.run_on_delivery(event, deliveries=deliveries, outbox=outbox, settings=_settings())
