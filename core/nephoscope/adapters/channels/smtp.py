"""
E-mail through an SMTP server: text and HTML, in one thread for each group.

Message-ID is the delivery's id, so that a retry is recognised; References is made from the group, since some relays (SES)
replace Message-ID, and threads firing and resolved together.
"""

from __future__ import annotations

import html
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from nephoscope.adapters.channels.text import body_lines, evidence, headline
from nephoscope.alerts.messages import Message
from nephoscope.errors import Permanent, Transient

TIMEOUT_SECONDS = 10
DOMAIN = "nephoscope.invalid"


@dataclass(frozen=True, slots=True)
class SmtpMailbox:
    """Mailboxes behind one SMTP server."""

    host: str
    port: int
    sender: str
    recipients: Sequence[str]
    username: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["none", "starttls", "tls"] = "starttls"

    def send(self, message: Message) -> None:
        """Send one Message to all recipients in one transaction."""
        try:
            with self._connect() as server:
                if self.username:
                    server.login(self.username, self.password)
                server.send_message(email(message, self.sender, self.recipients), self.sender, list(self.recipients))
        except smtplib.SMTPResponseException as error:
            raise _judged(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, text = max(error.recipients.values())
            raise _judged(code, text) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Transient(
                f"The mail server {self.host}:{self.port} did not answer: {type(error).__name__}."
            ) from error

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.tls == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        if self.tls == "starttls":
            server.starttls(context=context)
        return server


def email(message: Message, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """The Message as an e-mail; `EmailMessage` refuses line breaks in headers, and the titles hold none."""
    mail = EmailMessage()
    mail["Subject"] = headline(message)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id.replace('/', '.')}@{DOMAIN}>"
    mail["References"] = f"<group.{message.group}@{DOMAIN}>"
    mail["X-Nephoscope-Delivery"] = message.id
    mail["Auto-Submitted"] = "auto-generated"
    lines = body_lines(message)
    footer = [*evidence(message), f"delivery {message.id}", f"run {', '.join(message.correlation_ids)}"]
    mail.set_content("\n\n".join([headline(message), *lines, "\n".join(footer)]) + "\n")
    mail.add_alternative(_html(headline(message), lines, footer), subtype="html")
    return mail


def _html(title: str, lines: Sequence[str], footer: Sequence[str]) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    small = "<br>".join(html.escape(line) for line in footer)
    return f"<html><body><h2>{html.escape(title)}</h2><ul>{items}</ul><p><small>{small}</small></p></body></html>"


def _judged(code: int, text: bytes | str) -> Permanent | Transient:
    """By the reply's first digit: "4yz: Transient Negative Completion", "5yz: Permanent Negative Completion" (RFC 5321)."""
    said = f"The mail server answered {code} '{text.decode(errors='replace') if isinstance(text, bytes) else text}'."
    if 400 <= code < 500:
        return Transient(said)
    return Permanent(said, do="check the addresses, the sign-in and the server's rules")
