"""What every Objects adapter promises: the content that an Event named, whole, or a sentence."""

import gzip
from uuid import uuid4

import pytest
from emulators import AZURE_ACCOUNT, s3
from nephoscope.adapters.files.fetched import FetchedTables
from nephoscope.adapters.files.isolated import Caps, IsolatedTables
from nephoscope.adapters.files.limits import FUNCTION
from nephoscope.errors import BadPayload, Transient, Unreadable
from nephoscope.events import ObjectRef

NAMES = ["a b.csv", "a+b.csv", "%2B%20%%%.png", "é/ü.csv", "😀.csv", "end ", "a?b#c&d", "e\u0301", "\u00e9"]


@pytest.fixture(params=["aws", "azure", "gcp"])
def store(request, clouds):
    """Ways to put an object, which tells its version, and to open the adapter."""
    if request.param not in clouds:
        pytest.skip(f"not among --clouds: {request.param}")
    return STORES[request.param](request)


def _s3(request):
    pytest.importorskip("boto3")
    from nephoscope.adapters.aws.objects import S3Objects

    bucket = uuid4().hex

    client = _client(request)
    client.create_bucket(Bucket=bucket)

    def put(key, body, **more):
        return ObjectRef("aws", bucket, key, client.put_object(Bucket=bucket, Key=key, Body=body, **more)["ETag"])

    put.packed = {"ContentEncoding": "gzip"}

    return put, S3Objects(s3(request.getfixturevalue("moto"))), lambda: S3Objects(s3("http://127.0.0.1:9"))


def _client(request):
    boto3 = pytest.importorskip("boto3")
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("s3", endpoint_url=request.getfixturevalue("moto"), region_name="us-east-1", **keys)


def _s3_versioned(request):
    put, objects, absent = _s3(request)
    client = _client(request)
    bucket = put("probe", b"").bucket
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def put_version(key, body):
        return ObjectRef("aws", bucket, key, client.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])

    return put_version, objects, absent


def _blobs(request):
    blob = pytest.importorskip("azure.storage.blob")
    from nephoscope.adapters.azure.objects import BlobObjects
    from nephoscope.adapters.azure.storage import Blobs, bearer, connected

    connection = request.getfixturevalue("azurite")
    service = blob.BlobServiceClient.from_connection_string(connection)
    container = service.create_container(uuid4().hex)

    def put(key, body, **more):
        etag = container.get_blob_client(key).upload_blob(body, overwrite=True, **more)["etag"]
        return ObjectRef("azure", f"{AZURE_ACCOUNT}/{container.container_name}", key, etag)

    put.packed = {"content_settings": blob.ContentSettings(content_encoding="gzip")}

    def absent(_):
        return Blobs(f"http://127.0.0.1:9/{AZURE_ACCOUNT}", bearer(lambda: "token"))

    return put, BlobObjects(lambda _: connected(connection)), lambda: BlobObjects(absent)


def _gcs(request):
    storage = pytest.importorskip("google.cloud.storage")
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.objects import GcsObjects
    from nephoscope.adapters.gcp.storage import Storage

    endpoint = request.getfixturevalue("gcs")
    client = storage.Client("mlops", AnonymousCredentials(), client_options={"api_endpoint": endpoint})
    bucket = client.create_bucket(uuid4().hex)

    def opened(endpoint):
        return GcsObjects(Storage(AnonymousCredentials(), endpoint))

    def put(key, body, content_encoding=None):
        blob = bucket.blob(key)
        blob.content_encoding = content_encoding
        blob.upload_from_string(body)
        return ObjectRef("gcp", bucket.name, key, str(blob.generation))

    put.packed = {"content_encoding": "gzip"}

    return put, opened(endpoint), lambda: opened("http://127.0.0.1:9")


STORES = {"aws": _s3, "azure": _blobs, "gcp": _gcs}
MIB = 1024 * 1024
ROWS = 50_000
TABLE = gzip.compress(b"a\n" + b"".join(b"%d\n" % number for number in range(ROWS)), mtime=0)


@pytest.mark.parametrize("key", NAMES, ids=ascii)
def test_an_object_is_fetched_by_its_own_name(store, key, tmp_path):
    """Whatever a name has in it, its bytes come, and those of no other."""
    put, objects, _ = store
    ref = put(key, key.encode())
    assert objects.fetch(ref, tmp_path / "it", most_bytes=MIB) == len(key.encode())
    assert (tmp_path / "it").read_bytes() == key.encode()


def test_twins_of_unicode_are_two_objects(store, tmp_path):
    """A composed and a decomposed é do not overwrite each other."""
    put, objects, _ = store
    for key in ("twin-e\u0301", "twin-\u00e9"):
        put(key, key.encode())
    ref = put("twin-e\u0301", b"again")
    objects.fetch(ref, tmp_path / "it", most_bytes=MIB)
    assert (tmp_path / "it").read_bytes() == b"again"


def test_a_content_that_was_replaced_is_not_read(store, tmp_path):
    """The Event's own content or none: the new one has an Event of its own."""
    put, objects, _ = store
    old = put("a.csv", b"old")
    put("a.csv", b"new")
    with pytest.raises(BadPayload, match="not there"):
        objects.fetch(old, tmp_path / "it", most_bytes=MIB)


def test_a_versioned_bucket_keeps_what_an_event_named(request, clouds, tmp_path):
    """With versioning the old content is still there, and read."""
    if "aws" not in clouds:
        pytest.skip("not among --clouds: aws")
    put, objects, _ = _s3_versioned(request)
    old = put("a.csv", b"old")
    put("a.csv", b"new")
    objects.fetch(old, tmp_path / "it", most_bytes=MIB)
    assert (tmp_path / "it").read_bytes() == b"old"


def test_a_missing_object_is_no_crash(store, tmp_path):
    """What was deleted meanwhile is told in a sentence and not tried again."""
    put, objects, _ = store
    ref = put("here.csv", b"x")
    gone = ObjectRef(ref.provider, ref.bucket, "gone.csv", ref.version)
    with pytest.raises(BadPayload, match=r"gone\.csv"):
        objects.fetch(gone, tmp_path / "it", most_bytes=MIB)


def test_an_object_of_which_no_version_was_named_is_not_there(store, tmp_path):
    """What a configuration or a manifest names is told of without a word on versions."""
    put, objects, _ = store
    ref = put("here.csv", b"x")
    gone = ObjectRef(ref.provider, ref.bucket, "gone.csv")
    with pytest.raises(BadPayload, match=rf"^'{gone.url}' is not there\. To do: "):
        objects.fetch(gone, tmp_path / "it", most_bytes=MIB)


def test_a_large_object_is_not_copied(store, tmp_path):
    """Its size is told and nothing is written."""
    put, objects, _ = store
    assert objects.fetch(put("large.csv", b"x" * 2_000), tmp_path / "it", most_bytes=1_999) == 2_000
    assert not (tmp_path / "it").exists()


@pytest.fixture(scope="module")
def reader():
    """What reads tables in a function."""
    tables = IsolatedTables(Caps(1024 * MIB, limits=FUNCTION))
    yield tables
    tables.close()


def test_a_packed_object_comes_as_it_is_stored(store, reader, tmp_path):
    """Its bytes are those that were put, and its table is read whole."""
    put, objects, _ = store
    ref = put("t.csv", TABLE, **put.packed)
    assert objects.fetch(ref, tmp_path / "it", most_bytes=MIB) == len(TABLE)
    assert (tmp_path / "it").read_bytes() == TABLE
    assert FetchedTables(objects, reader).profile(ref).rows == ROWS


def test_a_packed_object_that_was_cut_off_is_unreadable(store, reader):
    """Half a table is never judged as a whole one."""
    put, objects, _ = store
    with pytest.raises(Unreadable):
        FetchedTables(objects, reader).profile(put("t.csv", TABLE[: len(TABLE) // 2], **put.packed))


def test_an_object_that_is_called_packed_and_is_not_is_read(store, reader):
    """What is stored counts, not what its header says."""
    put, objects, _ = store
    assert FetchedTables(objects, reader).profile(put("t.csv", b"a\n1\n2\n", **put.packed)).rows == 2


@pytest.mark.slow
def test_a_store_that_does_not_answer_is_transient(store, tmp_path):
    """Nobody listens: the Event is delivered again."""
    put, _, absent = store
    with pytest.raises(Transient):
        absent().fetch(put("a.csv", b"x"), tmp_path / "it", most_bytes=MIB)
