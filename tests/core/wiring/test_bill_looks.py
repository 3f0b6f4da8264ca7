"""The doctor asks billing APIs and advisers for real, on the loopback, and as cheaply as they can be asked."""

import json
from datetime import UTC, datetime

import pytest
from fakes.bills import BigQuery, CostManagement, cost_management_page, document, served
from fakes.scripted_http import RESET, Answer, serving
from google.auth.credentials import AnonymousCredentials
from nephoscope.adapters.azure.advice import AdvisorAdvice
from nephoscope.adapters.azure.bills import CostManagementBills
from nephoscope.adapters.gcp import bills as bigquery
from nephoscope.adapters.gcp.advice import RecommenderAdvice
from nephoscope.adapters.gcp.bills import BigQueryBills
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cost.lines import Unknown
from nephoscope.errors import Transient
from nephoscope.settings import loads_json
from nephoscope.wiring.bill_looks import advised, first_day, told
from nephoscope.wiring.bills import advice

NOW = datetime(2026, 5, 20, 6, tzinfo=UTC)


@pytest.fixture
def big_query(monkeypatch):
    """A billing export on the loopback: what to ask, and the service that answers."""
    monkeypatch.setattr(bigquery, "RETRY", bigquery.RETRY.with_timeout(0.5).with_delay(0.05, 0.2))
    service = BigQuery()
    with served(service) as http:
        options = {"credentials": AnonymousCredentials(), "client_options": {"api_endpoint": http.url}}
        yield lambda **more: BigQueryBills("acme.billing.export", **options, **more), service, http


def test_azure_is_asked_for_one_day():
    """Two questions, as invoiced and amortised, of the first day of the month and of no other."""
    with served(CostManagement()) as http:
        month, early = first_day(NOW)
        source = CostManagementBills(FixedClock(early), lambda: "token", "/subscriptions/s", endpoint=http.url)
        http.script += [document(cost_management_page([[1, 20260501, "Azure ML", "Usage", "EUR"]]))] * 2
        assert told(source, month) == "the first day of 2026-05: 1 lines"
        periods = [json.loads(body)["timePeriod"] for _, body in http.requests]
    assert periods == [{"from": "2026-05-01T00:00:00Z", "to": "2026-05-01T23:59:59Z"}] * 2


def test_azure_that_tells_no_row_is_told():
    """A scope of which nothing is told is unknown to the job, and the doctor says so beforehand."""
    with served(CostManagement()) as http:
        month, early = first_day(NOW)
        source = CostManagementBills(FixedClock(early), lambda: "token", "/subscriptions/s", endpoint=http.url)
        http.script.append(document(cost_management_page([])))
        with pytest.raises(Transient, match="without a row"):
            told(source, month)


def test_azure_that_refuses_is_told():
    """What it answered is the doctor's answer: a right that is missing is no month without charges."""
    with served(CostManagement()) as http:
        month, early = first_day(NOW)
        source = CostManagementBills(FixedClock(early), lambda: "token", "/subscriptions/s", endpoint=http.url)
        http.script.append(document({"error": {"code": "AuthorizationFailed"}}, 403))
        with pytest.raises(Transient, match=r"403.*AuthorizationFailed"):
            told(source, month)


def test_big_query_is_asked_without_reading_anything(big_query):
    """The table's shape and a dry run: no query runs, so that nothing is read and nothing is paid for."""
    opened, service, http = big_query
    assert opened().look("2026-05") == "the table is there; a query of 2026-05 would read 0.0 GiB"
    assert [query.get("dryRun") for query in service.queries] == [True]
    assert len(http.requests) == 2


def test_a_query_that_would_cost_too_much_is_found_before_it_runs(big_query):
    """The cap that the job keeps is held against the estimate."""
    opened, service, _ = big_query
    service.bytes = 3 * 1024**3
    with pytest.raises(Transient, match=r"would read 3\.0 GiB") as caught:
        opened(bytes_most=1024**3).look("2026-05")
    assert caught.value.do == "raise bills.gcp.most_gib"


@pytest.mark.parametrize("fault", [document({"error": {"code": 403, "message": "no right"}}, 403), RESET])
def test_big_query_that_does_not_answer_is_told(big_query, fault):
    """A refusal and a silence fail, and say who."""
    opened, _, http = big_query
    http.script.extend([fault] * 50)
    with pytest.raises(Transient, match="BigQuery"):
        opened().look("2026-05")


def test_a_table_that_is_none_is_asked_nothing(big_query):
    """What is no name goes into no query."""
    _, _, http = big_query
    with pytest.raises(Transient, match="no name of a table"):
        BigQueryBills("acme.x` --").look("2026-05")
    assert http.requests == []


ADVISERS = {
    "azure": lambda url: AdvisorAdvice(lambda: "token", "/subscriptions/s", endpoint=url),
    "gcp": lambda url: RecommenderAdvice(lambda: "token", ["projects/p/locations/l/recommenders/r"], endpoint=url),
}


@pytest.mark.parametrize("cloud", ADVISERS)
def test_an_adviser_is_asked(cloud):
    """That nothing is recommended is an answer, a refusal is none."""
    answers = [document({"value": []}), document({"error": "no"}, 403)]
    with serving(lambda _path, _body: answers.pop(0)) as http:
        assert advised(ADVISERS[cloud](http.url)) == "0 recommendations"
        with pytest.raises(Transient, match="answered 403"):
            advised(ADVISERS[cloud](http.url))


def test_an_answer_that_cannot_be_read_is_told():
    """A page of a proxy in between is no advice."""
    with serving(lambda _path, _body: Answer(200, {}, b"<html>")) as http, pytest.raises(Transient, match="be read"):
        advised(ADVISERS["azure"](http.url))


def test_an_adviser_that_nobody_is_signed_in_to_is_unknown(monkeypatch, tmp_path):
    """Without credentials what Google recommends is not known, and the job that asks for bills too goes on."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    recommenders = ["projects/p/locations/l/recommenders/r"]
    written = {"version": 1, "bills": {"gcp": {"table": "a.b.c", "recommenders": recommenders}}}
    answer = advice("gcp", loads_json(json.dumps(written).encode())).recommendations()
    assert isinstance(answer, Unknown)
    assert "absent.json" in answer.reason
