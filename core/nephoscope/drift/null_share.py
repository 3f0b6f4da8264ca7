"""How much of a column is missing."""

from __future__ import annotations

from nephoscope.drift.profile import Column


def null_share(column: Column, rows: int) -> float:
    """
    The share of rows in which a column is null or NaN.

    >>> from nephoscope.drift.profile import Kind
    >>> null_share(Column("a", "double", Kind.NUMERIC, nulls=1), rows=4)
    0.25
    """
    return (column.nulls + column.nan) / rows
