"""What the clouds themselves recommend, behind the port Advice: read as it is, or unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from fakes.bills import document, served
from fakes.scripted_http import RESET, Answer, ScriptedHttp
from nephoscope.adapters.aws.advice import CostOptimizationHubAdvice
from nephoscope.adapters.azure.advice import AdvisorAdvice
from nephoscope.adapters.gcp.advice import RecommenderAdvice
from nephoscope.cost.lines import Unknown
from nephoscope.ports import Advice

HUB = {
    "recommendationId": "r1",
    "resourceArn": "arn:aws:ec2:eu-west-1:1:instance/i-1",
    "actionType": "Rightsize",
    "currentResourceType": "Ec2Instance",
    "estimatedMonthlySavings": 40.5,
    "estimatedMonthlyCost": 90.0,
    "currencyCode": "USD",
    "implementationEffort": "Medium",
    "restartNeeded": True,
    "rollbackPossible": True,
}
ADVISOR = {
    "id": "/subscriptions/s/recommendations/r1",
    "properties": {
        "category": "Cost",
        "impact": "High",
        "impactedValue": "vm-1",
        "recommendationTypeId": "t",
        "shortDescription": {"problem": "The machine is idle", "solution": "Shut it down"},
        "extendedProperties": {"annualSavingsAmount": "120", "savingsCurrency": "EUR"},
        "resourceMetadata": {"resourceId": "/subscriptions/s/vm-1"},
    },
}
RECOMMENDER = {
    "name": "projects/p/locations/l/recommenders/r/recommendations/1",
    "description": "Stop the idle machine.",
    "recommenderSubtype": "STOP_VM",
    "priority": "P2",
    "stateInfo": {"state": "ACTIVE"},
    "primaryImpact": {
        "category": "COST",
        "costProjection": {
            "cost": {"currencyCode": "USD", "units": "-12", "nanos": -500000000},
            "duration": "2592000s",
        },
    },
    "content": {"operationGroups": [{"operations": [{"resource": "//compute.googleapis.com/projects/p/vm-1"}]}]},
}


@dataclass
class Asked:
    """An adapter and the service it asks."""

    advice: Advice
    http: ScriptedHttp


def _hub(_: str, body: bytes) -> Answer:
    return document({"items": [HUB]} if b"two" in body else {"items": [], "nextToken": "two"})


def _advisor(path: str, _: bytes) -> Answer:
    return document({"value": [ADVISOR]})


def _recommender(path: str, _: bytes) -> Answer:
    claimed = RECOMMENDER | {"stateInfo": {"state": "CLAIMED"}}
    return document({"recommendations": [RECOMMENDER, claimed]} if "two" in path else {"nextPageToken": "two"})


@pytest.fixture(params=["aws", "azure", "gcp"])
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """Each service on the loopback."""
    services = {"aws": _hub, "azure": _advisor, "gcp": _recommender}
    with served(services[request.param]) as http:
        for name, value in {"ENDPOINT_URL": http.url, "ACCESS_KEY_ID": "t", "SECRET_ACCESS_KEY": "t"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        adapters: dict[str, Any] = {
            "aws": CostOptimizationHubAdvice,
            "azure": lambda: AdvisorAdvice(lambda: "token", "/subscriptions/s", endpoint=http.url),
            "gcp": lambda: RecommenderAdvice(
                lambda: "token", ["projects/p/locations/l/recommenders/r"], endpoint=http.url
            ),
        }
        yield Asked(adapters[request.param](), http)


SAVINGS = {"aws.Rightsize": ("40.5", "USD"), "azure.t": ("10", "EUR"), "gcp.STOP_VM": ("12.5", "USD")}


def test_each_cloud_recommends_with_its_resource_and_its_money(asked: Asked) -> None:
    """All pages are read; each open recommendation names its resource, and a month's saving in its currency."""
    answer = asked.advice.recommendations()
    assert not isinstance(answer, Unknown)
    assert len(answer) == 1
    amount, currency = SAVINGS[answer[0].rule]
    assert (answer[0].saving, answer[0].currency) == (Decimal(amount), currency)
    assert answer[0].resources[0].endswith(("i-1", "vm-1"))
    assert answer[0].text


FAULTS: list[Answer | str] = [
    document({"error": {"message": "no"}}, 403),
    document({"error": {"message": "no"}}),
    document({"error": {"message": "down"}}, 500),
    Answer(200, {"Content-Type": "text/html"}, b"<html>"),
    document(None),
    RESET,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_service_that_does_not_answer_is_unknown(fault: Answer | str, asked: Asked) -> None:
    """An error or an answer that is none is unknown: it is not the absence of advice."""
    asked.http.script.extend([fault] * 20)
    assert isinstance(asked.advice.recommendations(), Unknown)
