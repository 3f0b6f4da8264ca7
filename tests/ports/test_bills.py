"""Every billing API behind the port Bills: the right sums when it answers whole, and unknown when it does not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from string import Formatter
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from fakes import bills as fakes
from fakes.bills import BigQuery, CostManagement, cost_explorer, cost_explorer_day, cost_management_page, document
from fakes.scripted_http import CUT, HANG, RESET, Answer, ScriptedHttp
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer
from nephoscope.adapters.aws import bills as aws_bills
from nephoscope.adapters.aws.bills import CostExplorerBills
from nephoscope.adapters.azure import bills as azure_bills
from nephoscope.adapters.azure.bills import WAITS, CostManagementBills
from nephoscope.adapters.gcp import bills as bigquery
from nephoscope.adapters.gcp.bills import BigQueryBills
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cost.lines import Known, Line, Unknown
from nephoscope.cost.month_ends import by_provider, month_ends
from nephoscope.cost.totals import add
from nephoscope.errors import Transient
from nephoscope.ports import Bills
from requests import RequestException

NOW = datetime(2026, 5, 3, 6, tzinfo=UTC)
MONTH = "2026-05"


@dataclass
class Asked:
    """An adapter, the service it asks, and what it waited."""

    bills: Bills
    http: ScriptedHttp
    waits: list[float]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """Cost Explorer on the loopback."""
    with fakes.served(cost_explorer) as http:
        monkeypatch.setenv("AWS_ENDPOINT_URL", http.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield Asked(CostExplorerBills(FixedClock(NOW)), http, [])


@pytest.fixture
def azure() -> Iterator[Asked]:
    """Cost Management on the loopback."""
    with fakes.served(CostManagement()) as http:
        waits: list[float] = []
        adapter = CostManagementBills(
            FixedClock(NOW), lambda: "token", "/subscriptions/s", endpoint=http.url, wait=waits.append
        )
        yield Asked(adapter, http, waits)


@pytest.fixture
def gcp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """BigQuery on the loopback, with the real client."""
    monkeypatch.setattr(bigquery, "RETRY", bigquery.RETRY.with_timeout(1.0).with_delay(0.05, 0.2))
    with fakes.served(BigQuery()) as http:
        yield Asked(_bigquery(http), http, [])


def _bigquery(http: ScriptedHttp, **options: Any) -> BigQueryBills:
    return BigQueryBills(
        "acme.billing.export",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": http.url},
        **options,
    )


@pytest.fixture(params=["aws", "azure", "gcp"])
def asked(request: pytest.FixtureRequest) -> Asked:
    """Each of them."""
    return request.getfixturevalue(request.param)


BILLED = {"aws": ("USD", "13.5000000001"), "azure": ("EUR", "12.3"), "gcp": ("USD", "12.1000000001")}


def _billed(answer: Known | Unknown) -> dict[str, Decimal | None]:
    assert isinstance(answer, Known), answer
    return add(answer.lines, "billed")


def test_a_whole_answer_is_the_exact_sum_of_its_pages(asked: Asked) -> None:
    """All pages are added, to the last digit, and the answer says until when it is complete."""
    answer = asked.bills.lines(MONTH)
    assert isinstance(answer, Known)
    cloud = answer.lines[0].provider
    currency, amount = BILLED[cloud]
    assert _billed(answer) == {currency: Decimal(amount)}
    assert {line.day for line in answer.lines} == {date(2026, 5, 1), date(2026, 5, 2)}
    assert {line.month for line in answer.lines} == {MONTH}
    assert answer.complete_until is not None


BY_ACCOUNT = {
    "aws": {"111111111111": Decimal(12), "222222222222": Decimal(2)},
    "azure": {"sub-1": Decimal("12.25"), "sub-2": Decimal(2)},
    "gcp": {"ml": Decimal("10.1000000001")},
}


def _by_account(answer: Known | Unknown) -> dict[str, Decimal]:
    assert isinstance(answer, Known), answer
    return {line.account: line.effective for line in answer.lines if line.account and line.effective is not None}


def test_usage_is_told_by_account(asked: Asked) -> None:
    """Whose usage it is, an account's, a subscription's or a project's, is told by day and service, from all pages."""
    answer = asked.bills.usage_by_account(MONTH)
    assert isinstance(answer, Known)
    assert _by_account(answer) == BY_ACCOUNT[answer.lines[0].provider]
    assert {line.service for line in answer.lines} in ({"AmazonSageMaker"}, {"Azure ML"}, {"Vertex AI"})
    assert all(line.charge == "Usage" for line in answer.lines if line.account)


def test_a_subscriptions_own_bill_tells_its_account(azure: Asked) -> None:
    """Where the scope lies in one subscription nobody needs to ask whose charges they are."""
    answer = azure.bills.lines(MONTH)
    assert isinstance(answer, Known)
    assert {line.account for line in answer.lines} == {"s"}


ERROR = {"error": {"code": 403, "message": "access denied", "status": "PERMISSION_DENIED"}, "__type": "AccessDenied"}
FAULTS: dict[str, Answer | str] = {
    "forbidden": document(ERROR, 403),
    "unauthorized": document(ERROR, 401),
    "wrong account": document(ERROR, 404),
    "refused": document(ERROR, 400),
    "an error in a 200": document({"error": {"message": "no"}}),
    "a page of HTML": Answer(200, {"Content-Type": "text/html"}, b"<html>Sign in</html>"),
    "cut JSON": Answer(200, {"Content-Type": "application/json"}, b'{"ResultsByTime": [{"TimePer'),
    "nothing": Answer(200, {"Content-Type": "application/json"}, b""),
    "null": document(None),
    "a list": document([1]),
    "no content": Answer(204),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("question", ["lines", "usage_by_account"])
def test_no_path_leads_from_an_error_to_a_number(question: str, fault: str, page: int, asked: Asked) -> None:
    """An error, an answer that is none, or half an answer at any call is unknown with its reason, never a sum."""
    good = asked.http.service
    served = iter(range(1000))
    asked.http.service = lambda path, body: good(path, body) if next(served) < page else FAULTS[fault]
    answer = getattr(asked.bills, question)(MONTH)
    assert isinstance(answer, Unknown)
    assert answer.reason


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from([None, *(FAULTS[name] for name in FAULTS if name != "nothing")]), max_size=6))
def test_whatever_goes_wrong_when_the_sum_is_right_or_unknown(steps: list[Answer | str | None], asked: Asked) -> None:
    """Faults at any calls, in any order: the answer is the whole sum or unknown, never another number."""
    good, left = asked.http.service, list(steps)

    def service(path: str, body: bytes) -> Answer | str:
        step = left.pop(0) if left else None
        return good(path, body) if step is None else step

    asked.http.service = service
    try:
        answer = asked.bills.lines(MONTH)
    finally:
        asked.http.service = good
    if isinstance(answer, Known):
        assert all(step is None for step in steps[: len(steps) - len(left)])
        currency, amount = BILLED[answer.lines[0].provider]
        assert _billed(answer) == {currency: Decimal(amount)}


def _made(kind: type[Exception]) -> Exception | None:
    """An error of an SDK, with something in each place of its message; None where it is only a family's name."""
    named = {name: "x" for _, name, _, _ in Formatter().parse(getattr(kind, "fmt", "")) if name}
    for arguments in ((("x",), {}), ((), named), (("x", ValueError("y")), {})):
        try:
            return kind(*arguments[0], **arguments[1])
        except (TypeError, KeyError):
            continue
    return None


def _family(*roots: type[Exception]) -> list[Exception]:
    found: dict[type[Exception], None] = {}
    for root in roots:
        kinds = [root]
        while kinds:
            kind = kinds.pop()
            found[kind] = None
            kinds += kind.__subclasses__()
    return [error for error in map(_made, found) if error is not None]


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCostAndUsage")


SDK_ERRORS: dict[str, list[Exception]] = {
    "aws": [
        *_family(BotoCoreError),
        *map(_refused, ("AccessDeniedException", "ThrottlingException", "LimitExceededException", "DataUnavailable")),
    ],
    "gcp": [*_family(GoogleAPICallError, GoogleAuthError, RequestException), RetryError("x", None), TimeoutError("x")],
    "azure": [Transient("Entra ID gave no token")],
}
CALLS = {"aws": 2, "gcp": 4, "azure": 3}  # that a whole answer takes


@dataclass
class Failing:
    """An SDK's client, or an answer of it, whose nth call raises."""

    of: Any
    error: Exception
    left: list[int]

    def __call__(self) -> Any:
        return self._called(self.of)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self.of, name)
        return member if not callable(member) else lambda *args, **named: self._called(member, *args, **named)

    def _called(self, member: Any, *args: Any, **named: Any) -> Any:
        self.left[0] -= 1
        if self.left[0] == 0:
            raise self.error
        answer = member(*args, **named)
        return Failing(answer, self.error, self.left) if hasattr(answer, "result") else answer


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_each_error_of_an_sdk_at_each_call_is_unknown(data: st.DataObject, asked: Asked) -> None:
    """Whatever an SDK raises, at whichever of its calls: the bill is unknown with a reason, never a number (D5)."""
    cloud = {CostExplorerBills: "aws", CostManagementBills: "azure", BigQueryBills: "gcp"}[type(asked.bills)]
    error = data.draw(st.sampled_from(SDK_ERRORS[cloud]))
    left = [data.draw(st.integers(1, CALLS[cloud]))]
    if isinstance(asked.bills, CostManagementBills):
        bills: Bills = CostManagementBills(
            FixedClock(NOW), Failing(lambda: "token", error, left), "/s", endpoint=asked.http.url
        )
    else:
        bills = _bigquery(asked.http) if cloud == "gcp" else CostExplorerBills(FixedClock(NOW))
        vars(bills)["_client"] = Failing(bills._client, error, left)
    answer = bills.lines(MONTH)
    assert isinstance(answer, Unknown)
    assert answer.reason
    assert left[0] <= 0


@pytest.mark.parametrize("fault", [document(ERROR, 500), document(ERROR, 503), RESET, CUT])
def test_a_service_that_stays_down_is_unknown(fault: Answer | str, asked: Asked) -> None:
    """A service that answers with 500, breaks every connection or cuts every answer is unknown."""
    asked.http.script.extend([fault] * 100)
    assert isinstance(asked.bills.lines(MONTH), Unknown)


def test_a_service_that_hangs_is_unknown_after_a_few_tries(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no answer comes each try ends in time, there are five of them at most, and the bill is unknown (B3)."""
    monkeypatch.setattr(bigquery, "TIMEOUT_SECONDS", 0.2)
    hasty = {
        CostExplorerBills: lambda: CostExplorerBills(FixedClock(NOW), timeout_seconds=0.2),
        CostManagementBills: lambda: CostManagementBills(
            FixedClock(NOW), lambda: "t", "s", endpoint=asked.http.url, timeout_seconds=0.2
        ),
        BigQueryBills: lambda: _bigquery(asked.http),
    }
    asked.http.script.extend([HANG] * 100)
    answer = hasty[type(asked.bills)]().lines(MONTH)
    assert isinstance(answer, Unknown)
    assert 1 <= len(asked.http.requests) <= 5


def test_the_longest_wait_leaves_half_of_the_functions_time() -> None:
    """A service that hangs at every try takes at most half of the five minutes that the deployed job has (B3)."""
    half = 300 / 2  # cost_on_timer's timeout in deploy/*/main.tf
    pauses = sum(min(20, 2**retry) for retry in range(aws_bills.RETRIES["total_max_attempts"] - 1))  # botocore's most
    longest = {
        "aws": aws_bills.RETRIES["total_max_attempts"] * (3 + aws_bills.TIMEOUT_SECONDS) + pauses,
        # Only what is throttled is asked again, at once answered; a try that hangs is the last.
        "azure": azure_bills.TIMEOUT_SECONDS + (azure_bills.TRIES_MOST - 1) * azure_bills.LONGEST_WAIT_SECONDS,
        "gcp": bigquery.TIMEOUT_SECONDS + (bigquery.RETRY.timeout or math.inf),
    }
    assert {cloud: seconds for cloud, seconds in longest.items() if seconds > half} == {}


def test_a_service_that_speaks_no_tls_is_unknown(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address whose TLS fails is unknown; nothing is asked without it."""
    secure = asked.http.url.replace("http://", "https://")
    monkeypatch.setenv("AWS_ENDPOINT_URL", secure)
    kinds = {
        CostExplorerBills: lambda: CostExplorerBills(FixedClock(NOW)),
        CostManagementBills: lambda: CostManagementBills(FixedClock(NOW), lambda: "t", "s", endpoint=secure),
        BigQueryBills: lambda: BigQueryBills(
            "a.b.c", credentials=AnonymousCredentials(), client_options={"api_endpoint": secure}
        ),
    }
    assert isinstance(kinds[type(asked.bills)]().lines(MONTH), Unknown)
    assert asked.http.requests == []


def test_a_closed_port_is_unknown(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that nobody serves is unknown, soon."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    closed = {
        CostExplorerBills: lambda: CostExplorerBills(FixedClock(NOW)),
        CostManagementBills: lambda: CostManagementBills(
            FixedClock(NOW), lambda: "t", "s", endpoint="http://127.0.0.1:9"
        ),
        BigQueryBills: lambda: BigQueryBills(
            "a.b.c", credentials=AnonymousCredentials(), client_options={"api_endpoint": "http://127.0.0.1:9"}
        ),
    }
    assert isinstance(closed[type(asked.bills)]().lines(MONTH), Unknown)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(
    "fault", [document(ERROR, 500), document(ERROR, 503), document({**ERROR, "__type": "ThrottlingException"}, 429)]
)
def test_a_hiccup_does_not_change_the_sum(fault: Answer, times: int, asked: Asked) -> None:
    """After one or three failed or throttled tries the sum is the right one, or unknown; it is never another (B3)."""
    asked.http.script.extend([fault] * times)
    answer = asked.bills.lines(MONTH)
    assert isinstance(answer, Unknown) or _billed(answer) == {
        BILLED[answer.lines[0].provider][0]: Decimal(BILLED[answer.lines[0].provider][1])
    }


# Cost Explorer


def test_cost_explorer_is_asked_for_both_costs_with_an_exclusive_end(aws: Asked) -> None:
    """Unblended and amortised cost come with one question, whose end is the first day that is not over."""
    answer = aws.bills.lines(MONTH)
    assert isinstance(answer, Known)
    question = json.loads(aws.http.requests[0][1])
    assert question["TimePeriod"] == {"Start": "2026-05-01", "End": "2026-05-03"}
    assert question["Metrics"] == ["UnblendedCost", "AmortizedCost"]
    assert add(answer.lines, "effective") == {"USD": Decimal("15.5")}
    assert [(line.charge, line.estimated) for line in answer.lines] == [
        ("Usage", False),
        ("Tax", False),
        ("Usage", True),
    ]


@pytest.mark.parametrize(
    "pages",
    [
        [{"ResultsByTime": [], "NextPageToken": "again"}] * 3,
        [{"ResultsByTime": [cost_explorer_day(1)]}],
        [{"ResultsByTime": [cost_explorer_day(1)], "NextPageToken": "two"}, {"ResultsByTime": []}],
    ],
    ids=["the same token", "a missing day", "an empty last page"],
)
def test_half_of_cost_explorers_pages_are_unknown(pages: list[dict[str, Any]], aws: Asked) -> None:
    """A token that comes again, a day that is left out and an empty page make the month unknown, not smaller."""
    aws.http.script.extend(map(document, pages))
    assert isinstance(aws.bills.lines(MONTH), Unknown)
    assert len(aws.http.requests) <= 2


def test_an_account_that_was_charged_nothing_costs_nothing(aws: Asked) -> None:
    """A complete answer without a single group is the one zero there is."""
    aws.http.script.append(document({"ResultsByTime": [cost_explorer_day(1), cost_explorer_day(2)]}))
    assert aws.bills.lines(MONTH) == Known((), datetime(2026, 5, 3, tzinfo=UTC))


def test_a_young_day_without_a_charge_is_not_told_yet(aws: Asked) -> None:
    """On the second of a month its first day is empty because its charges are still to come: that is no zero."""
    second = CostExplorerBills(FixedClock(datetime(2026, 5, 2, 0, 30, tzinfo=UTC)))
    aws.http.script.append(document({"ResultsByTime": [cost_explorer_day(1, estimated=True)]}))
    assert isinstance(second.lines(MONTH), Unknown)
    days = [cost_explorer_day(1, ("AmazonSageMaker", "Usage", "2", "2")), cost_explorer_day(2, estimated=True)]
    aws.http.script.append(document({"ResultsByTime": days}))
    answer = aws.bills.lines(MONTH)
    assert isinstance(answer, Known)
    assert answer.complete_until == datetime(2026, 5, 2, tzinfo=UTC)


def test_a_month_without_a_charge_is_told_two_days_late(aws: Asked) -> None:
    """Empty days that are estimated until the invoice are a zero once their charges would have come."""
    later = CostExplorerBills(FixedClock(datetime(2026, 5, 5, 6, tzinfo=UTC)))
    days = [cost_explorer_day(day, estimated=True) for day in range(1, 5)]
    aws.http.script.append(document({"ResultsByTime": days}))
    assert later.lines(MONTH) == Known((), datetime(2026, 5, 3, tzinfo=UTC))


def test_a_call_has_a_budget_of_pages(aws: Asked) -> None:
    """Each page costs money: beyond its budget a call stops, and what it did not see is unknown."""
    tokens = iter(range(100))
    aws.http.service = lambda *_: document(
        {"ResultsByTime": [cost_explorer_day(1)], "NextPageToken": str(next(tokens))}
    )
    answer = CostExplorerBills(FixedClock(NOW), pages_most=3).lines(MONTH)
    assert isinstance(answer, Unknown)
    assert "3 pages" in answer.reason
    assert len(aws.http.requests) == 3


def test_the_first_of_a_month_has_nothing_to_tell_yet(aws: Asked) -> None:
    """On a month's first day not one day is over: the month is unknown, and nobody is asked."""
    assert isinstance(CostExplorerBills(FixedClock(datetime(2026, 5, 1, 6, tzinfo=UTC))).lines(MONTH), Unknown)
    assert aws.http.requests == []


def test_pages_out_of_motos_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against moto's Cost Explorer, a second implementation of the protocol, the pages of its queue are added."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in {
            "ENDPOINT_URL": f"http://{host}:{port}",
            "ACCESS_KEY_ID": "t",
            "SECRET_ACCESS_KEY": "t",
        }.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        days = fakes.COST_EXPLORER_DAYS
        queue = [{"ResultsByTime": [days[0]], "NextPageToken": "two"}, {"ResultsByTime": [days[1]]}]
        _post(f"http://{host}:{port}/moto-api/static/ce/cost-and-usage-results", {"results": queue})
        answer = CostExplorerBills(FixedClock(NOW)).lines(MONTH)
        assert _billed(answer) == {"USD": Decimal("13.5000000001")}
        assert (
            boto3.client("ce", region_name="us-east-1").get_cost_and_usage(
                TimePeriod={"Start": "2020-01-01", "End": "2020-01-02"}, Granularity="DAILY", Metrics=["UnblendedCost"]
            )["ResultsByTime"]
            == []
        )
    finally:
        server.stop()


def _post(url: str, content: Any) -> None:
    from nephoscope.adapters.https import request

    body = json.dumps(content).encode()
    assert request(url, method="POST", body=body, headers={"Content-Type": "application/json"}).status == 201


def test_a_tag_groups_cost_by_model(aws: Asked) -> None:
    """Asked by a tag, each line carries the tag's value; what is not tagged carries none."""
    groups = (("model$fraud", "Usage", "3", "3"), ("model$", "Usage", "1", "1"))
    aws.http.script.append(document({"ResultsByTime": [cost_explorer_day(1, *groups), cost_explorer_day(2)]}))
    answer = aws.bills.lines(MONTH, tag="model")
    assert isinstance(answer, Known)
    assert [dict(line.tags) for line in answer.lines] == [{"model": "fraud"}, {}]
    assert json.loads(aws.http.requests[0][1])["GroupBy"][0] == {"Type": "TAG", "Key": "model"}


# Cost Management


def _throttled(**waits: int) -> Answer:
    names = dict(zip(("qpu", "entity", "tenant"), WAITS, strict=True))
    return document(
        ERROR, 429, **{names[name]: str(seconds) for name, seconds in waits.items()}, **{"Retry-After": "1"}
    )


def test_the_longest_of_azures_three_waits_counts(azure: Asked) -> None:
    """A 429 names up to three waits: the longest is waited for, and the sum is the right one."""
    azure.http.script.append(_throttled(qpu=3, entity=12, tenant=7))
    assert _billed(azure.bills.lines(MONTH)) == {"EUR": Decimal("12.3")}
    assert azure.waits == [12.0]


def test_azure_is_not_asked_for_ever(azure: Asked) -> None:
    """Three 429s, or a wait of minutes, end in unknown with the wait in its reason."""
    azure.http.script.extend([_throttled(qpu=1)] * 3)
    assert isinstance(azure.bills.lines(MONTH), Unknown)
    assert len(azure.http.requests) == 3
    azure.http.script.extend([_throttled(tenant=600)] * 3)
    answer = azure.bills.lines(MONTH)
    assert isinstance(answer, Unknown)
    assert "600 s" in answer.reason
    assert azure.waits == [1.0, 1.0]


def test_the_next_page_is_asked_with_the_same_body(azure: Asked) -> None:
    """`nextLink` is a POST with the question in it, and the columns are found by their names."""
    answer = azure.bills.lines(MONTH)
    assert isinstance(answer, Known)
    (_, first), (following, second), *_ = azure.http.requests
    assert "skiptoken" in following
    assert first == second
    assert add(answer.lines, "effective") == {"EUR": Decimal("14.25")}
    assert {line.charge for line in answer.lines} == {"Usage", "Purchase"}


@pytest.mark.parametrize(
    "page",
    [
        cost_management_page([[1, 20260401, "s", "Usage", "EUR"]]),
        cost_management_page([[1, 20260501, "s", "Usage", "EUR"]], "https://evil.example/next"),
        cost_management_page([[1, 20260501, "s", "Usage"]]),
        cost_management_page([[None, 20260501, "s", "Usage", "EUR"]]),
        cost_management_page([["NaN", 20260501, "s", "Usage", "EUR"]]),
    ],
    ids=["another month", "another host", "a short row", "no cost", "NaN"],
)
def test_what_azure_should_not_answer_is_unknown(page: dict[str, Any], azure: Asked) -> None:
    """Days that were not asked for, a page elsewhere, a row that does not fit its columns: none of it is a sum."""
    azure.http.script.append(document(page))
    assert isinstance(azure.bills.lines(MONTH), Unknown)
    assert all("evil" not in path for path, _ in azure.http.requests)


def test_one_day_alone_is_not_taken_for_the_month(azure: Asked) -> None:
    """Grouped daily answers may come for the last day only: a single day of many is unknown."""
    late = CostManagementBills(FixedClock(datetime(2026, 5, 20, tzinfo=UTC)), lambda: "t", "s", endpoint=azure.http.url)
    azure.http.script.append(document(cost_management_page([[1, 20260519, "s", "Usage", "EUR"]])))
    assert isinstance(late.lines(MONTH), Unknown)


TOLD = [[1, 20260501 + day, "s", "Usage", "EUR"] for day in range(2)]


@pytest.mark.parametrize(
    "views", [([], []), (TOLD, []), ([], TOLD)], ids=["neither", "actual alone", "amortised alone"]
)
def test_a_view_of_azures_without_a_row_is_no_zero(views: tuple[list[Any], list[Any]], azure: Asked) -> None:
    """An answer without a row, to both questions or to one of them, tells nothing: the month is unknown."""
    azure.http.script.extend(document(cost_management_page(rows)) for rows in views)
    assert isinstance(azure.bills.lines(MONTH), Unknown)


def test_azures_bill_is_complete_as_far_as_it_tells(azure: Asked) -> None:
    """Asked on the 20th, an answer of the first two days alone is complete until the 3rd, and not until today."""
    late = CostManagementBills(FixedClock(datetime(2026, 5, 20, tzinfo=UTC)), lambda: "t", "s", endpoint=azure.http.url)
    longer = [*TOLD, [1, 20260510, "s", "Usage", "EUR"]]
    azure.http.script.extend(document(cost_management_page(rows)) for rows in (longer, TOLD))
    answer = late.lines(MONTH)
    assert isinstance(answer, Known)
    assert answer.complete_until == datetime(2026, 5, 3, tzinfo=UTC)


def test_azures_last_two_days_may_still_grow(azure: Asked) -> None:
    """Charges of yesterday and the day before still come, so that neither is taken for a whole day."""
    later = CostManagementBills(
        FixedClock(datetime(2026, 5, 4, 6, tzinfo=UTC)), lambda: "t", "s", endpoint=azure.http.url
    )
    for answer in (later.lines(MONTH), later.usage_by_account(MONTH)):
        assert isinstance(answer, Known)
        assert {line.day: line.estimated for line in answer.lines} == {date(2026, 5, 1): False, date(2026, 5, 2): True}


def test_azures_unfinished_yesterday_does_not_lower_the_forecast(azure: Asked) -> None:
    """100 EUR a day for 39 days and 30 so far of yesterday end the month at 3,100 EUR, not below a budget of 3,000."""
    now = datetime(2026, 5, 11, 6, tzinfo=UTC)
    bills = CostManagementBills(FixedClock(now), lambda: "t", "s", endpoint=azure.http.url)
    days = {"2026-04": range(20260401, 20260431), "2026-05": range(20260501, 20260511)}
    lines: list[Line] = []
    for month, numbers in days.items():
        rows = [[30 if day == 20260510 else 100, day, "ML", "Usage", "EUR"] for day in numbers]
        azure.http.script += [document(cost_management_page(rows))] * 2
        answer = bills.lines(month)
        assert isinstance(answer, Known)
        lines += answer.lines
    end = by_provider(month_ends(lines, MONTH))["azure", "EUR"]
    assert end.expected == pytest.approx(Decimal(3100), abs=1)


# BigQuery


def test_bigquery_is_asked_with_parameters_partitions_and_a_cap(gcp: Asked) -> None:
    """The month travels as a parameter, only its partitions are read, bytes are capped and estimated before."""
    assert _billed(gcp.bills.lines(MONTH)) == {"USD": Decimal("12.1000000001")}
    estimate, query = gcp.http.service.queries  # type: ignore[attr-defined]
    assert estimate["dryRun"]
    assert "_PARTITIONTIME >= @earliest" in query["query"]["query"]
    assert MONTH not in query["query"]["query"]
    values = {one["name"]: one["parameterValue"]["value"] for one in query["query"]["queryParameters"]}
    assert values["invoice_month"] == "202605"
    assert int(query["query"]["maximumBytesBilled"]) == bigquery.BYTES_MOST


def test_a_query_over_its_cap_is_not_run(gcp: Asked) -> None:
    """A dry run that estimates more than the cap ends there, and says both."""
    gcp.http.service.bytes = 5 * 1024**3  # type: ignore[attr-defined]
    answer = _bigquery(gcp.http, bytes_most=1024**3).lines(MONTH)
    assert isinstance(answer, Unknown)
    assert "5.0 GiB" in answer.reason
    assert "1.0 GiB" in answer.reason
    assert len(gcp.http.service.queries) == 1  # type: ignore[attr-defined]


def test_a_month_without_a_row_is_unknown(gcp: Asked) -> None:
    """An export that holds nothing of a month may have begun later: that is no zero."""
    gcp.http.service.rows = []  # type: ignore[attr-defined]
    assert isinstance(gcp.bills.lines(MONTH), Unknown)


def _focus_rows(gcp: Asked) -> None:
    for row, effective in zip(gcp.http.service.rows, ("12", "2"), strict=True):  # type: ignore[attr-defined]
        row[2], row[8] = "Usage", effective
    gcp.http.service.rows[1][6] = "true"  # type: ignore[attr-defined]


def test_the_focus_table_tells_its_watermark(gcp: Asked) -> None:
    """The append-only FOCUS table is added up, corrections as such; the newest x_ExportTime says until when."""
    _focus_rows(gcp)
    answer = _bigquery(gcp.http, focus=True).lines(MONTH)
    assert isinstance(answer, Known)
    assert add(answer.lines, "effective") == {"USD": Decimal(14)}
    assert [line.correction for line in answer.lines] == [False, True]
    assert answer.complete_until == datetime(2026, 5, 3, tzinfo=UTC)


def test_tags_are_read_as_far_as_the_bill_was(gcp: Asked) -> None:
    """What is exported between two questions is in neither: a bill and its tags stop at one watermark."""
    _focus_rows(gcp)
    bills = _bigquery(gcp.http, focus=True)
    bills.lines(MONTH)
    bills.lines(MONTH, tag="team")
    bills.lines(MONTH)
    asked = [query["query"] for query in gcp.http.service.queries if "dryRun" not in query]  # type: ignore[attr-defined]
    marks = [
        next(one["parameterValue"]["value"] for one in query["queryParameters"] if one["name"] == "watermark")
        for query in asked
    ]
    assert all("x_ExportTime <= @watermark" in query["query"] for query in asked)
    assert [mark[:10] for mark in marks] == ["9999-12-31", "2026-05-03", "9999-12-31"]


@pytest.mark.parametrize(
    ("partition", "read"),
    [
        ("x_ExportTime", "x_ExportTime >= @earliest"),
        (None, "_PARTITIONTIME >= @earliest"),
        ("BillingPeriodStart", "BillingPeriodStart >= @first"),
    ],
)
def test_only_the_partitions_of_a_month_are_read(partition: str | None, read: str, gcp: Asked) -> None:
    """Partitions by time of export are read from the month's beginning on, and to the end: corrections come late."""
    _focus_rows(gcp)
    gcp.http.service.partition = partition  # type: ignore[attr-defined]
    _bigquery(gcp.http, focus=True).lines(MONTH)
    query = gcp.http.service.queries[-1]["query"]["query"]  # type: ignore[attr-defined]
    assert read in query
    assert "@latest" not in query


def test_a_table_is_only_a_name(gcp: Asked) -> None:
    """What is no table's name never becomes part of a query."""
    assert isinstance(BigQueryBills("a.b.c` WHERE true --").lines(MONTH), Unknown)
    assert gcp.http.requests == []
