"""
A loopback HTTP server that answers as a service does, or as a script says: once an entry, then the service again.

Entries: `Answer(status, headers, body)`; HANG (no answer); RESET (the connection breaks after the request was read);
CUT (a body shorter than its Content-Length).
"""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG, RESET, CUT = "hang", "reset", "cut"
HANG_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Service = Callable[[str, bytes], Answer]


@dataclass
class ScriptedHttp:
    """What the server did and will do."""

    service: Service
    script: deque[Answer | str] = field(default_factory=deque)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)  # who asked, by the header Authorization
    latency_seconds: float = 0.0
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(service: Service) -> Iterator[ScriptedHttp]:
    """Serve on a free port until the block ends."""
    scripted = ScriptedHttp(service)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            # AWS names the operation in a header, everybody else in the path.
            path = self.headers.get("X-Amz-Target", self.path)
            scripted.requests.append((path, body))
            scripted.signed.append(self.headers.get("Authorization", ""))
            time.sleep(scripted.latency_seconds)
            step = scripted.script.popleft() if scripted.script else scripted.service(path, body)
            if step == HANG:
                scripted.closing.wait(HANG_SECONDS)
            if step in (HANG, RESET):
                self._reset()
                return
            answer = scripted.service(path, body) if step == CUT else step
            self._send(answer, cut=step == CUT)

        def do_GET(self) -> None:
            self.do_POST()

        def do_PUT(self) -> None:
            self.do_POST()

        def _send(self, answer: Answer, *, cut: bool) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
            if cut:
                self.wfile.flush()
                self._reset()

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield scripted
    finally:
        scripted.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
