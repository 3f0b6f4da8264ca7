"""The answer of `cost report`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from nephoscope.cli.schemas.document import Document

Money: TypeAlias = Annotated[
    str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="An exact amount in plain notation, as text.")
]
Totals: TypeAlias = Annotated[dict[str, Money | None], Meta(description="A sum per currency, where there are several.")]


class ProviderCost(Document, frozen=True, kw_only=True):
    """What one provider charged."""

    status: Literal["known", "unknown"]
    billed: Money | None
    effective: Money | None
    currency: str | None
    complete_until: str | None
    reason: str | None
    totals: Totals | UnsetType = UNSET


class CostGroup(Document, frozen=True, kw_only=True):
    """The sums of the rows that agree in the keys asked for."""

    keys: dict[str, str | None]
    billed: Money | None
    effective: Money | None
    currency: str | None
    rows: int


class Driver(Document, frozen=True, kw_only=True):
    """A part of an anomaly."""

    name: str
    impact: Money


class CostAnomaly(Document, frozen=True, kw_only=True):
    """A stretch of days that cost something else than expected."""

    keys: dict[str, str]
    kind: str
    start: str
    end: str
    expected: Money
    actual: Money
    impact: Money
    currency: str
    drivers: list[Driver]


class Saving(Document, frozen=True, kw_only=True):
    """A recommendation with the resources and the evidence it rests on."""

    rule: str
    resources: list[str]
    evidence: dict[str, float | str]
    saving: Money | None
    currency: str
    text: str


class BillSource(Document, frozen=True, kw_only=True):
    """A file that was read, or why it was not."""

    name: str
    dialect: str | None
    status: str
    reason: str | None


class CostReported(Document, frozen=True, kw_only=True):
    """Exported bills, rolled up and held against a budget."""

    schema: Literal["nephoscope.cost.report/1"]
    currency: str | None
    status: Literal["OK", "ALERT", "UNKNOWN"]
    total_cost: Money | None
    total_is: Literal["exact", "at_least"]
    totals: Totals | UnsetType = UNSET
    monthly_costs: dict[str, ProviderCost]
    groups: list[CostGroup]
    anomalies: list[CostAnomaly]
    recommendations: list[Saving]
    sources: list[BillSource]
    timestamp: str
