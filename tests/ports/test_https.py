"""An address that cannot be asked is said without telling it: it may be a Channel's secret."""

import socket
from threading import Thread

import pytest
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
