"""An address that cannot be asked is said without telling it: it may be a Channel's secret."""

import base64
import socket
from threading import Thread

import pytest
from emulators import Recorder
from nephoscope.adapters.https import request
from nephoscope.errors import Transient


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
