"""
Microsoft Teams by a Workflows webhook, as an Adaptive Card of version 1.4.

Data stands in TextRuns, in which Markdown is not read. The flow accepts about 28 KB with everything; cards are cut at
20. A 2xx is not a delivery: the body may tell an error, and is judged too.
"""

from __future__ import annotations

import json
from typing import Any

from nephoscope.adapters.channels.answers import refused
from nephoscope.adapters.channels.text import footer, more
from nephoscope.adapters.https import request
from nephoscope.alerts.messages import Item, Message

TIMEOUT_SECONDS = 10.0
CARD_BYTES = 20 * 1024
MOST_ITEMS = 15
COLORS = {"firing": "attention", "unknown": "warning", "resolved": "good", "moved": "accent"}
FAULTS = ("error", "failed", "bad request", "exception")


class TeamsWorkflow:
    """One Teams channel, by its workflow's URL, which is a secret."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message) -> str:
        """Post one Message as a card."""
        answer = request(
            self._url,
            method="POST",
            body=json.dumps(body(message), ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
            timeout_seconds=TIMEOUT_SECONDS,
        )
        if 200 <= answer.status < 300 and not told_fault(answer.text):
            return ""
        do = "check that the workflow exists, has an owner and posts cards to a channel that is not private"
        raise refused("Teams", answer.status, answer.text, answer.headers, do=do)


def told_fault(text: str) -> bool:
    """
    Whether an answer with a good status tells a failure: Teams' connectors hide even a 429 in a 200.

    >>> told_fault("1"), told_fault(""), told_fault("Microsoft Teams endpoint returned HTTP error 429")
    (False, False, True)
    >>> told_fault("<html>sign in</html>"), told_fault('{"error": {"code": "WorkflowNotFound"}}')
    (True, True)
    """
    lower = text.strip().lower()
    return lower.startswith("<") or any(fault in lower for fault in FAULTS)


def body(message: Message) -> dict[str, Any]:
    """What is posted: the largest card that fits, with a count of the Alerts that found no room."""
    most = min(MOST_ITEMS, len(message.items))
    while True:
        posted = {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": None,
                    "content": card(message, most),
                }
            ],
        }
        if most <= 1 or len(json.dumps(posted, ensure_ascii=False).encode()) <= CARD_BYTES:
            return posted
        most -= 1


def card(message: Message, most: int) -> dict[str, Any]:
    """The Message as an Adaptive Card with at most that many Alerts."""
    items, left = message.split(most)
    small = [*([more(message, left)] if left else []), *message.notes[:10], *footer(message)]
    links = dict.fromkeys(item.evidence for item in items if item.evidence.startswith("https://"))
    made: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": message.headline,
        "msteams": {"width": "Full"},
        "body": [
            _rich([_run(message.headline, size="medium", weight="bolder")]),
            *(element for item in items for element in _item(item)),
            *(_rich([_run(line, isSubtle=True, size="small")]) for line in small),
        ],
    }
    if links:
        made["actions"] = [{"type": "Action.OpenUrl", "title": "Evidence", "url": link} for link in list(links)[:3]]
    return made


def _item(item: Item) -> list[dict[str, Any]]:
    where = f" on {item.where}" if item.where else ""
    shown = "   ".join(part for part in (f"{item.check} {item.measured}".strip(), item.chart) if part)
    head = [
        _run(f"{item.state} ", color=COLORS.get(item.state, "default"), weight="bolder"),
        _run(f"{item.what}{where}, {item.when}", weight="bolder"),
    ]
    rest = [_rich([_run(line)], spacing="none") for line in (item.reason, shown, item.advice) if line]
    return [_rich(head, separator=True), *rest]


def _rich(inlines: list[dict[str, Any]], **more_of: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": inlines, **more_of}


def _run(text: str, **more_of: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **more_of}
