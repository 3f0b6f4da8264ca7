"""An HTTP service that keeps connections, as real ones do."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from nephoscope.adapters.https import LARGEST_ANSWER_BYTES


class Door:
    """A service that keeps connections; it counts them, and what came over each."""

    def __init__(self, tls=None):
        self.requests = []  # of each connection
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def setup(self):
                super().setup()
                door.requests.append([])
                self.asked = door.requests[-1]

            def _answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.asked.append(f"{self.command} {self.path}")
                status, headers, body = door.answer(self.path)
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer  # noqa: N815 - the names that http.server asks for

            def log_message(self, *_):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        name = "https://localhost" if tls else "http://127.0.0.1"
        self.url = f"{name}:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, path):
        """A redirect for who asks for one, more than is read for who asks for much; else little."""
        if path == "/elsewhere":
            return 302, {"Location": f"{self.url}/secret"}, b""
        return 200, {}, b"x" * (LARGEST_ANSWER_BYTES + 7 if path == "/much" else 2)

    def close(self):
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
