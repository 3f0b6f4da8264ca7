"""The HTTP entry points answer what functions/gcp/openapi.json says, whoever asks whatever: never a 5xx (C4)."""

import json
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from emulators import CACHE, cached
from nephoscope.adapters.https import request as ask

pytest.importorskip("functions_framework")
storage = pytest.importorskip("google.cloud.storage")

DOCUMENT = Path(__file__).parent.parent.parent / "functions" / "gcp" / "openapi.json"
EXAMPLES = 700  # each of three entry points: 2,100
DOORS = {
    "NEPHOSCOPE_PUSH_AUDIENCE": "https://notify.example/",
    "NEPHOSCOPE_PUSH_ACCOUNTS": "pusher@mlops.iam.gserviceaccount.com",
    "NEPHOSCOPE_PUSH_SUBSCRIPTIONS": "projects/mlops/subscriptions/reports",
    "NEPHOSCOPE_SNS_TOPICS": "arn:aws:sns:eu-central-1:123456789012:nephoscope",
}


@pytest.fixture
def receiver(gcs, recorder, mailbox, served, staged, configured, tmp_path):
    """A served entry point with everything that it needs; what `with` gives is its URL."""
    from google.auth.credentials import AnonymousCredentials

    name = f"r{uuid4().hex}"
    storage.Client("mlops", AnonymousCredentials(), client_options={"api_endpoint": gcs}).create_bucket(name)
    config = configured(
        hub="gcp",
        topic="pubsub:projects/mlops/topics/t",
        state=f"gs://{name}/hub",
        stores={"gcp": f"gs://{name}/records"},
        objects=f"gs://{name}/landed",
        mail_port=mailbox[0],
    )
    env = {"STORAGE_EMULATOR_HOST": gcs, "PUBSUB_EMULATOR_HOST": recorder.url.removeprefix("http://"), **DOORS}
    env |= {"NEPHOSCOPE_CONFIG": config, "ROOM_URL": "http://127.0.0.1:9/"}
    return lambda target: served(staged("gcp", "notify"), target, env, tmp_path / f"{target}.log")


def test_the_document_says_what_is_answered(receiver):
    """Its paths and statuses are those of a served entry point."""
    said = json.loads(DOCUMENT.read_text())["paths"]
    event = {"specversion": "1.0", "id": "1", "source": "//x", "type": "google.cloud.audit.log.v1.written", "data": {}}
    with receiver("security_on_event") as url:
        found = {
            "/health": {ask(f"{url}health").status},
            "/": {
                ask(url, method="POST", body=body, headers={"Content-Type": kind}).status
                for body, kind in (
                    (json.dumps(event).encode(), "application/cloudevents+json"),
                    (b"{", "application/cloudevents+json"),
                    (b"x" * 2_000_000, "application/json"),
                )
            },
        }
    assert found == {"/health": {200}, "/": {200, 400, 413}}
    for path, statuses in found.items():
        [operation] = said[path].values()
        assert statuses <= set(map(int, operation["responses"]))


@pytest.mark.slow
@pytest.mark.parametrize("target", ["security_on_event", "notify_on_push", "notify_on_post"])
def test_no_request_is_a_5xx(receiver, target, tmp_path):
    """Seven hundred requests made from the document, good and bad ones: each is answered, none as a fault of ours."""
    schemathesis = cached(CACHE / "schemathesis" / "bin" / "schemathesis")
    with receiver(target) as url:
        command = [schemathesis, "run", DOCUMENT, "--url", url.rstrip("/"), "--checks", "not_a_server_error"]
        asked = ["--mode", "all", "--max-examples", str(EXAMPLES), "--phases", "fuzzing", "--seed", "7", "--no-color"]
        done = subprocess.run(
            [str(part) for part in (*command, *asked)], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert ask(f"{url}health").status == 200
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    print(done.stdout[-600:])
