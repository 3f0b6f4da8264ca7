"""
The aggregate that every roll-up is: exact sums of charges by some of their keys.

Files are read once into a cube, a small table of sums by all the keys that a report may ask for; every further
question adds the cube up. Each measure is a sum of what fits a DECIMAL, of what fits a small one (which is quicker to
add), and a list of the texts of what fits neither; Python adds the three.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb

from nephoscope.adapters.files.bills.columns import NOTHING, Money, literal, quoted
from nephoscope.adapters.files.bills.dialect import Charges
from nephoscope.cost.bill import TAG
from nephoscope.cost.money import amount, total
from nephoscope.errors import Unreadable

MEASURES = ("billed", "effective")
VALUES_MOST = 200  # of one tag
_ABSENT = "NULL::DECIMAL(38, 10)"


@dataclass(frozen=True, slots=True)
class Sums:
    """One row of a roll-up."""

    keys: tuple[Any, ...]
    billed: Decimal | None  # None where a charge does not tell it
    effective: Decimal | None
    rows: int
    until: datetime | None  # the latest end of a charge of a day or less


def cube(
    relation: duckdb.DuckDBPyRelation,
    charges: Charges,
    keys: Sequence[str],
    *,
    month: str | None = None,
    where: str = "true",
    apart: Sequence[Sequence[str]] = (),
) -> duckdb.DuckDBPyRelation:
    """
    Add billed and effective cost up by keys; the column `part` is 0.

    Args:
        relation: The rows of files of one shape.
        charges: What their columns mean.
        keys: Keys that `key_expression` knows.
        month: "2026-05": rows of other billing periods are left out; rows without one are not.
        where: A further condition over the relation's columns.
        apart: Further sets of keys, each added up by itself in the same pass; their last keys differ, and are not among
            the other keys. `part` counts them from 1.
    """
    if month is not None:
        where = f"({where}) AND coalesce({key_expression(charges, 'month')} = {first_of(month)}, true)"
    moneys = dict(zip(MEASURES, (charges.billed, charges.effective), strict=True))
    every = tuple(dict.fromkeys(key for one in (keys, *apart) for key in one))
    names = [column(key) for key in every]
    span = f"epoch_us({charges.end}) - epoch_us({charges.start})"
    columns = [f"{key_expression(charges, key)} AS {column(key)}" for key in every]
    columns.append(f"CASE WHEN {span} <= 86400000000 THEN {charges.end} END AS until")
    selected = relation.filter(where)
    if any(money.quick for money in moneys.values()):
        # What is quick to read is read first, so that the rest is looked at only where it must be.
        quick = (f"{money.quick or _ABSENT} AS {name}_quick" for name, money in moneys.items())
        selected = selected.project(", ".join(["*", *quick]))
    columns += [part for name, money in moneys.items() for part in _measure(name, money)]
    aggregates = [*names, *(_first_sum(name, money) for name, money in moneys.items())]
    parts = "".join(f" WHEN grouping({column(one[-1])}) = 0 THEN {number}" for number, one in enumerate(apart, 1))
    aggregates += [
        "count(*) AS rows",
        "max(until) AS until",
        f"CASE{parts} ELSE 0 END AS part" if apart else "0 AS part",
    ]
    sets = [f"({', '.join(map(column, one))})" for one in (keys, *apart)]
    groups = f"GROUPING SETS ({', '.join(sets)})" if apart else ", ".join(names)
    return selected.project(", ".join(columns)).aggregate(", ".join(aggregates), groups)


def _measure(name: str, money: Money) -> list[str]:
    """The parts of one measure in each row."""
    if money.quick is None:
        return [f"{money.decimal} AS {name}", f"{money.text} AS {name}_text", f"{_ABSENT} AS {name}_quick"]
    quick = f"{name}_quick"
    return [
        f"CASE WHEN {quick} IS NULL THEN {money.decimal} END AS {name}",
        f"CASE WHEN {quick} IS NULL AND ({money.decimal}) IS NULL THEN {money.text} END AS {name}_text",
        quick,
    ]


def column(key: str) -> str:
    """
    Name a key's column in a cube: names are the same to the engine in any case, and the keys of tags are not.

    >>> column("service"), column("tag:Team") == column("tag:team")
    ('"service"', False)
    """
    return quoted(f"{key} {key.encode('utf-8', 'surrogatepass').hex()}" if key.startswith(TAG) else key)


def first_of(month: str) -> str:
    """
    Write a month as the cube holds it.

    >>> first_of("2026-05")
    "DATE '2026-05-01'"
    """
    return f"DATE {literal(month + '-01')}"


def key_expression(charges: Charges, key: str) -> str:
    """Tell the expression of one key."""
    if key.startswith(TAG):
        return charges.tag(key.removeprefix(TAG))
    return {
        "provider": charges.provider,
        "currency": f"upper({charges.currency})",
        "month": f"date_trunc('month', {charges.period})::DATE",
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
        "tagged": charges.tagged,
        "idle": charges.idle,
    }[key]


def _first_sum(name: str, money: Money) -> str:
    texts = "NULL::VARCHAR[]" if money.text == NOTHING else f"list({name}_text) FILTER ({name}_text IS NOT NULL)"
    told = f"count({name})"
    if money.quick:
        told = f"count({name}_quick) + count({name}) + count({name}_text)"
    elif money.text != NOTHING:
        told = f"count(CASE WHEN {name} IS NOT NULL OR {name}_text IS NOT NULL THEN 1 END)"
    return f"sum({name}) AS {name}, sum({name}_quick) AS {name}_quick, {texts} AS {name}_texts, {told} AS {name}_rows"


def added_up(cube: duckdb.DuckDBPyRelation, keys: Sequence[str], *, where: str = "true") -> Iterator[Sums]:
    """
    Add a cube up by fewer keys.

    Raises:
        Unreadable: An amount is no number.
    """
    names = [column(key) for key in keys]
    measures = [f"sum({name}), sum({name}_quick), flatten(list({name}_texts)), sum({name}_rows)" for name in MEASURES]
    aggregates = ", ".join([*names, *measures, "sum(rows)", "max(until)"])
    for row in cube.filter(where).aggregate(aggregates, ", ".join(names)).fetchall():
        values, (rows, until) = row[: len(keys)], row[-2:]
        yield Sums(
            values,
            _exact(row[len(keys) : len(keys) + 4], rows),
            _exact(row[len(keys) + 4 : -2], rows),
            int(rows),
            until.replace(tzinfo=UTC) if until is not None else None,
        )


def dearest(cube: duckdb.DuckDBPyRelation, key: str) -> list[str]:
    """The values of a cube's key that cost the most, billed or effective; to rank them, doubles will do."""
    amounts = [f"abs(coalesce({name}::DOUBLE, 0) + coalesce({name}_quick::DOUBLE, 0))" for name in MEASURES]
    ranked = cube.filter(f"{key} IS NOT NULL").aggregate(f"{key} AS value, sum(greatest({', '.join(amounts)})) AS cost")
    return [value for value, _ in ranked.order("cost DESC, value").limit(VALUES_MOST).fetchall()]


def _exact(measure: tuple[Any, ...], rows: int) -> Decimal | None:
    decimal, quick, texts, told = measure
    if told < rows:
        return None
    sums: list[Decimal] = [part for part in (decimal, quick) if part is not None]
    if not texts:
        return sums[0] if len(sums) == 1 else total(sums)
    try:
        return total([*sums, *(amount(part) for text in texts for part in text.split("\n"))])
    except ValueError as error:
        raise Unreadable(f"An amount cannot be read: {error}.", do="export the bill again") from None
