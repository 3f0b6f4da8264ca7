"""A Message as plain lines, for every Channel that shows text."""

from __future__ import annotations

from nephoscope.alerts.messages import Item, Message

MOST_ITEMS = 10  # in one Message; the rest is counted


def lines(message: Message, *, most: int = MOST_ITEMS) -> list[str]:
    """Everything below the headline: each Alert, what found no room, notes and what it is called."""
    items, left = message.split(most)
    return [
        *(line for item in items for line in item_lines(item)),
        *([more(message, left)] if left else []),
        *message.notes,
        *footer(message),
    ]


def item_lines(item: Item) -> list[str]:
    """State and subject, then what was seen, the newest values and what to do next, indented."""
    where = f" on {item.where}" if item.where else ""
    rest = (
        f"{item.check}: {item.measured}" if item.measured else item.check,
        item.chart,
        f"evidence: {item.evidence}" if item.evidence else "",
        item.advice,
    )
    return [f"[{item.state}] {item.what}{where}, {item.when}: {item.reason}", *(f"    {text}" for text in rest if text)]


def more(message: Message, left: int) -> str:
    """How many Alerts found no room, and where all of them are."""
    return f"and {left} more; all of them: {message.record}, or nephoscope alerts list"


def footer(message: Message) -> list[str]:
    """What the delivery and the runs behind it are called."""
    runs = message.correlation_ids
    named = ", ".join(runs[:3]) + (f" and {len(runs) - 3} more" if len(runs) > 3 else "")
    return [f"delivery {message.id}", *([f"run {named}"] if runs else [])]
