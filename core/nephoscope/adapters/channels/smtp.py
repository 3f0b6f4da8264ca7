"""E-mail through an SMTP server."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from nephoscope.adapters.channels.mail import email
from nephoscope.alerts.messages import Message
from nephoscope.errors import Permanent, Transient

TIMEOUT_SECONDS = 10


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

    def send(self, message: Message) -> str:
        """Send one Message to all recipients in one transaction."""
        try:
            server = self._connect()
            try:
                if self.username:
                    server.login(self.username, self.password)
                mail = email(message, self.sender, self.recipients)
                refused = server.send_message(mail, self.sender, list(self.recipients))
                with suppress(smtplib.SMTPException, OSError):  # it took the mail, whatever it says to a goodbye
                    server.quit()
            finally:
                server.close()
        except UnicodeError as error:
            raise Permanent(
                f"The mail server {self.host}:{self.port} takes no letters outside ASCII in a sign-in or an address.",
                do="correct the channel's secret or addresses",
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Permanent(
                f"The mail server {self.host}:{self.port} cannot do this: {error}.", do="change the channel's settings"
            ) from error
        except smtplib.SMTPResponseException as error:
            raise _judged(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise _judged(*max(error.recipients.values())) from error
        except (smtplib.SMTPException, OSError) as error:
            what = f"The mail server {self.host}:{self.port} did not answer: {type(error).__name__}."
            raise Transient(what) from error
        if refused:  # the others have it: not sent again, but told elsewhere that somebody was left out
            said = f"The mail server refused {len(refused)} of {len(self.recipients)} recipients."
            raise Permanent(said, do="correct the channel's recipients")
        return ""

    def _connect(self) -> smtplib.SMTP:
        name = socket.gethostname()  # the default asks a name server, which may take seconds
        if self.tls == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, local_hostname=name, timeout=TIMEOUT_SECONDS, context=_trust()
            )
        server = smtplib.SMTP(self.host, self.port, local_hostname=name, timeout=TIMEOUT_SECONDS)
        if self.tls == "starttls":
            server.starttls(context=_trust())
        return server


@cache
def _trust() -> ssl.SSLContext:
    """The machine's certificates; not HTTPS' context, which offers HTTP to whom it asks: a mail server may refuse."""
    return ssl.create_default_context()


def _judged(code: int, text: bytes | str) -> Permanent | Transient:
    """RFC 5321, 4.2.1: "4yz Transient Negative Completion reply", "5yz Permanent Negative Completion reply"."""
    said = f"The mail server answered {code} '{text.decode(errors='replace') if isinstance(text, bytes) else text}'."
    if 400 <= code < 500:
        return Transient(said)
    return Permanent(said, do="check the addresses, the sign-in and the server's rules")
