"""Objects that are stored with `Content-Encoding: gzip`: their bytes come as they are stored, and a cut is seen."""

import gzip
from uuid import uuid4

import pytest
from emulators import AZURE_ACCOUNT, s3
from nephoscope.adapters.files.fetched import FetchedTables
from nephoscope.adapters.files.isolated import Caps, IsolatedTables
from nephoscope.adapters.files.limits import FUNCTION
from nephoscope.errors import Unreadable
from nephoscope.events import ObjectRef

MIB = 1024 * 1024
ROWS = 50_000
TABLE = gzip.compress(b"a\n" + b"".join(b"%d\n" % number for number in range(ROWS)), mtime=0)


@pytest.fixture(scope="module")
def reader():
    """What reads tables in a function."""
    tables = IsolatedTables(Caps(1024 * MIB, 60.0, limits=FUNCTION))
    yield tables
    tables.close()


@pytest.fixture(params=["aws", "azure", "gcp"])
def store(request, clouds):
    """A way to put an object with a content encoding, and the adapter that fetches it."""
    if request.param not in clouds:
        pytest.skip(f"not among --clouds: {request.param}")
    return STORES[request.param](request)


def _s3(request):
    boto3 = pytest.importorskip("boto3")
    from nephoscope.adapters.aws.objects import S3Objects

    moto, bucket = request.getfixturevalue("moto"), uuid4().hex
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("s3", endpoint_url=moto, region_name="us-east-1", **keys)
    client.create_bucket(Bucket=bucket)

    def put(key, body):
        put_there = client.put_object(Bucket=bucket, Key=key, Body=body, ContentEncoding="gzip")
        return ObjectRef("aws", bucket, key, put_there["ETag"])

    return put, S3Objects(s3(moto))


def _blobs(request):
    blob = pytest.importorskip("azure.storage.blob")
    from nephoscope.adapters.azure.objects import BlobObjects
    from nephoscope.adapters.azure.storage import connected

    connection = request.getfixturevalue("azurite")
    container = blob.BlobServiceClient.from_connection_string(connection).create_container(uuid4().hex)

    def put(key, body):
        packed = blob.ContentSettings(content_encoding="gzip")
        etag = container.get_blob_client(key).upload_blob(body, content_settings=packed)["etag"]
        return ObjectRef("azure", f"{AZURE_ACCOUNT}/{container.container_name}", key, etag)

    return put, BlobObjects(lambda _: connected(connection))


def _gcs(request):
    storage = pytest.importorskip("google.cloud.storage")
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.objects import GcsObjects
    from nephoscope.adapters.gcp.storage import Storage

    endpoint = request.getfixturevalue("gcs")
    client = storage.Client("mlops", AnonymousCredentials(), client_options={"api_endpoint": endpoint})
    bucket = client.create_bucket(uuid4().hex)

    def put(key, body):
        blob = bucket.blob(key)
        blob.content_encoding = "gzip"
        blob.upload_from_string(body)
        return ObjectRef("gcp", bucket.name, key, str(blob.generation))

    return put, GcsObjects(Storage(AnonymousCredentials(), endpoint))


STORES = {"aws": _s3, "azure": _blobs, "gcp": _gcs}


def test_a_packed_object_comes_as_it_is_stored(store, reader, tmp_path):
    """Its bytes are those that were put, and its table is read whole."""
    put, objects = store
    ref = put("t.csv", TABLE)
    assert objects.fetch(ref, tmp_path / "it", most_bytes=MIB) == len(TABLE)
    assert (tmp_path / "it").read_bytes() == TABLE
    assert FetchedTables(objects, reader).profile(ref).rows == ROWS


def test_a_packed_object_that_was_cut_off_is_unreadable(store, reader):
    """Half a table is never judged as a whole one."""
    put, objects = store
    with pytest.raises(Unreadable):
        FetchedTables(objects, reader).profile(put("t.csv", TABLE[: len(TABLE) // 2]))


def test_an_object_that_is_called_packed_and_is_not_is_read(store, reader):
    """What is stored counts, not what its header says."""
    put, objects = store
    assert FetchedTables(objects, reader).profile(put("t.csv", b"a\n1\n2\n")).rows == 2
