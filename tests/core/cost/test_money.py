"""Budgets as people write them."""

from decimal import Decimal

import pytest
from nephoscope.cost.money import budget
from nephoscope.errors import BadUsage


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1000", "1000", None),
        ("10.50 usd", "10.50", "USD"),
        ("1,000", "1000", None),
        ("1,234,567.89 EUR", "1234567.89", "EUR"),
    ],
)
def test_commas_between_thousands_are_read(text: str, amount: str, currency: str | None) -> None:
    """A budget may be grouped by thousands and name its currency."""
    read = budget(text)
    assert (read.amount, read.currency) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["1,5", "10,50 USD", "1,00,0", "1.000,50", "1,0000", ",5", "1,", "1000,000", "0", "x"])
def test_any_other_comma_is_refused(text: str) -> None:
    """What could be a decimal comma is never read as ten or a hundred times as much."""
    with pytest.raises(BadUsage, match="The budget cannot be read"):
        budget(text)
