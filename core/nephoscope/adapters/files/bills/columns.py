"""
The columns of a bill, and the expressions that read them whatever their physical type is.

A bill's text is kept as text until a column is needed. An amount becomes a DECIMAL of 24 places where it fits one; an
amount that does not (more digits, a currency's sign, commas) is carried along as text and added exactly in Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDE = "DECIMAL(38, 24)"
DIGITS_MOST = 38  # of the engine's widest DECIMAL
LARGE = "1e10"  # from here on amounts are added as text: sums of them may have more than the 14 digits before the point
BARE = "BARE"  # text whose empty fields and NULLs are none already
NOTHING = "NULL::VARCHAR"
NO_TIME = "NULL::TIMESTAMP"

_NOT_WORD = re.compile(r"[^\w]|_", re.UNICODE)
_IN_PARENTHESES = re.compile(r"\S\s*\((\w+)\)\s*$", re.ASCII)
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})


def quoted(name: str) -> str:
    """
    Quote an identifier.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """
    Quote a text.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def folded(name: str) -> str:
    """
    Fold a column's name: a byte order mark, case and punctuation do not tell names apart.

    >>> folded("lineItem/UnblendedCost") == folded("line_item_unblended_cost"), folded(chr(0xFEFF) + "BilledCost")
    (True, 'billedcost')
    """
    return _NOT_WORD.sub("", name.replace("\ufeff", "").strip()).lower()


@dataclass(frozen=True, slots=True)
class Money:
    """
    An amount as expressions.

    With a quick part the first that is not NULL counts: a small DECIMAL, a wide one, the text of neither. Without it
    the amount is the sum of a DECIMAL and of what its text holds.
    """

    decimal: str
    text: str = NOTHING  # '\n' between several amounts
    quick: str | None = None

    @property
    def slow(self) -> Money:
        """The same amount without its quick part, to compute with."""
        if self.quick is None:
            return self
        decimal = f"coalesce(({self.quick})::{WIDE}, {self.decimal})"
        return Money(decimal, f"CASE WHEN ({decimal}) IS NULL THEN {self.text} END")

    def when(self, condition: str, other: Money) -> Money:
        """Take this amount where a condition holds, another where it does not."""
        this, that = self.slow, other.slow
        return Money(
            f"CASE WHEN {condition} THEN {this.decimal} ELSE {that.decimal} END",
            f"CASE WHEN {condition} THEN {this.text} ELSE {that.text} END",
        )

    def plus(self, other: Money) -> Money:
        """Add two amounts; one that is not there adds nothing."""
        this, that = self.slow, other.slow
        neither = f"({this.decimal} IS NULL AND {that.decimal} IS NULL)"
        return Money(
            f"CASE WHEN {neither} THEN NULL ELSE coalesce({this.decimal}, 0) + coalesce({that.decimal}, 0) END",
            f"nullif(concat_ws('\n', {this.text}, {that.text}), '')",
        )

    def minus(self, other: Money) -> Money:
        """Take one amount from another."""
        that = other.slow
        parts = f"list_transform(string_split({that.text}, '\n'), lambda part: '(' || part || ')')"
        return self.plus(Money(f"-({that.decimal})", f"array_to_string({parts}, '\n')"))


ZERO = Money("0::DECIMAL(38, 24)")
ABSENT = Money("NULL::DECIMAL(38, 24)")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one file, found by their folded names."""

    names: Mapping[str, tuple[str, str]]  # folded name -> (expression, type)
    written: Mapping[str, tuple[str, str]]  # name as written -> (expression, type)

    @classmethod
    def of(cls, columns: Sequence[tuple[str, str, str]]) -> Columns:
        """
        Take (name as written, expression, type) of each column; the first of two names that fold alike wins.

        A name in parentheses behind another is a name of the same column, as in "Kostenstelle (CostCenter)".
        """
        names: dict[str, tuple[str, str]] = {}
        for name, expression, kind in columns:
            names.setdefault(folded(name), (expression, kind))
        for name, expression, kind in columns:
            if inside := _IN_PARENTHESES.search(name):
                names.setdefault(folded(inside[1]), (expression, kind))
        return cls(names, {name: (expression, kind) for name, expression, kind in columns})

    def has(self, *names: str) -> bool:
        """Whether every one of these columns is there."""
        return all(folded(name) in self.names for name in names)

    def text(self, *names: str) -> str:
        """Read the first of several columns that is not empty; the text `NULL` is none."""
        found = [self.names[folded(name)] for name in names if self.has(name)]
        readers = [_text(expression, kind) for expression, kind in found]
        if not readers:
            return NOTHING
        return readers[0] if len(readers) == 1 else f"coalesce({', '.join(readers)})"

    def exactly(self, name: str) -> str:
        """Read the column of this very name, else one that folds alike: the keys of tags differ in case."""
        return _text(*self.written[name]) if name in self.written else self.text(name)

    def time(self, *names: str) -> str:
        """Read the first of several columns that holds a UTC time."""
        found = [self.names[folded(name)] for name in names if self.has(name)]
        readers = [_time(expression, kind) for expression, kind in found]
        if not readers:
            return NO_TIME
        return readers[0] if len(readers) == 1 else f"coalesce({', '.join(readers)})"

    def money(self, *names: str) -> Money:
        """Read the first of several columns that is there as money."""
        for name in names:
            if self.has(name):
                return _money(*self.names[folded(name)])
        return ABSENT

    def expression(self, name: str) -> tuple[str, str]:
        """Tell one column's expression and type."""
        return self.names[folded(name)]


def _text(expression: str, kind: str) -> str:
    if kind == BARE:
        return expression
    bare = expression if kind == "VARCHAR" else f"{expression}::VARCHAR"
    return f"nullif(nullif(trim({bare}), ''), 'NULL')"


def _time(expression: str, kind: str) -> str:
    if kind in ("TIMESTAMP", "DATE") or kind.startswith("TIMESTAMP"):
        return f"{expression}::TIMESTAMP"
    text = _text(expression, kind)
    size = f"length({text})"
    # ISO 8601 in UTC or without a zone, which is the quickest to read, and most of what there is.
    plain = (
        f"(({size} = 20 AND {text}[20] = 'Z') OR ({size} = 19 AND {text}[17] = ':') "
        f"OR ({size} = 10 AND {text}[5] = '-'))"
    )
    # Azure writes 05/31/2026, and tools that people use for CSV write 5/31/26.
    american = "['%m/%d/%y', '%m/%d/%Y', '%m/%d/%y %H:%M', '%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S']"
    compact = "['%Y%m%d', '%Y%m']"
    return (
        f"CASE WHEN {plain} THEN try_cast({text} AS TIMESTAMP) "
        f"WHEN {text} LIKE '%/%' THEN try_strptime({text}, {american}) "
        f"WHEN {text} LIKE '%-%' THEN try_cast({text} AS TIMESTAMPTZ)::TIMESTAMP "
        f"ELSE try_strptime({text}, {compact}) END"
    )


def _money(expression: str, kind: str) -> Money:
    decimal = _DECIMAL.fullmatch(kind)
    if decimal and int(decimal[1]) > DIGITS_MOST:
        # The engine reads it as a double, whose digits are not the amount's: it is no amount.
        return Money(ABSENT.decimal, f"CASE WHEN {expression} IS NOT NULL THEN {literal(f'a {kind}')} END")
    if decimal and int(decimal[2]) <= 24:
        return Money(expression)
    if kind in _INTEGERS:
        return Money(f"{expression}::DECIMAL(38, 0)")
    if kind == "DOUBLE":
        return _float_money(expression)
    return text_money(_text(expression, kind))


def _float_money(expression: str) -> Money:
    # Up to 15 digits, a decimal that rounds to the double is its shortest one.
    short = f"(abs({expression}) < 1e5 AND (try_cast({expression} AS DECIMAL(18, 10)))::DOUBLE = {expression})"
    # A double's shortest decimal has at most 17 digits: from 1e-7 on, all of them lie within 24 places.
    fits = f"abs({expression}) BETWEEN 1e-7 AND {LARGE}"
    shortest = f"{expression}::DOUBLE::VARCHAR"
    return Money(
        decimal=f"CASE WHEN {fits} THEN {shortest}::{WIDE} END",
        text=shortest,
        quick=f"CASE WHEN {short} THEN {expression}::DECIMAL(18, 10) END",
    )


def text_money(text: str) -> Money:
    """Read text as money; without an exponent, 24 characters lie within 24 places, and 12 behind a digit within 10."""
    plain = f"NOT (contains({text}, 'e') OR contains({text}, 'E'))"
    short = f"length({text}) <= 12 AND {text}[1] <> '.'"
    small = f"abs(try_cast({text} AS DOUBLE)) < {LARGE}"
    return Money(
        decimal=f"CASE WHEN length({text}) <= 24 AND {plain} AND {small} THEN try_cast({text} AS {WIDE}) END",
        text=text,
        quick=f"CASE WHEN {short} AND {plain} THEN try_cast({text} AS DECIMAL(18, 10)) END",
    )
