"""The handlers served by HTTP: healthy, guarded, and gone when asked to go."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from emulators import free_port, started
from nephoscope.adapters.https import request as ask

framework = pytest.importorskip("functions_framework")
MAIN = Path(__file__).parent.parent.parent / "functions" / "gcp" / "main.py"


@pytest.fixture
def client():
    """A client of the served drift handler."""
    return framework.create_app("drift_on_object", str(MAIN), "cloudevent").test_client()


def test_a_receiver_is_healthy(client):
    """GET /health is 200 while the process serves."""
    assert client.get("/health").status_code == 200


EVENT = b'{"specversion": "1.0", "id": "1", "source": "//x", "type": "t"'
BODIES = {
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "cut": b'{"specversion": "1.0"',
    "NaN": b'{"a": NaN}',
    "latin-1": b'{"a": "\xe9"}',
    "a number of 5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a text": b'"specversion"',
    "an event without a name": b'{"specversion": "1.0", "id": null, "source": "//x", "type": "t", "data": {}}',
    "an event whose data is a number": EVENT + b', "data_base64": 1}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("kind", ["application/json", "application/CloudEvents+JSON", "text/plain", None])
def test_a_hostile_body_is_a_4xx(client, body, kind):
    """Refused within 100 ms, before the framework reads it: never a 500, which would be retried."""
    started_at = time.perf_counter()
    assert client.post("/", data=body, content_type=kind).status_code == 400
    assert time.perf_counter() - started_at < 0.1


def test_a_binary_event_with_broken_data_is_a_4xx(client):
    """CloudEvents' binary mode: the headers are good, the data is no JSON."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "//x",
        "ce-type": "google.cloud.storage.object.v1.finalized",
    }
    assert client.post("/", data=b"{", headers=headers, content_type="application/json").status_code == 400


def test_eleven_megabytes_are_a_4xx(client):
    """Too large is said before it is read."""
    assert client.post("/", data=b"x" * 11_000_000, content_type="application/json").status_code == 413


def test_a_receiver_goes_when_it_is_asked_to(tmp_path):
    """SIGTERM ends it in good order, as Kubernetes and Cloud Run ask."""
    port = free_port()
    command = (sys.executable, "-m", "functions_framework", "--target", "drift_on_object", "--source", MAIN)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with started(*command, "--host", "127.0.0.1", "--port", port, port=port, env=env, log=tmp_path / "log") as process:
        assert ask(f"http://127.0.0.1:{port}/health").status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
