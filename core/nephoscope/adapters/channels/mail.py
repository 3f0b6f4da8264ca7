"""
A Message as an e-mail: text and HTML, small charts, and all of it as JSON where the text had no room for everything.

Message-ID is the delivery's id, so that a retry is recognised. References and In-Reply-To are made from the group, and
thread firing and resolved together even behind a relay that puts its own Message-ID (Amazon SES does).
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from nephoscope.adapters.channels.chart import png
from nephoscope.adapters.channels.text import MOST_ITEMS, lines, more
from nephoscope.alerts.life import Alert
from nephoscope.alerts.messages import Item, Message

DOMAIN = "nephoscope.invalid"
MOST_CHARTS = 3
_COLORS = {"firing": "#b3261e", "unknown": "#8a6d00", "resolved": "#1b6e3c", "moved": "#1f5d99"}


def email(message: Message, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """The Message as an e-mail; `EmailMessage` refuses line breaks in headers, and the titles hold none."""
    mail = EmailMessage()
    mail["Subject"] = message.headline
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id.replace('/', '.')}@{DOMAIN}>"
    mail["References"] = mail["In-Reply-To"] = f"<group.{message.group}@{DOMAIN}>"
    mail["X-Nephoscope-Delivery"] = message.id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join([message.headline, "", *lines(message)]) + "\n")
    _add_html(mail, message)
    if len(message.items) > MOST_ITEMS:
        everything = msgspec.json.format(msgspec.json.encode([item.alert for item in message.items]))
        mail.add_attachment(everything, maintype="application", subtype="json", filename="alerts.json")
    return mail


def _add_html(mail: EmailMessage, message: Message) -> None:
    items, left = message.split(MOST_ITEMS)
    charted = [item for item in items if len(item.values) > 1][:MOST_CHARTS]
    names = {id(item): f"chart{number}.{message.id.replace('/', '.')}@{DOMAIN}" for number, item in enumerate(charted)}
    rows = "".join(_row(item, names.get(id(item), "")) for item in items)
    notes = [*([more(message, left)] if left else []), *message.notes]
    small = [f"delivery {message.id}", *(f"run {run}" for run in message.correlation_ids[:3])]
    mail.add_alternative(
        "<html><body style='font-family:sans-serif'>"
        f"<h2>{html.escape(message.headline)}</h2>{rows}{''.join(f'<p>{html.escape(note)}</p>' for note in notes)}"
        f"<p><small>{'<br>'.join(html.escape(line) for line in small)}</small></p></body></html>",
        subtype="html",
    )
    part = mail.get_payload()[-1]  # type: ignore[index]  # the alternative that was added
    for item in charted:
        part.add_related(  # type: ignore[union-attr]
            png(item.values, _limits(item.alert)), maintype="image", subtype="png", cid=f"<{names[id(item)]}>"
        )


def _row(item: Item, chart: str) -> str:
    where = f" on {item.where}" if item.where else ""
    rest = [item.reason, f"{item.check}: {item.measured}" if item.measured else item.check, item.advice]
    image = f"<br><img src='cid:{html.escape(chart, quote=True)}' alt='{html.escape(item.chart)}'>" if chart else ""
    link = html.escape(item.evidence, quote=True)
    evidence = (
        f"<br><a href='{link}'>evidence</a>" if item.evidence.startswith("https://") else (link and f"<br>{link}")
    )
    return (
        f"<p><b style='color:{_COLORS.get(item.state, '#000')}'>{html.escape(item.state)}</b> "
        f"<b>{html.escape(item.what)}</b>{html.escape(where)}, {html.escape(item.when)}<br>"
        f"{'<br>'.join(html.escape(line) for line in rest if line)}{image}{evidence}</p>"
    )


def _limits(alert: Alert) -> list[float]:
    bounds = (alert.limit.low, alert.limit.high) if alert.limit else ()
    return [float(bound) for bound in bounds if bound is not None]
