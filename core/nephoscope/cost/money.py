"""
Money: exact decimals, added without rounding, written in plain notation.

Python's decimal context rounds a sum to 28 digits unless told otherwise. Money is therefore added in a context of its
own, which is wide enough for any bill and raises where a digit would be lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

from nephoscope.errors import BadUsage

EXACT = Context(prec=2_000, traps=[Inexact, InvalidOperation, Overflow])

_PLACES = 700  # more than any double has on either side of the point
_GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
_SIGN_AND_SYMBOL = re.compile(r"^([-+]?)[$€£¥]\s*")
_PARENTHESES = re.compile(r"^\((.*)\)$")
_BUDGET = re.compile(r"\s*(?P<amount>[-+0-9.,]+)\s*(?P<currency>[A-Za-z]{3})?\s*")


def total(amounts: Iterable[Decimal]) -> Decimal:
    """
    Add amounts without losing a digit; nothing at all adds up to 0.

    >>> total([Decimal("1e20"), Decimal("1e-20"), Decimal("-1e20")])
    Decimal('1E-20')
    """
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def plain(amount: Decimal) -> str:
    """
    Write an amount in plain notation, without an exponent and without zeros at the end.

    >>> plain(Decimal("1E+3")), plain(Decimal("10.500")), plain(Decimal("-0.00")), plain(Decimal("1E-7"))
    ('1000', '10.5', '0', '0.0000001')
    """
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def amount(text: str) -> Decimal:
    """
    Read an amount as bills write it.

    Args:
        text: A number, with an exponent, with a currency's sign, with commas between thousands, or in parentheses,
            as accountants write what is negative.

    Raises:
        ValueError: It is no finite number, or one that can be read in two ways, as `1,234` can.

    >>> [str(amount(text)) for text in ("1.5e-7", " $10,100.00 ", "-$3.20", "(12.5)")]
    ['1.5E-7', '10100.00', '-3.20', '-12.5']
    """
    bare = text.strip()
    inside = _PARENTHESES.match(bare)
    if inside:
        bare = "-" + inside.group(1).strip()
    unsigned = _SIGN_AND_SYMBOL.sub(r"\1", bare)
    # "1,234" alone is a thousand to some and a bit more than one to others: it is read as neither.
    if _GROUPED.fullmatch(unsigned) and ("." in unsigned or unsigned != bare):
        unsigned = unsigned.replace(",", "")
    bare = unsigned
    try:
        number = Decimal(bare)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no amount of money") from None
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no finite amount of money")
    if number.adjusted() > _PLACES or int(number.as_tuple().exponent) < -_PLACES:
        raise ValueError(f"{text[:40]!r} is no amount that anybody was ever charged")
    return number


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in a month; without a currency it is in the bill's only one."""

    amount: Decimal
    currency: str | None = None

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"a budget of {plain(self.amount)}; it must be more than 0")

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.currency}" if self.currency else plain(self.amount)


def budget(text: str) -> Budget:
    """
    Read a budget such as `1000`, `1,000.50` or `1000 USD`; commas stand between thousands and nowhere else.

    Raises:
        BadUsage: It is no amount of money greater than 0.

    >>> budget("1000 USD")
    Budget(amount=Decimal('1000'), currency='USD')
    """
    match = _BUDGET.fullmatch(text)
    try:
        if match is None:
            raise ValueError(f"{text!r} is no amount of money")
        bare, currency = match["amount"], match["currency"]
        grouped = _GROUPED.fullmatch(bare) is not None
        return Budget(amount(bare.replace(",", "") if grouped else bare), currency.upper() if currency else None)
    except ValueError as error:
        raise BadUsage(f"The budget cannot be read: {error}.", do="write it as 1000.50 or as '1000 USD'") from None
