"""Every job of Google's deployment, driven on stand-ins of all that it calls: rights are what its calls take."""

import base64
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import bills, cloud_monitoring
from fakes.driven import called, delays, verdicts
from fakes.google_grants import Grants, permissions
from fakes.google_grants import called as rpc
from fakes.internet import Internet, host_of
from fakes.recorded_calls import RecordedCalls, recorded

storage = pytest.importorskip("google.cloud.storage")
pytest.importorskip("functions_framework")

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "deploy" / "tests" / "configs" / "whole_gcp.yaml"
BUCKETS = ("acme-nephoscope-hub", "acme-nephoscope-gcp", "acme-training")
TOPIC = "projects/acme-ml/topics/nephoscope"

pytestmark = pytest.mark.slow  # nine processes of the handler, and Terraform's values


@pytest.fixture(scope="module")
def grants(initialised):
    """What the whole deployment in Google Cloud gives."""
    return Grants(initialised(".").made(".", "whole_gcp.tftest.hcl")["everything"])


def metadata(_method, path, _headers, _body):
    """The metadata server: who the function is, and its tokens; to all else an answer without a body."""
    told = b""
    if "/token" in path:
        told = json.dumps({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}).encode()
    elif "service-accounts" in path:
        told = json.dumps({"email": "job@acme-ml.iam.gserviceaccount.com", "scopes": [], "aliases": []}).encode()
    kind = "application/json" if told else "text/plain"
    return 200, {"Metadata-Flavor": "Google", "Content-Type": kind}, told


@pytest.fixture
def monitoring():
    """Cloud Monitoring, where a model is wrong too often, and another metric was never written."""
    kind, now = "custom.googleapis.com/mlops/models/accuracy", datetime.now(UTC)
    with cloud_monitoring.cloud_monitoring() as service:
        for minutes in range(240, 0, -5):
            at = now - timedelta(minutes=minutes)
            service.samples.write("", kind, {"model_name": "fraud_detection_v2"}, at, 0.5)
        yield service


def on_the_internet(room, published):
    """What stands for Pub/Sub, BigQuery, Recommender and Secret Manager; what is published is kept."""

    def pubsub(_path, body):
        published.append(body)
        return bills.document({"messageIds": ["1"]})

    secret = {"payload": {"data": base64.b64encode(f"{room}/services/x".encode()).decode()}}
    return {
        "pubsub.googleapis.com": host_of(pubsub),
        "bigquery.googleapis.com": host_of(bills.BigQuery()),
        # google.auth asks whether there is a boundary of regions.
        "iamcredentials.googleapis.com": host_of(lambda _path, _body: bills.document({}, 404)),
        "recommender.googleapis.com": host_of(lambda _path, _body: bills.document({})),
        "secretmanager.googleapis.com": host_of(lambda _path, _body: bills.document(secret)),
    }


@pytest.fixture
def invoke(gcs, recorder, monitoring, monkeypatch, tmp_path):
    """Call an entry point in a process of its own; what it asked of Google is the answer."""
    from google.auth.credentials import AnonymousCredentials
    from nephoscope import settings

    recorder.answer = metadata
    stored, asked, published = RecordedCalls(gcs, permissions), [], []
    hosts = on_the_internet(recorder.url, published)
    hosts = {name: recorded(host, asked, permissions) for name, host in hosts.items()}
    internet = Internet(hosts | {"monitoring.googleapis.com": monitoring.address}, tmp_path)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    client = storage.Client(project="p", credentials=AnonymousCredentials())
    for name in BUCKETS:
        if not client.bucket(name).exists():
            client.create_bucket(name)
    shutil.copy(ROOT / "functions" / "gcp" / "main.py", tmp_path)
    (tmp_path / "nephoscope.json").write_bytes(settings.stage(CONFIG))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GOOGLE_")} | internet.env
    environment |= {
        "STORAGE_EMULATOR_HOST": stored.url,
        "PYTHONPATH": str(ROOT / "core"),
        "NEPHOSCOPE_CONFIG": "nephoscope.json",
        **dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_IP"), recorder.url.removeprefix("http://")),
    }

    def call(entry_point, attributes, data, outcome="done"):
        before = [len(made) for made in (stored.made, asked, monitoring.requests)]
        program = (
            "import json, sys, main; from cloudevents.http import CloudEvent; "
            f"main.{entry_point}(CloudEvent(*json.load(sys.stdin)))"
        )
        called(program, [attributes, data], tmp_path, environment, outcome)
        made = (stored.made, asked, [rpc(request) for request in monitoring.requests])
        return [pair for calls, told in zip(made, before, strict=True) for pair in calls[told:]]

    def forget_that_it_was_told():
        """Take away the marks of today, as if each function had died before it set its own."""
        for blob in client.list_blobs("acme-nephoscope-gcp", prefix=f"ledger/{datetime.now(UTC):%Y-%m-%d}"):
            if blob.name.endswith(".published"):
                blob.delete()

    call.forget_that_it_was_told = forget_that_it_was_told
    call.client = client
    call.published = lambda: list(published)
    yield call
    internet.close()
    stored.close()
    assert internet.refused == []


ABOUT = {"specversion": "1.0", "id": "1", "source": "//pubsub.googleapis.com/projects/acme-ml/topics/t"}


def message(body=b"{}", *, ago=timedelta(0)):
    """A CloudEvent of a Pub/Sub message, as Eventarc hands it over."""
    now = (datetime.now(UTC) - ago).isoformat()
    told = {"data": base64.b64encode(body).decode(), "messageId": "1", "publishTime": now, "attributes": {}}
    about = ABOUT | {"type": "google.cloud.pubsub.topic.v1.messagePublished", "time": now}
    return about, {"message": told, "subscription": "projects/acme-ml/subscriptions/s"}


def landed(client):
    """A table of departure delays lands; how Eventarc tells of it."""
    blob = client.bucket("acme-training").blob("flights/2013-01.parquet")
    blob.upload_from_string(delays())
    now = datetime.now(UTC).isoformat()
    about = {
        "specversion": "1.0",
        "id": "2",
        "type": "google.cloud.storage.object.v1.finalized",
        "source": "//storage.googleapis.com/projects/_/buckets/acme-training",
        "subject": "objects/flights/2013-01.parquet",
        "time": now,
    }
    facts = {"bucket": "acme-training", "name": "flights/2013-01.parquet", "generation": str(blob.generation)}
    return about, facts | {"size": str(blob.size), "timeCreated": now, "updated": now, "metageneration": "1"}


REFUSED = {
    "logName": "projects/acme-ml/logs/cloudaudit.googleapis.com%2Fdata_access",
    "insertId": "e1",
    "timestamp": "2026-11-24T06:30:00Z",
    "protoPayload": {
        "serviceName": "storage.googleapis.com",
        "methodName": "storage.objects.get",
        "resourceName": "projects/_/buckets/models/objects/fraud.pkl",
        "authenticationInfo": {"principalEmail": "mallory@example.org"},
        "status": {"code": 7, "message": "PERMISSION_DENIED"},
    },
}


def report(published):
    """The Report in a request that publishes it."""
    return base64.b64decode(json.loads(published)["messages"][0]["data"])


def test_a_job_may_do_what_it_does_and_nothing_else(grants, invoke):
    """For every job: no call without a right, and no right that no call takes."""
    taken = {"drift": invoke("drift_on_object", *landed(invoke.client))}
    gone = landed(invoke.client)
    invoke.client.bucket("acme-training").blob("flights/2013-01.parquet").delete()  # before it is read
    taken["drift"] += invoke("drift_on_object", *gone, "refused")
    for job in ("monitoring", "cost", "drift"):
        taken[job] = taken.get(job, []) + invoke(f"{job}_on_timer", *message())
    first, second = (invoke("monitoring_on_timer", *message(ago=timedelta(minutes=ago))) for ago in (10, 5))
    taken["monitoring"] += first + second
    taken["security"] = invoke("security_on_event", *message(json.dumps(REFUSED).encode()))
    taken["notify"] = []
    for published in invoke.published():
        taken["notify"] += invoke("notify_on_message", *message(report(published)))
    invoke.forget_that_it_was_told()
    taken["sweep"] = invoke("sweep_on_timer", *message())
    taken["rollup"] = invoke("rollup_on_timer", *message())

    assert verdicts(map(report, invoke.published())) >= {
        ("drift.ks", "flights/dep_delay", "ok"),
        ("monitoring.limit", "fraud_detection_v2/accuracy", "breach"),
        ("cost.bill", "gcp", "ok"),
        ("cost.total", "all", "ok"),
    }
    missing = {job: sorted({call for call in calls if not grants.allow(job, *call)}) for job, calls in taken.items()}
    assert {job: refused for job, refused in missing.items() if refused} == {}
    unused = {
        job: sorted({name for name, _ in grants.of[job]} - {name for name, _ in calls}) for job, calls in taken.items()
    }
    assert {job: names for job, names in unused.items() if names} == {}
