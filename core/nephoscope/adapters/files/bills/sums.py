"""The aggregate that every roll-up is: exact sums of a file's charges by some of its keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb

from nephoscope.adapters.files.bills.columns import NOTHING, Money, literal
from nephoscope.adapters.files.bills.dialect import Charges
from nephoscope.cost.bill import TAG
from nephoscope.cost.money import amount, total
from nephoscope.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Sums:
    """One row of a roll-up."""

    keys: tuple[Any, ...]
    billed: Decimal | None
    effective: Decimal | None
    rows: int
    until: datetime | None


def key_expression(charges: Charges, key: str) -> str:
    """Tell the expression of one key of a roll-up."""
    if key.startswith(TAG):
        return charges.tag(key.removeprefix(TAG))
    return {
        "provider": charges.provider,
        "currency": f"upper({charges.currency})",
        "month": f"strftime({charges.period}, '%Y-%m')",
        "day": f"({charges.start})::DATE",
        "service": charges.service,
        "category": charges.category,
        "account": charges.account,
        "region": charges.region,
        "resource": charges.resource,
        "charge": charges.charge,
        "correction": charges.correction,
        "pricing": charges.pricing,
        "commitment": charges.commitment,
        "commitment_status": charges.commitment_status,
        "hour": f"date_trunc('hour', {charges.start})",
    }[key]


def sums(
    relation: duckdb.DuckDBPyRelation,
    charges: Charges,
    keys: Sequence[str],
    *,
    month: str | None = None,
    where: str = "true",
) -> Iterator[Sums]:
    """
    Add billed and effective cost by some keys.

    Args:
        relation: The rows of files of one shape.
        charges: What their columns mean.
        keys: Keys that `key_expression` knows.
        month: "2026-05": rows of other billing periods are left out; rows without one are not.
        where: A further condition over the columns.

    Raises:
        Unreadable: A row has no amount, or one that is no number.
    """
    period = f"strftime({charges.period}, '%Y-%m')"
    if month is not None:
        where = f"({where}) AND coalesce({period} = {literal(month)}, true)"
    names = [f"k{number}" for number in range(len(keys))]
    columns = [f"{key_expression(charges, key)} AS {name}" for key, name in zip(keys, names, strict=True)]
    measures = {"billed": charges.billed, "effective": charges.effective}
    for name, money in measures.items():
        columns += [f"{money.decimal} AS {name}", f"{money.text} AS {name}_text"]
    columns.append(f"CASE WHEN {charges.end} <= {charges.start} + INTERVAL 1 DAY THEN {charges.end} END AS until")
    selected = relation.filter(where).project(", ".join(columns))
    aggregates = [_aggregate(name, money) for name, money in measures.items()]
    aggregated = selected.aggregate(", ".join([*names, *aggregates, "count(*)", "max(until)"]), ", ".join(names))
    for row in aggregated.fetchall():
        yield _sums(row, len(keys), charges)


def _aggregate(name: str, money: Money) -> str:
    if money.text == NOTHING:
        return f"sum({name}), NULL, count(*) FILTER ({name} IS NULL)"
    text = f"{name}_text"
    return f"sum({name}), list({text}) FILTER ({text} IS NOT NULL), count(*) FILTER ({name} IS NULL AND {text} IS NULL)"


def _sums(row: tuple[Any, ...], width: int, charges: Charges) -> Sums:
    billed, billed_texts, billed_missing, effective, effective_texts, effective_missing, rows, until = row[width:]
    if billed_missing and charges.view != "amortised":
        raise Unreadable(f"{billed_missing} rows have no amount.", do="export the bill again")
    return Sums(
        row[:width],
        None if billed_missing else _exact(billed, billed_texts),
        None if effective_missing else _exact(effective, effective_texts),
        rows,
        until.replace(tzinfo=UTC) if until is not None else None,
    )


def _exact(decimal: Decimal | None, texts: list[str] | None) -> Decimal:
    """Add what the engine summed to the amounts that it left as text."""
    if not texts:
        return decimal or Decimal(0)
    try:
        return total([decimal or Decimal(0), *(amount(part) for text in texts for part in text.split("\n"))])
    except ValueError as error:
        raise Unreadable(f"An amount cannot be read: {error}.", do="export the bill again") from None
