"""
The same event gives the same Findings in Lambda, Azure Functions and Cloud Functions.

Sixty events, one for each shape and edge, go through the three real runtimes as each cloud spells them. What the
ledgers then hold has to be the same, byte for byte, but for the place and the content's version.
"""

import base64
import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote_plus
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emulators import AWS_REGION, AZURE_ACCOUNT, s3
from nephoscope.adapters.https import request as ask

boto3 = pytest.importorskip("boto3")
blob = pytest.importorskip("azure.storage.blob")
storage = pytest.importorskip("google.cloud.storage")
pytest.importorskip("functions_framework")

AZURE_PYTHON = "3.13"
START = datetime(2025, 1, 31, 6, tzinfo=UTC)
CHANCE = np.random.default_rng(1)
DELAYS = CHANCE.exponential(12, 2_000)


def parquet(**columns):
    """A table."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def csv(values, name="dep_delay"):
    """A table as text."""
    return "\n".join([name, *(f"{value:.6f}" for value in values)]).encode()


GOOD = parquet(dep_delay=DELAYS)
NULLS = parquet(dep_delay=pa.array([None if n % 3 == 0 else float(v) for n, v in enumerate(DELAYS)]))
CONTENTS = {
    "same": GOOD,
    "drifted": parquet(dep_delay=DELAYS * 4 + 20),
    "renamed": parquet(delay=DELAYS),
    "retyped": parquet(dep_delay=[str(value) for value in DELAYS]),
    "nulls": NULLS,
    "all null": parquet(dep_delay=pa.nulls(50, pa.float64())),
    "constant": parquet(dep_delay=np.full(500, 3.0)),
    "infinite": parquet(dep_delay=np.append(DELAYS, [np.inf, -np.inf, np.nan])),
    "one row": parquet(dep_delay=[1.0]),
    "no row": parquet(dep_delay=pa.array([], pa.float64())),
    "one more column": parquet(dep_delay=DELAYS, more=np.arange(2_000)),
    "empty": b"",
    "cut": GOOD[:-20],
    "only its head": GOOD[:4],
    "noise": CHANCE.bytes(300),
    "csv": csv(DELAYS),
    "csv, header only": b"dep_delay\n",
    "csv, drifted, packed": gzip.compress(csv(DELAYS + 100), mtime=0),
    "json lines": "\n".join(json.dumps({"dep_delay": float(v)}) for v in DELAYS[:500]).encode(),
    "json lines, ragged": b'{"dep_delay": 1}\n{"dep_delay": "x"}\n{',
}
NAMES = [
    "a b",
    "a+b",
    "%2B%20",
    "é",
    "e\u0301",
    "😀",
    "a'b\"c",
    "a&b=c",
    "a#b?c",
    "x" * 200,
    "a,b;c",
    "[a]{b}",
    "~a!",
    "$a",
    "(a)",
    "a//b",
]
# Sixty events: the name under landed/, the content (None where nothing is to be read), and what is odd about the event.
EVENTS = [
    ("first.parquet", "same", ""),
    *((f"{number:02}-{name}".replace(" ", "_").replace(",", ""), name, "") for number, name in enumerate(CONTENTS)),
    *((f"name-{name}.parquet", "drifted" if number % 2 else "same", "") for number, name in enumerate(NAMES)),
    ("again.parquet", "drifted", "twice"),
    ("again.parquet", "same", "replaced"),
    ("once more.parquet", "drifted", "twice"),
    ("gone.parquet", "same", "gone"),
    ("deleted.parquet", "same", "deleted"),
    ("folder/", "empty", ""),
    ("outside.parquet", "same", "outside"),
    ("no size.parquet", "same", "sizeless"),
    ("a.b.c", "same", ""),
    *((f"year=2025/month={month:02}/part.parquet", "same" if month % 3 else "drifted", "") for month in range(1, 14)),
    ("late.parquet", "same", "before everything"),
]


def test_there_are_sixty_events():
    """One for each shape and edge."""
    assert len(EVENTS) == 60


@pytest.fixture
def moments():
    """When each event happened, the same in each cloud."""
    return [START + timedelta(minutes=number) for number in range(len(EVENTS))]


class Aws:
    """The events as AWS spells them, in six shapes; the runtime is Lambda's."""

    def __init__(self, endpoint):
        self.keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
        self.endpoint = endpoint
        self.s3 = boto3.client("s3", endpoint_url=endpoint, **self.keys)
        self.topic = boto3.client("sns", endpoint_url=endpoint, **self.keys).create_topic(Name=uuid4().hex)["TopicArn"]
        self.landing, self.records = f"l{uuid4().hex}", f"r{uuid4().hex}"
        for bucket in (self.landing, self.records):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": AWS_REGION})
        self.place = f"s3://{self.landing}"

    def configuration(self):
        """What differs in the configuration."""
        stores = {"aws": f"s3://{self.records}/records"}
        return {"hub": "aws", "topic": f"sns:{self.topic}", "state": f"s3://{self.records}/hub", "stores": stores}

    def put(self, key, body):
        """Land a content; its version."""
        return self.s3.put_object(Bucket=self.landing, Key=key, Body=body)["ETag"].strip('"')

    def payload(self, number, key, version, size, at, odd):
        """One event, in the next shape."""
        name = "ObjectRemoved:Delete" if odd == "deleted" else "ObjectCreated:Put"
        known = {"key": quote_plus(key, safe="/"), "eTag": version} | ({} if size is None else {"size": size})
        record = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "eventTime": at.isoformat()}
        notice = {"Records": [record | {"s3": {"bucket": {"name": self.landing}, "object": known}}]}
        detail = {
            "bucket": {"name": self.landing},
            "object": {"key": key, "etag": version} | ({} if size is None else {"size": size}),
        }
        kind = "Object Deleted" if odd == "deleted" else "Object Created"
        bridge = {"source": "aws.s3", "detail-type": kind, "time": at.isoformat(), "detail": detail, "resources": []}
        return [
            lambda: notice,
            lambda: {"Records": [{"EventSource": "aws:sns", "Sns": self._sns(notice)}]},
            lambda: self._sqs(notice),
            lambda: self._sqs(self._sns(notice)),
            lambda: bridge,
            lambda: self._sqs(bridge),
        ][number % 6]()

    @staticmethod
    def _sns(message):
        return {
            "Type": "Notification",
            "TopicArn": "t",
            "MessageId": "1",
            "Message": json.dumps(message),
            "Timestamp": START.isoformat(),
        }

    @staticmethod
    def _sqs(message):
        attributes = {"SentTimestamp": "1738303200000", "ApproximateReceiveCount": "1"}
        record = {"messageId": "1", "receiptHandle": "r", "body": json.dumps(message), "attributes": attributes}
        more = {"messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": "arn", "awsRegion": AWS_REGION}
        return {"Records": [record | more]}

    def state(self):
        """Its ledger."""
        from nephoscope.adapters.aws.state import S3State

        return S3State(s3(self.endpoint), self.records, "records")


class Azure:
    """The events as Azure spells them, in two schemas and five ways of writing; the runtime is Microsoft's worker."""

    def __init__(self, connection):
        service = blob.BlobServiceClient.from_connection_string(connection)
        self.landing, self.records = (service.create_container(f"{name}{uuid4().hex}") for name in ("l", "r"))
        self.connection = connection
        self.place = f"az://{AZURE_ACCOUNT}/{self.landing.container_name}"

    def configuration(self, topic):
        """What differs in the configuration."""
        records = f"az://{AZURE_ACCOUNT}/{self.records.container_name}"
        topic = f"eventgrid:{topic}/api/events"
        return {"hub": "azure", "topic": topic, "state": f"{records}/hub", "stores": {"azure": f"{records}/records"}}

    def put(self, key, body):
        """Land a content; its version."""
        return self.landing.get_blob_client(key).upload_blob(body, overwrite=True)["etag"].strip('"')

    def payload(self, number, key, version, size, at, odd):
        """One event, in the next shape."""
        api = ("PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit")[number % 5]
        kind = f"Microsoft.Storage.{'BlobDeleted' if odd == 'deleted' else 'BlobCreated'}"
        data = {"api": api, "eTag": version, "url": "https://elsewhere.example/"} | (
            {} if size is None else {"contentLength": size}
        )
        source = f"/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{AZURE_ACCOUNT}"
        subject = f"/blobServices/default/containers/{self.landing.container_name}/blobs/{key}"
        if number % 2:
            known = {"specversion": "1.0", "source": source, "type": kind, "time": at.isoformat()}
            return known | {"id": uuid4().hex, "subject": subject[number % 4 == 1 :], "data": data}
        known = {
            "topic": source,
            "eventType": kind,
            "eventTime": at.isoformat(),
            "dataVersion": "",
            "metadataVersion": "1",
        }
        return known | {"id": uuid4().hex, "subject": subject, "data": data}

    def state(self):
        """Its ledger."""
        from nephoscope.adapters.azure.state import BlobState
        from nephoscope.adapters.azure.storage import connected

        return BlobState(connected(self.connection), self.records.container_name, "records")


class Gcp:
    """The events as Google spells them, in four shapes; the runtime is functions-framework."""

    def __init__(self, endpoint):
        from google.auth.credentials import AnonymousCredentials

        client = storage.Client("mlops", AnonymousCredentials(), client_options={"api_endpoint": endpoint})
        self.landing, self.records = (client.create_bucket(f"{name}{uuid4().hex}") for name in ("l", "r"))
        self.client, self.endpoint = client, endpoint
        self.place = f"gs://{self.landing.name}"

    def configuration(self):
        """What differs in the configuration."""
        records = f"gs://{self.records.name}"
        topic = "pubsub:projects/mlops/topics/t"
        return {"hub": "gcp", "topic": topic, "state": f"{records}/hub", "stores": {"gcp": f"{records}/records"}}

    def put(self, key, body):
        """Land a content; its version."""
        written = self.landing.blob(key)
        written.upload_from_string(body)
        return str(written.generation)

    def payload(self, number, key, version, size, at, odd):
        """One event, in the next shape."""
        resource = {"bucket": self.landing.name, "name": key, "generation": version, "timeCreated": at.isoformat()}
        resource |= {} if size is None else {"size": str(size)}
        known = {"specversion": "1.0", "id": uuid4().hex, "source": "//x", "time": at.isoformat()}
        if number % 4 == 0:
            kind = f"google.cloud.storage.object.v1.{'deleted' if odd == 'deleted' else 'finalized'}"
            return known | {
                "type": kind,
                "subject": "objects/x",
                "datacontenttype": "application/json",
                "data": resource,
            }
        attributes = {
            "eventType": "OBJECT_DELETE" if odd == "deleted" else "OBJECT_FINALIZE",
            "bucketId": self.landing.name,
            "objectId": key,
            "objectGeneration": version,
            "eventTime": at.isoformat(),
            "payloadFormat": "NONE" if size is None else "JSON_API_V1",
        }
        data = {} if size is None else {"data": base64.b64encode(json.dumps(resource).encode()).decode()}
        message = {"messageId": "1", "publishTime": START.isoformat(), "attributes": attributes} | data
        push = {"message": message, "subscription": "projects/mlops/subscriptions/s"}
        if number % 4 == 1:
            return push
        return known | {
            "type": "google.cloud.pubsub.topic.v1.messagePublished",
            "datacontenttype": "application/json",
            "data": push,
        }

    def state(self):
        """Its ledger."""
        from google.auth.credentials import AnonymousCredentials
        from nephoscope.adapters.gcp.state import GcsState
        from nephoscope.adapters.gcp.storage import Storage

        return GcsState(Storage(AnonymousCredentials(), self.endpoint), self.records.name, "records")


def play(cloud, invoke, moments):
    """Let sixty events happen."""
    for number, ((name, content, odd), at) in enumerate(zip(EVENTS, moments, strict=True)):
        key = f"{'elsewhere' if odd == 'outside' else 'landed'}/{name}"
        body = CONTENTS[content]
        version = "1" if odd == "gone" else cloud.put(key, body)
        size = None if odd == "sizeless" else len(body)
        when = START - timedelta(days=1) if odd == "before everything" else at
        for _ in range(2 if odd == "twice" else 1):
            invoke(cloud.payload(number, key, version, size, when, odd))


def findings(cloud):
    """What a ledger holds: each object's Findings, as text without the place."""
    state = cloud.state()
    found = {}
    for key in state.list("ledger/"):
        if key.endswith(".json"):
            run = json.loads(state.get(key)[0])["record"]
            told = run["report"]["findings"], run["report"]["coverage"], run["report"]["scope"]
            name = run["event"]["object"].removeprefix(cloud.place)
            found[name, run["report"]["at"]] = json.dumps(told, ensure_ascii=False).replace(cloud.place, "PLACE")
    return found


def test_sixty_events_give_the_same_findings(
    moto,
    azurite,
    gcs,
    lambda_runtime,
    azure_worker,
    entra,
    grid,
    served,
    staged,
    configured,
    recorder,
    moments,
    tmp_path,
):
    """Whichever cloud an event comes from, and in whichever shape, what is found is the same to the byte."""
    aws, azure, gcp = Aws(moto), Azure(azurite), Gcp(gcs)
    recorder.answers = []
    told = {}
    for cloud, written in (
        (aws, aws.configuration()),
        (azure, azure.configuration(grid.url)),
        (gcp, gcp.configuration()),
    ):
        config = configured(**written, objects=f"{cloud.place}/landed", mail_port=25)
        copy = tmp_path / f"{type(cloud).__name__}.json"
        copy.write_bytes(Path(config).read_bytes())
        told[cloud] = {"NEPHOSCOPE_CONFIG": str(copy), "ROOM_URL": "http://127.0.0.1:9/"}

    with lambda_runtime(
        staged("aws", "drift"), "handler.drift_on_object", told[aws] | {"AWS_ENDPOINT_URL": moto}
    ) as invoke:
        play(aws, invoke, moments)
    connection = {"AZURE_STORAGE_CONNECTION_STRING": azurite}
    with azure_worker(
        staged("azure", "drift", AZURE_PYTHON), told[azure] | connection | entra.env, tmp_path / "azure.log"
    ) as app:
        play(azure, lambda event: app.event("drift_on_object", event), moments)
    emulators = {"STORAGE_EMULATOR_HOST": gcs, "PUBSUB_EMULATOR_HOST": recorder.url.removeprefix("http://")}
    with served(staged("gcp", "drift"), "drift_on_object", told[gcp] | emulators, tmp_path / "gcp.log") as url:
        headers = {"Content-Type": "application/cloudevents+json"}

        def post(event):
            plain = {"Content-Type": "application/json"} if "specversion" not in event else headers
            assert ask(url, method="POST", body=json.dumps(event).encode(), headers=plain).status == 200

        play(gcp, post, moments)

    first = findings(aws)
    assert len(first) == len(EVENTS) - 4  # gone, deleted, a folder and outside are told apart, and nothing is found
    assert findings(azure) == first
    assert findings(gcp) == first
    verdicts = {finding["verdict"] for text in first.values() for finding in json.loads(text)[0]}
    assert verdicts == {"ok", "breach", "unknown"}
