"""
How the doctor asks each cloud what it charges and what it recommends: the cheapest question that takes a job's rights.

Cost Explorer charges for each page; all others answer free of charge. AWS and Azure are asked for one day as the job
asks for a month. BigQuery is asked for the table and what its query would read, which takes the query's rights without
reading anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cost.lines import Unknown
from nephoscope.cost.month import Month, midnight
from nephoscope.errors import Transient
from nephoscope.ports import Advice, Bills
from nephoscope.settings import Settings
from nephoscope.wiring.bills import advice, bills

if TYPE_CHECKING:
    from nephoscope.adapters.gcp.bills import BigQueryBills

CALLS = {
    "aws": "Cost Explorer, GetCostAndUsage of one day ($0.01 a page)",
    "azure": "Cost Management, query of one day, as invoiced and amortised (free of charge)",
    "gcp": "BigQuery, tables.get and a dry run of the job's query (free of charge)",
}
RIGHTS = {
    "aws": "switch Cost Explorer on; its right is ce:GetCostAndUsage",
    "azure": "see bills.azure.scope; the right is Microsoft.CostManagement/query/action on it",
    "gcp": "see bills.gcp.table; it takes bigquery.tables.get and getData, and bigquery.jobs.create in the project",
}
PAID = frozenset({"aws"})  # asking costs money
ADVISERS = {
    "aws": "Cost Optimization Hub, ListRecommendations (free of charge)",
    "azure": "Azure Advisor, recommendations of the category Cost (free of charge)",
    "gcp": "Recommender, recommendations.list of each recommender (free of charge)",
}
ENROLMENTS = {
    "aws": "enrol the account in the Cost Optimization Hub; its right is cost-optimization-hub:ListRecommendations",
    "azure": "see that bills.azure.scope is a subscription; the right is Microsoft.Advisor/recommendations/read on it",
    "gcp": "see bills.gcp.recommenders and that recommender.googleapis.com is on; the role is roles/recommender.viewer",
}


def adviser_is_asked(cloud: str, settings: Settings) -> bool:
    """Whether the configuration asks for a cloud's own recommendations."""
    written = getattr(settings.bills, cloud)
    return bool(getattr(written, "recommendations", False) or getattr(written, "recommenders", ()))


def bill_look(cloud: str, settings: Settings, now: datetime) -> str:
    """
    Ask a cloud's billing API; its answer, for people.

    Raises:
        BadSettings: Its extra is not installed.
        Transient: It did not answer.
    """
    month, early = first_day(now)
    source = bills(cloud, settings, FixedClock(early))
    if cloud == "gcp":
        return cast("BigQueryBills", source).look(str(month))
    return told(source, month)


def first_day(now: datetime) -> tuple[Month, datetime]:
    """
    The newest month with a finished day, and the moment at which only its first one is over.

    >>> month, moment = first_day(datetime.fromisoformat("2026-03-01T06:00:00+00:00"))
    >>> str(month), moment.isoformat()
    ('2026-02', '2026-02-02T00:00:00+00:00')
    """
    month = Month.at(now - timedelta(days=1))
    return month, midnight(month.first + timedelta(days=1))


def told(source: Bills, month: Month) -> str:
    """
    What a billing API tells of the first day of a month, for people.

    Raises:
        Transient: It tells nothing.
    """
    answer = source.lines(str(month))
    if isinstance(answer, Unknown):
        raise Transient(answer.reason, do="correct what it says")
    return f"the first day of {month}: {len(answer.lines)} lines"


def advice_look(cloud: str, settings: Settings) -> str:
    """
    Ask a cloud for what it recommends; its answer, for people.

    Raises:
        Transient: It did not answer.
    """
    adviser = advice(cloud, settings)
    if adviser is None:
        raise Transient(f"The configuration asks {cloud} for no recommendations.", do="add them to bills")
    return advised(adviser)


def advised(adviser: Advice) -> str:
    """
    How much a cloud recommends, for people.

    Raises:
        Transient: It does not say.
    """
    answer = adviser.recommendations()
    if isinstance(answer, Unknown):
        raise Transient(answer.reason, do="correct what it says")
    return f"{len(answer)} recommendations"
