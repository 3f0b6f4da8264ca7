"""
Slack by an incoming webhook, in Block Kit.

Only `&`, `<` and `>` need escaping by Slack's rules; data stands in `plain_text` blocks all the same, which show mentions and
links as they are written. An answer of "ok" is a delivery; 429 names its wait; other 4xx answers will not get better.
"""

from __future__ import annotations

from http.client import HTTPException
from urllib.error import URLError

from slack_sdk.models.blocks import ContextBlock, DividerBlock, HeaderBlock, SectionBlock
from slack_sdk.models.blocks.basic_components import PlainTextObject
from slack_sdk.webhook import WebhookClient

from nephoscope.adapters.channels.text import body_lines, evidence, headline
from nephoscope.alerts.messages import Message
from nephoscope.errors import Permanent, Transient

TIMEOUT_SECONDS = 10
HEADER_MOST = 150
SECTION_MOST = 1_000
RETRYABLE = frozenset({408, 429, *range(500, 600)})


class SlackWebhook:
    """One Slack room, by its incoming webhook's URL, which is a secret."""

    def __init__(self, url: str) -> None:
        self._client = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=[])

    def send(self, message: Message) -> None:
        """Post one Message."""
        try:
            answer = self._client.send(text=headline(message), blocks=blocks(message), unfurl_links=False)
        except (URLError, OSError, HTTPException) as error:
            raise Transient(f"Slack did not answer: {type(error).__name__}.") from error
        if answer.status_code == 200 and answer.body == "ok":
            return
        said = f"Slack answered {answer.status_code} '{answer.body[:80]}'."
        if answer.status_code in RETRYABLE or answer.status_code == 200:
            raise Transient(said, retry_after_seconds=_wait(answer.headers))
        raise Permanent(said, do="check that the webhook exists and may post to its channel")


def blocks(message: Message) -> list[HeaderBlock | SectionBlock | ContextBlock | DividerBlock]:
    """The Message in Block Kit, within Slack's limits: header 150, section 3,000, about 13,000 characters in all."""
    footer = f"delivery {message.id} · run {', '.join(message.correlation_ids[:3])}"
    return [
        HeaderBlock(text=_plain(headline(message), HEADER_MOST)),
        *(SectionBlock(text=_plain(line, SECTION_MOST)) for line in body_lines(message)),
        ContextBlock(elements=[_plain(text, 300) for text in (*evidence(message)[:3], footer)]),
    ]


def _plain(text: str, most: int) -> PlainTextObject:
    return PlainTextObject(text=text if len(text) <= most else text[: most - 1] + "…", emoji=False)


def _wait(headers: dict[str, object]) -> float | None:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            text = value[0] if isinstance(value, list) and value else value
            try:
                return float(str(text))
            except ValueError:
                return None
    return None
