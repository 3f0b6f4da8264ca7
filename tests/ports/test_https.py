"""What is asked over the network: addresses that may be secrets, answers that are whole, connections that are kept."""

import base64
import socket
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from emulators import Recorder
from fakes.internet import certificate
from nephoscope.adapters import pooled
from nephoscope.adapters.https import LARGEST_ANSWER_BYTES, request
from nephoscope.adapters.pooled import Connections, trust
from nephoscope.errors import Transient
from urllib3.exceptions import HTTPError


@pytest.mark.parametrize(
    "path", ["/services/T0/B0/SECRET more", "/w?sig=SECRET\nsecond", "/w?sig=SECRET\x00", "/SECRET/größe"]
)
def test_a_secret_that_is_no_address_is_not_told(path):
    """One that was pasted with a blank, a line break or a foreign letter fails by a sentence that has none of it."""
    with pytest.raises(Transient, match="letters that no address has") as told:
        request(f"https://hooks.example.invalid{path}")
    assert "SECRET" not in f"{told.value} {told.value.__cause__} {told.value.__context__}"


@pytest.mark.parametrize("place", ["ops:SECRET@:80", "hooks.example.invalid:SECRET", "SECRET@[::1", "a@b:SECRET"])
def test_a_secret_that_names_no_host_or_port_is_not_told(place):
    """Neither is a password that stands where a host or a port should."""
    with pytest.raises(Transient, match="names no host, or a port") as told:
        request(f"https://{place}/ping/1")
    assert "SECRET" not in f"{told.value} {told.value.__cause__}"


def test_a_user_and_a_password_in_an_address_are_told_to_its_host_alone():
    """As curl does it: `https://user:password@host/` asks the host with them; what is said of it has neither."""
    recorder = Recorder()
    place = recorder.url.removeprefix("http://")
    try:
        assert request(f"http://ops:p%40ss:w@{place}/ping?x=1").status == 200
    finally:
        recorder.close()
    ((_, path, headers, _),) = recorder.requests
    assert path == "/ping?x=1"
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"ops:p@ss:w"
    with pytest.raises(Transient, match=f"{place} does not answer") as told:
        request(f"http://ops:p%40ss:w@{place}/ping")
    assert "ss:w" not in str(told.value)


def test_an_answer_that_breaks_off_is_none():
    """Half a body with status 200 says nothing: what a token or a topic answered is read whole or not at all."""

    def answer(door):
        connection, _ = door.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nok")

    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=answer, args=(door,), daemon=True).start()
        with pytest.raises(Transient, match="does not answer"):
            request(f"http://127.0.0.1:{door.getsockname()[1]}/")


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


@pytest.fixture
def door():
    """One of them, in plain HTTP."""
    opened = Door()
    yield opened
    opened.close()


def test_a_connection_is_kept_for_the_next_request(door):
    """Opening one takes longer than most answers: two messages to a topic take one, also after a redirect."""
    for path in ("/a", "/elsewhere", "/b"):
        request(f"{door.url}{path}", method="POST", body=b"1")
    assert door.requests == [["POST /a", "POST /elsewhere", "POST /b"]]


def test_a_connection_that_rested_is_not_trusted(door, monkeypatch):
    """What a frozen function, or a NAT, forgot in the meantime would swallow a message for as long as the timeout."""
    request(f"{door.url}/a")
    monkeypatch.setattr(pooled, "IDLE_SECONDS", 0.0)
    request(f"{door.url}/b")
    assert door.requests == [["GET /a"], ["GET /b"]]


def test_what_is_left_of_an_answer_is_no_beginning_of_the_next(door):
    """More than is read of an answer ends its connection."""
    assert len(request(f"{door.url}/much").body) == LARGEST_ANSWER_BYTES
    assert request(f"{door.url}/b").body == b"xx"
    assert door.requests == [["GET /much"], ["GET /b"]]


def test_the_machines_certificates_are_read_once(tmp_path, monkeypatch):
    """They take longer than a request: 30 to 50 ms; each connection checks the host against them all the same."""
    file = tmp_path / "localhost.pem"
    file.write_bytes(certificate(["localhost"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    door, other = Door(context), Door(context)
    try:
        trust.cache_clear()
        with pytest.raises(Transient, match="CERTIFICATE_VERIFY_FAILED"):
            request(f"{door.url}/a")
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        trust.cache_clear()
        asked = Connections(retries=False)
        assert asked.request("GET", f"{door.url}/a").status == 200
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nobody.pem"))
        assert asked.request("GET", f"{other.url}/a").status == 200  # read again it would be nobody's
        with pytest.raises(HTTPError, match=r"not valid for '127\.0\.0\.1'|doesn't match '127\.0\.0\.1'"):
            asked.request("GET", other.url.replace("localhost", "127.0.0.1"))
    finally:
        trust.cache_clear()
        door.close()
        other.close()


def test_the_environments_proxy_is_asked_for_what_is_not_excepted(door, monkeypatch):
    """As curl and the clouds' own SDKs go; a proxy's password is its own, and one that is no address is not told."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    recorder = Recorder()
    place = recorder.url.removeprefix("http://")
    monkeypatch.setenv("http_proxy", f"http://me:SECRET%40@{place}")
    monkeypatch.setenv("https_proxy", "http://me:SECRET@[::1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    asked = Connections(retries=False)
    try:
        assert asked.request("GET", "http://hooks.example.invalid/a?b=1").status == 200
    finally:
        recorder.close()
    ((_, path, headers, _),) = recorder.requests
    assert path == "http://hooks.example.invalid/a?b=1"
    headers = {name.lower(): value for name, value in headers.items()}
    assert base64.b64decode(headers["proxy-authorization"].removeprefix("Basic ")) == b"me:SECRET@"
    assert asked.request("GET", f"{door.url}/b").status == 200
    with pytest.raises(Transient, match="The proxy that the environment names is no address") as told:
        asked.to("https://records.example.invalid/")
    assert "SECRET" not in f"{told.value} {told.value.__cause__}"
