"""What is asked over the network: addresses that may be secrets, answers that are whole, connections that are kept."""

import base64
import logging
import os
import socket
import ssl
import time
from contextlib import suppress
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from emulators import Recorder
from fakes.doors import Door
from fakes.internet import certificate
from nephoscope.adapters import pooled
from nephoscope.adapters.channels.smtp import SmtpMailbox
from nephoscope.adapters.https import LARGEST_ANSWER_BYTES, request
from nephoscope.adapters.pooled import Connections, trust
from nephoscope.errors import Transient
from urllib3 import Timeout
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


def test_a_large_body_has_more_time_than_a_connection():
    """A connection opens in 3 s or not at all; a Profile of many columns over a slow line takes longer to be sent."""

    def answer(door):
        connection, _ = door.accept()
        with connection:
            time.sleep(1)
            left = 32 * 1024 * 1024
            while left > 0:
                left -= len(connection.recv(1024 * 1024))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=answer, args=(door,), daemon=True).start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}/"
        patience = Timeout(connect=0.2, read=20)
        asked = Connections(retries=False).request("PUT", url, body=bytes(32 * 1024 * 1024), timeout=patience)
    assert asked.status == 200


def test_a_frozen_functions_connection_is_not_trusted(door, monkeypatch):
    """The monotonic clock may stand still while a function is frozen; the wall's tells how long it was, or was set."""
    clock = SimpleNamespace(monotonic=lambda: 100.0, time=lambda: 1_000.0)
    monkeypatch.setattr(pooled, "time", clock)
    for path, now in (("/a", 1_000.0), ("/b", 1_029.0), ("/c", 1_060.0), ("/d", 500.0)):
        clock.time = lambda now=now: now
        request(f"{door.url}{path}")
    assert door.requests == [["GET /a", "GET /b"], ["GET /c"], ["GET /d"]]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_opens_connections_of_its_own(door):
    """Two processes on one connection would read each other's answers."""
    request(f"{door.url}/parent")
    child = os.fork()
    if not child:
        with suppress(BaseException):
            request(f"{door.url}/child")
        os._exit(0)
    os.waitpid(child, 0)
    request(f"{door.url}/parent")
    assert door.requests == [["GET /parent", "GET /parent"], ["GET /child"]]


def test_what_follows_a_hint_is_not_the_next_ones_answer():
    """A status below 200 is no answer, and the one that comes after it is nobody else's."""
    hinted = Event()

    def answer(door):
        with door.accept()[0] as first:
            first.recv(65_536)
            first.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            hinted.wait(5)
            with suppress(OSError):
                first.settimeout(1)
                first.recv(65_536)
                first.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        with door.accept()[0] as second:
            second.recv(65_536)
            second.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine")

    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=answer, args=(door,), daemon=True).start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}/"
        assert request(url).status == 103
        hinted.set()
        assert request(url).body == b"mine"


def test_a_header_is_told_once_in_whatever_case():
    """What a webhook's settings name replaces what stands for it otherwise, an address' password as well."""
    recorder = Recorder()
    url = recorder.url.replace("//", "//ops:word@")
    try:
        given = {"Content-Type": "application/json", "content-type": "text/x", "authorization": "Bearer mine"}
        request(url, method="POST", body=b"1", headers=given)
    finally:
        recorder.close()
    ((_, _, headers, _),) = recorder.requests
    told = [value for name, value in headers.items() if name.lower() in ("content-type", "authorization")]
    assert sorted(told) == ["Bearer mine", "text/x"]


def test_no_log_tells_an_address(caplog):
    """Neither an answer that is odd nor whoever logs everything writes a webhook's secret down."""
    caplog.set_level(logging.DEBUG)

    def answer(door):
        with door.accept()[0] as connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=answer, args=(door,), daemon=True).start()
        assert request(f"http://127.0.0.1:{door.getsockname()[1]}/SECRET").status == 200
    assert "SECRET" not in caplog.text


def test_a_failure_is_told_in_the_systems_words(monkeypatch):
    """No client's class names and tuples stand in the sentence, through a proxy neither."""

    def hang_up(door):
        door.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=hang_up, args=(door,), daemon=True).start()
        place = f"127.0.0.1:{door.getsockname()[1]}"
        with pytest.raises(Transient, match=r"does not answer: (Remote end closed|\[Errno \d+\]) [\w ]+\. To do"):
            request(f"http://{place}/")
    monkeypatch.setenv("https_proxy", f"http://{place}")
    with pytest.raises(Transient, match=r"does not answer: \[Errno \d+\] Connection refused\. To do"):
        request("https://proxied.example.invalid/")


def test_a_mail_server_is_not_offered_http():
    """Mail servers that mind ALPN, as nginx does, refuse who offers another protocol, whatever HTTPS did before."""
    hellos = []

    def hear(door):
        for _ in range(2):
            with door.accept()[0] as connection:
                hellos.append(connection.recv(65_536))

    with socket.create_server(("127.0.0.1", 0)) as door:
        heard = Thread(target=hear, args=(door,), daemon=True)
        heard.start()
        port = door.getsockname()[1]
        with pytest.raises(Transient):
            request(f"https://127.0.0.1:{port}/")
        with pytest.raises(OSError, match=r"."):
            SmtpMailbox("127.0.0.1", port, "a@example.org", ["b@example.org"], tls="tls")._connect()
        heard.join(5)
    assert [b"http/1.1" in hello for hello in hellos] == [True, False]


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
    monkeypatch.setenv("http_proxy", f"http://me:SECRET%40%E2%82%AC@{place}")
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
    assert base64.b64decode(headers["proxy-authorization"].removeprefix("Basic ")) == "me:SECRET@€".encode()
    assert asked.request("GET", f"{door.url}/b").status == 200
    with pytest.raises(Transient, match="The proxy that the environment names is no address") as told:
        asked.to("https://records.example.invalid/")
    assert "SECRET" not in f"{told.value} {told.value.__cause__}"
