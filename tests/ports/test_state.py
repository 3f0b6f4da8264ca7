"""What every State adapter promises: the suite that each one, local or in a cloud, has to pass."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from emulators import s3
from nephoscope import records
from nephoscope.adapters.local.state import SqliteState
from nephoscope.errors import NephoscopeError
from nephoscope.ports import Lost, State, Version

Open = Callable[[], State]  # another client of the same store, as another process would open it


@pytest.fixture(params=["local", "aws", "azure", "gcp"])
def open_state(request: pytest.FixtureRequest, clouds: tuple[str, ...], tmp_path: Path) -> Open:
    """A store, empty, that a test may open as often as it likes."""
    if request.param not in clouds:
        pytest.skip(f"not among --clouds: {request.param}")
    return STORES[request.param](request, tmp_path)


def _sqlite(_: pytest.FixtureRequest, folder: Path) -> Open:
    return lambda: SqliteState(folder / "state.db")


def _s3(request: pytest.FixtureRequest, _: Path) -> Open:
    boto3 = pytest.importorskip("boto3")
    from nephoscope.adapters.aws.state import S3State

    endpoint = request.getfixturevalue("moto")
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    bucket = f"state-{uuid4().hex}"
    boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket=bucket)
    return lambda: S3State(s3(endpoint), bucket, "/hub/")


def _blobs(request: pytest.FixtureRequest, _: Path) -> Open:
    blob = pytest.importorskip("azure.storage.blob")
    from nephoscope.adapters.azure.state import BlobState
    from nephoscope.adapters.azure.storage import connected

    connection = request.getfixturevalue("azurite")
    name = f"state-{uuid4().hex}"
    blob.BlobServiceClient.from_connection_string(connection).create_container(name)
    return lambda: BlobState(connected(connection), name, "hub")


def _gcs(request: pytest.FixtureRequest, _: Path) -> Open:
    storage = pytest.importorskip("google.cloud.storage")
    from google.auth.credentials import AnonymousCredentials
    from nephoscope.adapters.gcp.state import GcsState
    from nephoscope.adapters.gcp.storage import Storage

    options = {"api_endpoint": request.getfixturevalue("gcs")}

    def client() -> Any:
        return storage.Client("mlops", AnonymousCredentials(), client_options=options)

    name = f"state-{uuid4().hex}"
    client().create_bucket(name)
    return lambda: GcsState(Storage(AnonymousCredentials(), options["api_endpoint"]), name, "hub")


STORES = {"local": _sqlite, "aws": _s3, "azure": _blobs, "gcp": _gcs}


@pytest.fixture
def state(open_state: Open) -> State:
    """One client of it."""
    return open_state()


def test_a_record_is_read_back_as_it_was_written(state: State) -> None:
    """Bytes come back byte for byte, with the version that `create` told."""
    body = bytes(range(256)) * 3
    version = state.create("streams/ä b+c.json", body)
    assert state.get("streams/ä b+c.json") == (body, version)


def test_a_missing_record_is_none(state: State) -> None:
    """Nothing is not an error."""
    assert state.get("nowhere") is None


def test_a_record_is_created_once(state: State) -> None:
    """The second create is told that it came too late, and changes nothing."""
    version = state.create("a", b"first")
    assert state.create("a", b"second") is Lost.EXISTS
    assert state.get("a") == (b"first", version)


def test_a_record_is_replaced_by_version(state: State) -> None:
    """Only the holder of the current version may write; each write makes a new version, even of the same bytes."""
    first = state.create("a", b"1")
    assert not isinstance(first, Lost)
    second = state.replace("a", first, b"1")
    assert not isinstance(second, Lost)
    assert second != first
    assert state.replace("a", first, b"3") is Lost.CONFLICT
    assert state.get("a") == (b"1", second)


def test_a_record_that_is_not_there_cannot_be_replaced(state: State) -> None:
    """A version of nothing is a conflict, and nothing is created."""
    assert state.replace("a", Version("12345"), b"1") is Lost.CONFLICT
    assert state.get("a") is None


def test_another_client_sees_what_was_written(open_state: Open) -> None:
    """A write is visible to every other client as soon as it returned."""
    version = open_state().create("a", b"1")
    assert open_state().get("a") == (b"1", version)


def test_keys_are_listed_by_prefix_in_order(state: State) -> None:
    """Only keys with the prefix, in the order of their code points, pages and wildcard characters notwithstanding."""
    for key in ("due/2", "due/10", "due/1", "due%/1", "due_/1", "dues/1", "DUE/1", "other"):
        state.create(key, b"")
    assert list(state.list("due/")) == ["due/1", "due/10", "due/2"]
    assert list(state.list("due/1")) == ["due/1", "due/10"]
    assert list(state.list("nothing/")) == []


def test_a_listing_goes_on_after_a_key(state: State) -> None:
    """`after` leaves out everything up to and including a key, whether or not it exists."""
    for key in ("a/1", "a/2", "a/3", "b/1"):
        state.create(key, b"")
    assert list(state.list("a/", after="a/1")) == ["a/2", "a/3"]
    assert list(state.list("a/", after="a/25")) == ["a/3"]


def test_more_than_one_page_is_listed(state: State) -> None:
    """More keys than S3 and Cloud Storage tell on one page come back whole, each once, in order."""
    keys = [f"many/{number:05}" for number in range(1_100)]
    for key in keys:
        state.create(key, b"")
    assert list(state.list("many/")) == keys


def test_of_many_creators_one_wins(open_state: Open) -> None:
    """Sixteen clients create the same 20 keys: each key has exactly one winner, and holds the winner's bytes."""
    keys = [f"race/{number}" for number in range(20)]
    won: list[tuple[str, bytes]] = []

    def create(me: int) -> None:
        state = open_state()
        won.extend((key, b"%d" % me) for key in keys if state.create(key, b"%d" % me) is not Lost.EXISTS)

    _together(create, 16)
    assert sorted(key for key, _ in won) == sorted(keys)
    state = open_state()
    for key, body in won:
        found = state.get(key)
        assert found is not None
        assert found[0] == body


def test_no_update_is_lost(open_state: Open) -> None:
    """Eight clients add 1 to the same record 25 times each: it ends at 200."""

    def add(_: int) -> None:
        state = open_state()
        for _ in range(25):
            while True:
                try:
                    records.change(state, "counter", int, lambda old: (old or 0) + 1)
                    break
                except records.Contended:
                    continue

    _together(add, 8)
    assert records.read(open_state(), "counter", int) == 200


def test_several_open_a_new_file_at_once(tmp_path: Path) -> None:
    """Each waits for its turn: SQLite alone refuses one in thirty such rounds."""

    def create(path: Path, me: int) -> None:
        SqliteState(path).create(str(me), b"")

    for number in range(100):
        _together(partial(create, tmp_path / f"{number}.db"), 16)


def _together(work: Callable[[int], None], workers: int) -> None:
    failures: list[BaseException] = []

    def guarded(me: int) -> None:
        try:
            work(me)
        except (NephoscopeError, AssertionError) as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(me,)) for me in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
