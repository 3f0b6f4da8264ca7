"""Google's roles hold exactly the permissions that the adapters' calls take, on a stand-in of Cloud Storage."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from fakes.aws_calls import AwsCalls
from nephoscope.events import ObjectRef

storage = pytest.importorskip("google.cloud.storage")

PERMISSIONS = Path(__file__).parents[2] / "deploy" / "gcp" / "permissions.tf"


def permissions(method, path, headers, body, status):
    """
    The permissions that one request to Cloud Storage takes; writing over an object takes deleting it.

    >>> permissions("POST", "/upload/storage/v1/b/x/o?uploadType=multipart&ifGenerationMatch=7", {}, b"", 200)
    [('storage.objects.create', 'x'), ('storage.objects.delete', 'x')]
    """
    parts = urlsplit(path)
    found = re.match(r"(?:/upload|/download)?/storage/v1/b/([^/]+)/o(?:/(.+))?$", parts.path)
    if found is None:
        return []
    if method == "POST":
        over = parse_qs(parts.query).get("ifGenerationMatch") != ["0"]
        names = ["create", *(["delete"] if over else [])]
    else:
        names = ["get" if found[2] else "list"]
    return [(f"storage.objects.{name}", found[1]) for name in names]


def granted(role):
    """The permissions of one of the module's roles."""
    written = re.search(rf"^    {role} +=(.*)$", PERMISSIONS.read_text(), re.MULTILINE)[1]
    return set(re.findall(r'"([\w.]+)"', written))


@pytest.fixture
def recorded(gcs, monkeypatch):
    """A client whose requests are recorded, a new bucket, and the record."""
    from google.auth.credentials import AnonymousCredentials

    bucket = f"b{uuid4().hex}"
    calls = AwsCalls(gcs, permissions)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    storage.Client(project="p", credentials=AnonymousCredentials()).create_bucket(bucket)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", calls.url)
    yield storage.Client(project="p", credentials=AnonymousCredentials()), bucket, calls
    calls.close()


def used(calls):
    """What was taken so far."""
    return {name for name, _ in calls.made}


def test_records_take_what_their_roles_hold(recorded):
    """Creating, reading, replacing and listing records: no permission is missing and none is unused."""
    from nephoscope.adapters.gcp.state import GcsState

    client, bucket, calls = recorded
    state = GcsState(client, bucket, "records")
    version = state.create("ledger/a.json", b"{}")
    state.get("ledger/a.json")
    state.get("ledger/missing.json")
    state.replace("ledger/a.json", version, b"[]")
    assert list(state.list("ledger/")) == ["ledger/a.json"]
    assert used(calls) == granted("record") | granted("list")


def test_landed_tables_take_reading_alone(recorded, tmp_path):
    """What lands is read, and nothing else is asked."""
    from nephoscope.adapters.gcp.objects import GcsObjects

    client, bucket, calls = recorded
    blob = client.bucket(bucket).blob("landed/a.parquet")
    blob.upload_from_string(b"rows")
    calls.made.clear()
    ref = ObjectRef("gcp", bucket, "landed/a.parquet", str(blob.generation))
    assert GcsObjects(client).fetch(ref, tmp_path / "a", most_bytes=100) == 4
    assert used(calls) == granted("read")
