"""Azure, from a blob to a chat room: Blob Storage on Azurite, the staged app in Microsoft's own Python worker."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from emulators import AZURE_ACCOUNT
from waiting import wait_for

blob = pytest.importorskip("azure.storage.blob")

PYTHON = "3.13"  # the worker's
SOURCE = "/subscriptions/1/resourceGroups/mlops/providers/Microsoft.Storage/storageAccounts/{}"


class Account:
    """A storage account on Azurite: a landing container and one for the records."""

    def __init__(self, connection):
        service = blob.BlobServiceClient.from_connection_string(connection)
        self.landing, self.records = (service.create_container(f"{name}{uuid4().hex}") for name in ("l", "r"))
        self.env = {"AZURE_STORAGE_CONNECTION_STRING": connection}

    def url(self, container, path):
        """A place as the configuration spells it."""
        return f"az://{AZURE_ACCOUNT}/{container.container_name}/{path}"

    def land(self, name, body):
        """Put a blob; the event that Event Grid sends of it."""
        written = self.landing.get_blob_client(name).upload_blob(body)
        return {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": SOURCE.format(AZURE_ACCOUNT),
            "subject": f"/blobServices/default/containers/{self.landing.container_name}/blobs/{name}",
            "type": "Microsoft.Storage.BlobCreated",
            "time": datetime.now(UTC).isoformat(),  # Event Grid tells fractions of a second, Last-Modified does not
            "data": {"api": "PutBlob", "eTag": written["etag"].strip('"'), "contentLength": len(body)},
        }


@pytest.fixture
def account(azurite):
    """An account's worth of containers."""
    return Account(azurite)


def test_a_drifted_table_is_told_once(
    account, azure_worker, grid, entra, staged, configured, tables, room, told, told_once, mailbox, tmp_path
):
    """Three blobs land, one drifted; each is told of twice; people are told once, in the room and by mail."""
    config = configured(
        hub="azure",
        topic=f"eventgrid:{grid.url}/api/events",
        state=account.url(account.records, "hub"),
        stores={"azure": account.url(account.records, "records")},
        objects=account.url(account.landing, "landed"),
        mail_port=mailbox[0],
    )
    env = account.env | entra.env | room.env | {"NEPHOSCOPE_CONFIG": config}
    logs = [tmp_path / f"{job}.log" for job in ("drift", "notify")]
    with azure_worker(staged("azure", "drift", PYTHON), env, logs[0]) as app:
        for name, body in tables.items():
            event = account.land(f"landed/{name}", body)
            app.event("drift_on_object", event)
            app.event("drift_on_object", event)
    reports = [body.decode() for _, _, _, body in grid.requests]
    assert len(reports) == len(tables)
    assert {headers["Authorization"] for _, _, headers, _ in grid.requests} == {"Bearer entra-token"}

    with azure_worker(staged("azure", "notify", PYTHON), env, logs[1]) as app:
        for number, report in enumerate(reports):
            app.message("notify_on_message", report, str(number))
            app.message("notify_on_message", report, str(number))
        app.timer("sweep_on_timer", SLOT)
        wait_for(told, *logs, ring=lambda: app.timer("sweep_on_timer", SLOT))
    told_once()


SLOT = "2025-01-31T06:00:00Z"


def test_the_app_is_indexed_whole(azure_worker, staged, tmp_path):
    """Microsoft's worker finds every entry point, and a retry at each timer: without one a failed slot is lost."""
    with azure_worker(staged("azure", "notify", PYTHON), {}, tmp_path / "log") as app:
        assert app.functions == {
            **{
                f"{job}_on_timer": {"retry": True}
                for job in ("monitoring", "cost", "drift", "features", "sweep", "rollup")
            },
            **{f"{job}_on_object": {"retry": False} for job in ("cost", "drift", "features")},
            "security_on_event": {"retry": False},
            "notify_on_message": {"retry": False},
            "notify_on_post": {"retry": False},
        }


def test_what_fails_is_raised_to_the_host(account, azure_worker, grid, entra, staged, configured, tables, tmp_path):
    """With its store away a function fails, so that Event Grid delivers again; a bad event is acknowledged."""
    config = configured(
        hub="azure",
        topic=f"eventgrid:{grid.url}/api/events",
        state=account.url(account.records, "hub"),
        stores={"azure": f"az://{AZURE_ACCOUNT}/nowhere/records"},
        objects=account.url(account.landing, "landed"),
        mail_port=25,
    )
    event = account.land("landed/2013-01.parquet", tables["2013-01.parquet"])
    env = account.env | entra.env | {"NEPHOSCOPE_CONFIG": config}
    with azure_worker(staged("azure", "drift", PYTHON), env, tmp_path / "log") as app:
        with pytest.raises(RuntimeError, match="Azure does not answer"):
            app.event("drift_on_object", event)
        app.event("drift_on_object", event | {"subject": "/nothing"})
    assert '"outcome": "refused"' in (tmp_path / "log").read_text()
