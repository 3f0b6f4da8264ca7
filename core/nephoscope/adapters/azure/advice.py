"""Azure Advisor: what Microsoft itself recommends to spend less, with its own estimate of the saving."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from nephoscope.adapters.azure.bills import ENDPOINT
from nephoscope.adapters.https import request
from nephoscope.cost.lines import Unknown
from nephoscope.cost.money import amount, plain
from nephoscope.cost.recommendation import Recommendation
from nephoscope.errors import Transient

API_VERSION = "2023-01-01"
PAGES_MOST = 50


class AdvisorAdvice:
    """The cost recommendations of one subscription."""

    def __init__(self, token: Callable[[], str], scope: str, *, endpoint: str = ENDPOINT) -> None:
        self._token, self._endpoint = token, endpoint
        path = f"{scope.strip('/')}/providers/Microsoft.Advisor/recommendations"
        self._url = f"{endpoint}/{path}?api-version={API_VERSION}&$filter=Category%20eq%20'Cost'"

    def recommendations(self) -> tuple[Recommendation, ...] | Unknown:
        """Ask for all of them; half of them are unknown."""
        try:
            return tuple(_recommendation(item) for page in self._pages() for item in page["value"])
        except Transient as error:
            return Unknown(str(error))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            return Unknown(f"Azure Advisor's answer cannot be read ({type(error).__name__}: {error}).")

    def _pages(self) -> Iterator[Mapping[str, Any]]:
        url = self._url
        for _ in range(PAGES_MOST):
            answer = request(url, headers={"Authorization": f"Bearer {self._token()}"}, timeout_seconds=30)
            if answer.status != 200:
                raise Transient(f"Azure Advisor answered {answer.status}: {answer.text}")
            page = json.loads(answer.body, parse_float=Decimal)
            yield page
            url = page.get("nextLink") or ""
            if not url:
                return
            if urlsplit(url)[:2] != urlsplit(self._endpoint)[:2]:
                raise ValueError(f"a next page on another host, {urlsplit(url).netloc}")
        raise ValueError(f"more than {PAGES_MOST} pages")


def _recommendation(item: Mapping[str, Any]) -> Recommendation:
    told = item["properties"]
    extended = told.get("extendedProperties") or {}
    saving = _monthly(extended)
    problem = told["shortDescription"]
    resource = (told.get("resourceMetadata") or {}).get("resourceId") or told.get("impactedValue") or item["id"]
    saved = f" Saves {plain(saving)} {extended.get('savingsCurrency', '')} a month." if saving is not None else ""
    return Recommendation(
        rule=f"azure.{told.get('recommendationTypeId', 'advisor')}",
        resources=(resource,),
        evidence={"impact": told.get("impact", ""), "problem": problem.get("problem", "")},
        saving=saving,
        currency=extended.get("savingsCurrency", ""),
        text=f"{problem.get('solution') or problem.get('problem')}: {resource}.{saved}",
        cost=saving or Decimal(0),
    )


def _monthly(extended: Mapping[str, str]) -> Decimal | None:
    if "savingsAmount" in extended:
        return amount(str(extended["savingsAmount"]))
    if "annualSavingsAmount" in extended:
        return round(amount(str(extended["annualSavingsAmount"])) / 12, 2)
    return None
