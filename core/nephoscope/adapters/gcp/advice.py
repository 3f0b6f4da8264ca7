"""Google Recommender: what Google itself recommends, with its own projection of the cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from nephoscope.adapters.https import request
from nephoscope.cost.lines import Unknown
from nephoscope.cost.money import plain
from nephoscope.cost.recommendation import Recommendation
from nephoscope.errors import Transient

ENDPOINT = "https://recommender.googleapis.com"
PAGES_MOST = 50
MONTH_SECONDS = Decimal(30 * 86_400)
NANOS = Decimal(1_000_000_000)


class RecommenderAdvice:
    """The recommendations of some recommenders: projects/P/locations/L/recommenders/R."""

    def __init__(self, token: Callable[[], str], recommenders: Sequence[str], *, endpoint: str = ENDPOINT) -> None:
        self._token, self._recommenders, self._endpoint = token, tuple(recommenders), endpoint

    def recommendations(self) -> tuple[Recommendation, ...] | Unknown:
        """Ask each recommender for all that are active; half of them are unknown."""
        try:
            items = [item for name in self._recommenders for page in self._pages(name) for item in _items(page)]
            return tuple(found for item in items if (found := _recommendation(item)) is not None)
        except Transient as error:
            return Unknown(str(error))
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            return Unknown(f"Recommender's answer cannot be read ({type(error).__name__}: {error}).")

    def _pages(self, name: str) -> Iterator[Mapping[str, Any]]:
        url = f"{self._endpoint}/v1/{quote(name)}/recommendations?pageSize=100"
        token = ""
        for _ in range(PAGES_MOST):
            headers = {"Authorization": f"Bearer {self._token()}"}
            answer = request(f"{url}&pageToken={quote(token)}", headers=headers, timeout_seconds=30)
            if answer.status != 200:
                raise Transient(f"Recommender answered {answer.status}: {answer.text}")
            page = json.loads(answer.body)
            yield page
            token, before = page.get("nextPageToken") or "", token
            if not token:
                return
            if token == before:
                raise ValueError("the same next page twice")
        raise ValueError(f"more than {PAGES_MOST} pages")


def _items(page: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if "error" in page:
        raise ValueError(str(page["error"]))
    # A page without recommendations leaves the key out.
    items: Sequence[Mapping[str, Any]] = page.get("recommendations", [])
    return items


def _recommendation(item: Mapping[str, Any]) -> Recommendation | None:
    """Read one that is active and about cost; None for another."""
    impact = item["primaryImpact"]
    if item.get("stateInfo", {}).get("state", "ACTIVE") != "ACTIVE" or impact["category"] != "COST":
        return None
    projection = impact["costProjection"]
    money, seconds = projection["cost"], Decimal(projection["duration"].rstrip("s"))
    projected = Decimal(money.get("units", "0")) + Decimal(money.get("nanos", 0)) / NANOS
    saving = max(Decimal(0), round(-projected * MONTH_SECONDS / seconds, 2))
    groups = item.get("content", {}).get("operationGroups", [])
    resources = dict.fromkeys(
        each["resource"] for group in groups for each in group["operations"] if each.get("resource")
    )
    return Recommendation(
        rule=f"gcp.{item.get('recommenderSubtype', 'recommender')}",
        resources=tuple(resources) or (item["name"],),
        evidence={"priority": item.get("priority", ""), "projection_days": float(seconds / 86_400)},
        saving=saving,
        currency=money["currencyCode"],
        text=f"{item['description'].rstrip('.')}: saves {plain(saving)} {money['currencyCode']} a month.",
        cost=saving,
    )
