"""
The demo's receivers, a process of their own: a mailbox and a webhook shaped like Slack's.

Each received Message becomes one line of `received.jsonl`. While a file named `hold` exists, the webhook has accepted
a post and has not answered: that is when the hub is killed.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import re
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

RECEIVED = "received.jsonl"
HOLD = "hold"
PORTS = "ports.json"
_DELIVERY = re.compile(r"delivery ([0-9a-f]+/\S+)")


class Received:
    """What arrived, one JSON line each, safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECEIVED
        self._lock = threading.Lock()

    def add(self, channel: str, title: str, text: str) -> None:
        """Write one line."""
        found = _DELIVERY.search(text)
        entry = {"channel": channel, "delivery": found.group(1) if found else None, "title": title}
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


class Mailbox:
    """The handler that aiosmtpd calls for each e-mail."""

    def __init__(self, received: Received) -> None:
        self._received = received

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept one e-mail."""
        if not isinstance(envelope.content, bytes):
            return "554 Transaction failed: no content"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        self._received.add("mail", str(mail["Subject"]), body.get_content() if body else "")
        return "250 Message accepted for delivery"


def webhook(folder: Path, received: Received) -> ThreadingHTTPServer:
    """A loopback server that answers as Slack's incoming webhooks do."""

    class Room(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            post: dict[str, Any] = json.loads(body)
            received.add("slack", post["text"], json.dumps(post["blocks"], ensure_ascii=False))
            while (folder / HOLD).exists():
                time.sleep(0.01)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Room)
    # The hub is killed while it waits for an answer: a broken pipe is what is meant to happen.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    return server


async def serve(folder: Path) -> None:
    """Serve until SIGTERM; the ports stand in `ports.json` once both listen."""
    received = Received(folder)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    room = webhook(folder, received)
    threading.Thread(target=room.serve_forever, daemon=True).start()
    mailbox = await loop.create_server(lambda: SMTP(Mailbox(received)), "127.0.0.1", 0)
    ports = {"slack": room.server_address[1], "mail": mailbox.sockets[0].getsockname()[1]}
    draft = folder / f"{PORTS}.draft"
    draft.write_text(json.dumps(ports), encoding="ascii")
    draft.replace(folder / PORTS)
    await stop.wait()
    mailbox.close()
    room.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
