"""
A Message in Slack's Block Kit, within its limits: header 150 characters, section 3,000, about 13,000 in all.

Data stands in `plain_text`, which shows mentions, links and marks as they are written; only links of our own making
stand in `mrkdwn`.
"""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, SectionBlock
from slack_sdk.models.blocks.basic_components import MarkdownTextObject, PlainTextObject

from nephoscope.adapters.channels.text import footer, more
from nephoscope.alerts.messages import Item, Message

HEADER_MOST = 150
SECTION_MOST = 1_500
BODY_MOST = 11_000  # of the 13,200 at which a Message is refused with `msg_blocks_too_long`
MOST_ITEMS = 15
SIGNS = {"firing": "🔴", "unknown": "❔", "resolved": "✅", "moved": "↪️"}


def blocks(message: Message) -> list[Block]:
    """The Message as blocks: a headline, a section for each Alert that finds room, a line of small print."""
    shown: list[Block] = []
    used = 0
    for item in message.split(MOST_ITEMS)[0]:
        text = section(item)
        if used + len(text) > BODY_MOST:
            break
        used += len(text)
        shown.append(SectionBlock(text=_plain(text, SECTION_MOST)))
    left = len(message.items) - len(shown)
    notes = [*([more(message, left)] if left else []), *message.notes]
    return [
        HeaderBlock(text=_plain(message.headline, HEADER_MOST)),
        *shown,
        *(SectionBlock(text=_plain(note, SECTION_MOST)) for note in notes[:10]),
        ContextBlock(elements=[*_links(message), _plain(" · ".join(footer(message)), 300)]),
    ]


def section(item: Item) -> str:
    """One Alert in up to four lines."""
    where = f" on {item.where}" if item.where else ""
    shown = "   ".join(part for part in (f"{item.check} {item.measured}".strip(), item.chart) if part)
    first = f"{SIGNS.get(item.state, '')} {item.what}{where}, {item.when}".strip()
    return "\n".join(line for line in (first, item.reason, shown, item.advice and f"→ {item.advice}") if line)


def escaped(text: str) -> str:
    """
    Text for a place that Slack reads as markup: "the three characters &, < and >" become entities.

    >>> escaped("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _links(message: Message) -> list[MarkdownTextObject]:
    links = dict.fromkeys(item.evidence for item in message.items if item.evidence.startswith("https://"))
    told = " ".join(f"<{escaped(link)}|evidence>" for link in list(links)[:3] if "|" not in link)
    return [MarkdownTextObject(text=told, verbatim=True)] if told else []


def _plain(text: str, most: int) -> PlainTextObject:
    return PlainTextObject(text=text if len(text) <= most else text[: most - 1] + "…", emoji=False)
