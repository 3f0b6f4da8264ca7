"""What features may do on Google is what Feast's own code calls, recorded before Google's emulators, and no more."""

import re
import shutil
import warnings
from pathlib import Path

import pytest
from emulators import free_port, started

pytest.importorskip("feast", reason="feast is not installed: make .venv-features")
from fakes.feast_registry import registry_of
from fakes.recorded_rpcs import RecordedRpcs
from ports.test_online_stores import NOON, VIEW, rows

PERMISSIONS = Path(__file__).parents[2] / "deploy" / "gcp" / "permissions.tf"
# "Begin or rollback a transaction": Firestore in Datastore mode, Identity and access management.
DATASTORE = {
    "Lookup": ["datastore.entities.get"],
    "BeginTransaction": ["datastore.databases.get"],
    "Rollback": ["datastore.databases.get"],
}
MUTATIONS = {
    "insert": ["datastore.entities.create"],
    "update": ["datastore.entities.update"],
    "upsert": ["datastore.entities.create", "datastore.entities.update"],
    "delete": ["datastore.entities.delete"],
    None: ["datastore.databases.get"],
}
BIGTABLE = {
    "GetTable": ["bigtable.tables.get"],
    "CreateTable": ["bigtable.tables.create"],
    "ModifyColumnFamilies": ["bigtable.tables.update"],
    "MutateRows": ["bigtable.tables.mutateRows"],
    "ReadRows": ["bigtable.tables.readRows"],
}


def granted(store):
    """The permissions that the module gives features for one kind of online store."""
    online = re.search(r"^  online = lookup\(\{\n(.*?)^  \}", PERMISSIONS.read_text(), re.MULTILINE | re.DOTALL)[1]
    written = re.search(rf"^    {store} = \[(.*?)\]", online, re.MULTILINE | re.DOTALL)[1]
    return set(re.findall(r'"([\w.]+)"', written))


def taken_by_datastore(method, request):
    """The permissions that one call takes; a commit takes those of its mutations."""
    from google.cloud.datastore_v1.types import CommitRequest

    if method != "Commit":
        return DATASTORE[method]
    mutations = CommitRequest.pb(CommitRequest.deserialize(request)).mutations
    kinds = {mutation.WhichOneof("operation") for mutation in mutations} or {None}
    return [name for kind in kinds for name in MUTATIONS[kind]]


def emulator(place):
    """A part of Google's SDK."""
    gcloud = shutil.which("gcloud")
    found = Path(gcloud).resolve().parent.parent / "platform" / place if gcloud else None
    if found is None or not found.exists():
        pytest.skip(f"Google's SDK with its emulators is not installed: {found.name if found else place}")
    return str(found)


@pytest.fixture
def datastore(tmp_path, monkeypatch):
    """The recorded calls to Datastore, and how Feast opens it."""
    port = free_port()
    options = ("--host=127.0.0.1", f"--port={port}", "--store_on_disk=False", "--testing", tmp_path)
    command = emulator("cloud-datastore-emulator/cloud_datastore_emulator")
    with started(command, "start", *options, port=port):
        calls = RecordedRpcs(f"127.0.0.1:{port}")
        monkeypatch.setenv("DATASTORE_EMULATOR_HOST", calls.address)
        yield calls, {"type": "datastore", "project_id": "shop"}
        calls.close()


@pytest.fixture
def bigtable(monkeypatch):
    """The recorded calls to Bigtable, and how Feast opens it."""
    port = free_port()
    with started(emulator("bigtable-emulator/cbtemulator"), "--host=127.0.0.1", f"--port={port}", port=port):
        calls = RecordedRpcs(f"127.0.0.1:{port}")
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", calls.address)
        yield calls, {"type": "bigtable", "project_id": "shop", "instance": "features"}
        calls.close()


def used(section):
    """Do all that a sync, a look at parity and one at freshness do with a store: prepare, write, read, write again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nephoscope.adapters.feast.store import FeastOnlineStore

        store = FeastOnlineStore(section, "shop", registry_of(VIEW).SerializeToString())
        store.prepare(VIEW)
        store.prepare(VIEW)  # a second sync finds what the first one made
        some = rows({1: 41, 2: 42}, NOON)
        store.write(VIEW, some)
        store.write(VIEW, some)
        assert all(found is not None for found in store.read(VIEW, some.keys.rows()))


def test_datastore_takes_what_its_role_holds(datastore):
    """Preparing a view, writing and reading it: no permission is missing and none is unused; nothing is deleted."""
    calls, section = datastore
    used(section)
    taken = {name for call in calls.made for name in taken_by_datastore(*call)}
    assert taken == granted("datastore")


def test_bigtable_takes_what_its_role_holds(bigtable):
    """The table and its column family are made once; rows are read and written; nothing is listed or deleted."""
    calls, section = bigtable
    used(section)
    taken = {name for method, _ in calls.made for name in BIGTABLE[method]}
    assert taken == granted("bigtable")


def test_every_store_that_has_a_role_is_recorded():
    """A kind of store that is new in the module has a test of its own here."""
    online = re.search(r"^  online = lookup\(\{\n(.*?)^  \}", PERMISSIONS.read_text(), re.MULTILINE | re.DOTALL)[1]
    tried = set(re.findall(r'== granted\("(\w+)"\)', Path(__file__).read_text()))
    assert set(re.findall(r"^    (\w+) = \[", online, re.MULTILINE)) == tried
