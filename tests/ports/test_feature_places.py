"""Where views' files lie, in each cloud: found as one file, as a folder, as the object that landed; read unmixed."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emulators import AWS_ENVIRONMENT, AZURE_ACCOUNT
from nephoscope.adapters.files import feature_places
from nephoscope.adapters.files.feature_tables import FeatureFiles
from nephoscope.errors import Transient
from nephoscope.events import ObjectRef
from nephoscope.features.plan import Window
from nephoscope.features.view import Source, View

KEYS = ("users.parquet", "clicks/part-0.parquet", "clicks/day=2/part-1.parquet", "clicks/_SUCCESS")
Put = Callable[[str, bytes], None]
Store = tuple[str, str, str, Put]  # the cloud, the bucket as an Event names it, the place as a URL, and what puts


@pytest.fixture
def aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A bucket of S3."""
    boto3 = pytest.importorskip("boto3")
    endpoint, bucket = request.getfixturevalue("moto"), uuid4().hex
    for name, value in {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return "aws", bucket, f"s3://{bucket}", lambda key, body: s3.put_object(Bucket=bucket, Key=key, Body=body)


@pytest.fixture
def azure(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A container of Blob Storage."""
    blob = pytest.importorskip("azure.storage.blob")
    connection, container = request.getfixturevalue("azurite"), uuid4().hex
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
    made = blob.BlobServiceClient.from_connection_string(connection).create_container(container)
    place = f"{AZURE_ACCOUNT}/{container}"
    return "azure", place, f"az://{place}", lambda key, body: made.upload_blob(key, body, overwrite=True)


@pytest.fixture
def gcp(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A bucket of Cloud Storage."""
    storage = pytest.importorskip("google.cloud.storage")
    credentials = pytest.importorskip("google.auth.credentials")
    endpoint, bucket = request.getfixturevalue("gcs"), uuid4().hex
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", endpoint)
    made = storage.Client(project="p", credentials=credentials.AnonymousCredentials()).create_bucket(bucket)
    return "gcp", bucket, f"gs://{bucket}", lambda key, body: made.blob(key).upload_from_string(body)


@pytest.fixture
def local(tmp_path: Path) -> Store:
    """A folder of this machine."""

    def put(key: str, body: bytes) -> None:
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".new").write_bytes(body)
        path.with_suffix(".new").replace(path)

    return "local", str(tmp_path), str(tmp_path), put


@pytest.fixture(params=["aws", "azure", "gcp"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each cloud's, with files in it."""
    found: Store = request.getfixturevalue(request.param)
    out = io.BytesIO()
    pq.write_table(pa.table({"user_id": [1, 2]}), out)
    for key in KEYS:
        found[3](key, out.getvalue())
    return found


def view(uri: str) -> View:
    """A view that is computed there."""
    return View("users", {"user_id": 4}, {}, Source(uri, "", "at"))


def place_of(*about: Any, **more: Any) -> feature_places.Place:
    """Find a place; Azure's accounts are the one of the environment."""

    def files(account: str) -> Any:
        from nephoscope.adapters.azure.arrow import file_system
        from nephoscope.wiring.azure import Azure

        return file_system(Azure().account(account))

    return feature_places.place_of(*about, files, **more)


def names(found: Any, landed: ObjectRef | None = None) -> list[str]:
    """The files, read to their end, by what follows the bucket."""
    files = found.files(landed)
    assert [pq.read_table(name, filesystem=found.filesystem).num_rows for name in files] == [2] * len(files)
    return [name.partition(".parquet")[0].rpartition("/")[2] for name in files]


def test_a_place_is_one_file_or_a_folder_of_them(store: Store) -> None:
    """A view's rows come from its file, or from every Parquet file below its folder; in each cloud alike."""
    _, _, url, _ = store
    assert names(place_of(view(f"{url}/users.parquet"), Path())) == ["users"]
    assert sorted(names(place_of(view(f"{url}/clicks"), Path()))) == ["part-0", "part-1"]
    with pytest.raises(FileNotFoundError):
        place_of(view(f"{url}/nothing"), Path()).files()


def test_what_landed_is_read_alone(store: Store) -> None:
    """An Event that names an object of the folder has that file read, and not its neighbours."""
    cloud, bucket, url, _ = store
    place = place_of(view("users.parquet"), Path(), override=f"{url}/clicks/")
    assert names(place, ObjectRef(cloud, bucket, "clicks/day=2/part-1.parquet", "")) == ["part-1"]


@pytest.mark.parametrize(
    "uri", ["abfss://landing@acme.dfs.core.windows.net/users.parquet", "az://acme/landing/users.parquet"]
)
def test_azure_has_one_spelling(uri: str) -> None:
    """Feast's and Spark's way to spell a place in Azure is known by the Events of that place."""
    place = place_of(view(uri), Path())
    assert (place.url, place.path) == ("az://acme/landing/users.parquet", "landing/users.parquet")


@pytest.mark.parametrize("where", ["aws", "azure", "gcp", "local"])
def test_two_versions_of_a_file_are_never_mixed(where: str, request: pytest.FixtureRequest) -> None:
    """Of a file that is written anew between choosing its rows and taking them no row is taken."""
    _, _, url, put = request.getfixturevalue(where)
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    put("users.parquet", users([(1, noon), (2, noon), (1, noon - timedelta(hours=1))]))
    source = View("users", {"user_id": 4}, {"user_id": 4}, Source(f"{url}/users.parquet", "", "at"))
    place = place_of(source, Path())
    reading = FeatureFiles(lambda _: place, batch_rows=1).read(source, Window(noon - timedelta(days=1), noon))
    assert reading.counted.read == 3
    put("users.parquet", users([(1, noon - timedelta(hours=2)), (1, noon - timedelta(hours=3)), (1, noon), (2, noon)]))
    with pytest.raises(Transient):
        next(reading.batches)


def users(rows: list[tuple[int, datetime]]) -> bytes:
    """A file of users, each with its time."""
    out = io.BytesIO()
    pq.write_table(pa.table({"user_id": [user for user, _ in rows], "at": [at for _, at in rows]}), out)
    return out.getvalue()
