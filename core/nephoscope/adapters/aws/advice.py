"""AWS Cost Optimization Hub: what Amazon itself recommends, with its own estimate of the saving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from nephoscope.cost.lines import Unknown
from nephoscope.cost.money import amount, plain
from nephoscope.cost.recommendation import Recommendation

REGION = "us-east-1"
PAGES_MOST = 20


class CostOptimizationHubAdvice:
    """The recommendations of one account, or of an organization's payer."""

    @cached_property
    def _client(self) -> Any:
        retries = {"mode": "standard", "total_max_attempts": 4}
        config = Config(connect_timeout=3, read_timeout=20, retries=retries)
        return boto3.client("cost-optimization-hub", region_name=REGION, config=config)

    def recommendations(self) -> tuple[Recommendation, ...] | Unknown:
        """Ask for all of them; half of them are unknown."""
        try:
            return tuple(_recommendation(item) for page in self._pages() for item in page["items"])
        except (ClientError, BotoCoreError) as error:
            return Unknown(f"The Cost Optimization Hub did not answer: {str(error).rstrip('.')}.")
        except (ResponseParserError, KeyError, TypeError, ValueError, AttributeError) as error:
            return Unknown(f"The Cost Optimization Hub's answer cannot be read ({type(error).__name__}: {error}).")

    def _pages(self) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {"maxResults": 100}
        tokens: set[str] = set()
        for _ in range(PAGES_MOST):
            page = self._client.list_recommendations(**asked)
            yield page
            token = page.get("nextToken")
            if not token:
                return
            if token in tokens:
                raise ValueError("the same next page twice")
            tokens.add(token)
            asked["nextToken"] = token
        raise ValueError(f"more than {PAGES_MOST} pages")


def _recommendation(item: Mapping[str, Any]) -> Recommendation:
    saving = amount(str(item["estimatedMonthlySavings"]))
    cost = max(saving, amount(str(item.get("estimatedMonthlyCost", saving))))
    resource = item.get("resourceArn") or item.get("resourceId") or item["recommendationId"]
    action = item["actionType"]
    return Recommendation(
        rule=f"aws.{action}",
        resources=(resource,),
        evidence={
            "monthly_cost": plain(cost),
            "effort": item.get("implementationEffort", ""),
            "restart_needed": str(bool(item.get("restartNeeded"))),
            "rollback_possible": str(bool(item.get("rollbackPossible"))),
        },
        saving=max(Decimal(0), saving),
        currency=item["currencyCode"],
        text=f"{action} {item.get('currentResourceType', 'resource')} {resource}: saves {plain(saving)} a month.",
        cost=cost,
    )
