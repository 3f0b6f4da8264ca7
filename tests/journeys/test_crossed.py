"""
Each cloud as the hub, with the other two publishing to it: staged artefacts in their own runtimes, no stored key.

Every publisher shows a token that its home cloud signed, at the very hosts that it would ask anywhere; the token
services verify signature, issuer, audience and subject, and only what they gave opens the topic.
"""

import base64
import datetime as dt
import json
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import pytest
from emulators import AWS_ENVIRONMENT, AWS_REGION, AZURE_ACCOUNT, Recorder
from fakes.internet import Internet
from nephoscope.adapters.https import request as ask
from waiting import wait_for

jwt = pytest.importorskip("jwt")
boto3 = pytest.importorskip("boto3")
blob = pytest.importorskip("azure.storage.blob")
storage = pytest.importorskip("google.cloud.storage")

from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
AUDIENCE = "api://nephoscope"
ROLE = "arn:aws:iam::123456789012:role/publish"
PROVIDER = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
PUBLISHER = "publisher@mlops.iam.gserviceaccount.com"
PUBLISH_AS = {"aws": ROLE, "gcp": f"{PROVIDER} {PUBLISHER}", "azure": "tenant/client"}
GRID = "nephoscope.westeurope-1.eventgrid.azure.net"
JSON = {"Content-Type": "application/json"}
AZURE_PYTHON = "3.13"

CONFIGURATION = """\
version: 1
hub: {hub}
topic: "{topic}"
state: "{state}"
stores: {stores}
security: {{watched: {{models: {{places: ["s3://models", "az://acme/models", "gs://models"]}}}}}}
timers: {{sweep: "* * * * *"}}
channels:
  room: {{type: slack, url: "env:ROOM_URL"}}
route: {{channels: [room], group_by: [cloud], group_wait: 0s, group_interval: 0s, repeat_interval: 4h}}
"""

CALLS = {
    "aws": {
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3",
        "time": "2025-01-31T06:00:00Z",
        "detail": {
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/ci/ci"},
            "eventTime": "2025-01-31T05:59:58Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject",
            "sourceIPAddress": "192.0.2.10",
            "errorCode": "AccessDenied",
            "requestParameters": {"bucketName": "models", "key": "fraud/3.pkl"},
            "eventID": "0c0a1b2c-0000-0000-0000-000000000001",
        },
    },
    "azure": {
        "id": "5f1c1a2e-0000-0000-0000-000000000001",
        "topic": "/subscriptions/1",
        "subject": "/subscriptions/1",
        "eventType": "Microsoft.Resources.ResourceDeleteFailure",
        "eventTime": "2025-01-31T05:59:58Z",
        "dataVersion": "2",
        "data": {
            "claims": {"ipaddr": "192.0.2.10"},
            "operationName": "Microsoft.Storage/storageAccounts/blobServices/containers/delete",
            "status": "Failed",
            "resourceUri": "/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acme"
            "/blobServices/default/containers/models",
        },
    },
    "gcp": {
        "specversion": "1.0",
        "id": "1",
        "source": "//cloudaudit.googleapis.com/projects/mlops/logs/activity",
        "type": "google.cloud.audit.log.v1.written",
        "time": "2025-01-31T05:59:58Z",
        "datacontenttype": "application/json",
        "data": {
            "insertId": "1abc",
            "timestamp": "2025-01-31T05:59:58Z",
            "protoPayload": {
                "status": {"code": 7, "message": "Permission denied"},
                "authenticationInfo": {"principalEmail": "dev@example.org"},
                "serviceName": "storage.googleapis.com",
                "methodName": "storage.objects.get",
                "resourceName": "projects/_/buckets/models/objects/fraud/3.pkl",
            },
        },
    },
}

ACTIONS = {"aws": "s3.GetObject", "azure": "blobServices/containers/delete", "gcp": "storage.objects.get"}


def token(home, audience):
    """What a cloud signs for a function of ours."""
    now = int(time.time())
    claims = {"iss": f"https://{home}.example", "sub": f"nephoscope-{home}", "aud": audience}
    return jwt.encode(claims | {"iat": now, "exp": now + 300}, KEY, algorithm="RS256", headers={"kid": "1"})


class World:
    """The hosts of the three clouds: who has which right, and what reached which topic."""

    def __init__(self, publishers, forward):
        self.publishers, self.forward = publishers, forward
        self.grid = []
        self.exchanged = set()
        self.hosts = {
            f"sts.{AWS_REGION}.amazonaws.com": self.sts,
            f"sns.{AWS_REGION}.amazonaws.com": self.sns,
            "metadata.google.internal": self.metadata,
            "sts.googleapis.com": self.google_sts,
            "iamcredentials.googleapis.com": self.impersonation,
            "pubsub.googleapis.com": self.pubsub,
            "login.microsoftonline.com": self.entra,
            GRID: self.event_grid,
        }

    def trusts(self, shown):
        """What a federation checks: signature, audience, end, and that issuer and subject belong together."""
        try:
            claims = jwt.decode(shown, KEY.public_key(), algorithms=["RS256"], audience=AUDIENCE)
        except jwt.PyJWTError:
            return False
        home = claims["sub"].removeprefix("nephoscope-")
        good = home in self.publishers and claims["iss"] == f"https://{home}.example"
        self.exchanged |= {home} if good else set()
        return good

    def sts(self, method, path, headers, body):
        """AWS: a token for the function's role, or a role for a token."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form["Action"] == "GetWebIdentityToken":
            return answer(
                "GetWebIdentityToken", f"<WebIdentityToken>{token('aws', form['Audience.member.1'])}</WebIdentityToken>"
            )
        if form["RoleArn"] != ROLE or not self.trusts(form["WebIdentityToken"]):
            return 400, {}, b"<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>"
        end = f"{dt.datetime.now(dt.UTC) + dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        given = {"AccessKeyId": "ASIAROLE", "SecretAccessKey": "s", "SessionToken": "session", "Expiration": end}
        inside = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
        return answer("AssumeRoleWithWebIdentity", f"<Credentials>{inside}</Credentials>")

    def sns(self, method, path, headers, body):
        """SNS: for whom the role's credentials signed."""
        named = {name.lower(): value for name, value in headers.items()}
        signed = named.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=ASIAROLE/")
        if not signed or named.get("x-amz-security-token") != "session":
            return 403, {}, b""
        kept = {"Content-Type": named["content-type"], "Authorization": named["authorization"]}
        return passed(ask(f"{self.forward['aws']}/", method="POST", body=body, headers=kept))

    def metadata(self, method, path, headers, body):
        """Google's metadata server."""
        return 200, {}, token("gcp", parse_qs(urlsplit(path).query)["audience"][0]).encode()

    def google_sts(self, method, path, headers, body):
        """Google: a federated token for an OIDC token, or for a question that a role of AWS signed."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        shown = form["subject_token"]
        good = form["audience"] == PROVIDER and (
            self.trusts_aws(shown) if "aws4" in form["subject_token_type"] else self.trusts(shown)
        )
        given = {"access_token": "federated", "expires_in": 3600, "token_type": "Bearer", "issued_token_type": "x"}
        return (200, JSON, json.dumps(given).encode()) if good else (400, JSON, b'{"error": "invalid_grant"}')

    def trusts_aws(self, shown):
        """Whether it asks AWS who one is, for this pool, with a signature; Google has AWS verify the signature."""
        asked = json.loads(unquote(shown))
        headers = {one["key"].lower(): one["value"] for one in asked["headers"]}
        good = "aws" in self.publishers and headers["x-goog-cloud-target-resource"] == PROVIDER
        good = good and f"Credential={AWS_ENVIRONMENT['AWS_ACCESS_KEY_ID']}/" in headers["authorization"]
        self.exchanged |= {"aws"} if good else set()
        return good

    def impersonation(self, method, path, headers, body):
        """Google: the publisher's token for a federated one."""
        end = f"{dt.datetime.now(dt.UTC) + dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        named = {name.lower(): value for name, value in headers.items()}
        good = named.get("authorization") == "Bearer federated" and f"/serviceAccounts/{PUBLISHER}:" in path
        return (
            (200, JSON, json.dumps({"accessToken": "own", "expireTime": end}).encode()) if good else (403, JSON, b"{}")
        )

    def pubsub(self, method, path, headers, body):
        """Pub/Sub: for who has the publisher's token."""
        named = {name.lower(): value for name, value in headers.items()}
        if named.get("authorization") != "Bearer own":
            return 403, JSON, b"{}"
        return passed(ask(f"{self.forward['gcp']}{path}", method=method, body=body, headers=JSON))

    def entra(self, method, path, headers, body):
        """Entra ID: describes itself, or gives an application's token for another cloud's."""
        root, place = "https://login.microsoftonline.com", urlsplit(path).path
        if place.endswith("/discovery/instance"):
            known = {
                "tenant_discovery_endpoint": f"{root}/tenant/v2.0/.well-known/openid-configuration",
                "metadata": [],
            }
            return 200, JSON, json.dumps(known).encode()
        if place.endswith("/openid-configuration"):
            ends = {"token_endpoint": "token", "authorization_endpoint": "authorize"}
            known = {name: f"{root}/tenant/oauth2/v2.0/{end}" for name, end in ends.items()}
            return 200, JSON, json.dumps(known | {"issuer": f"{root}/tenant/v2.0"}).encode()
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        good = form["client_id"] == "client" and self.trusts(form["client_assertion"])
        given = {"access_token": "entra", "expires_in": 3600, "token_type": "Bearer"}
        return (200, JSON, json.dumps(given).encode()) if good else (401, JSON, b'{"error": "invalid_client"}')

    def event_grid(self, method, path, headers, body):
        """Event Grid: for who has the application's token."""
        named = {name.lower(): value for name, value in headers.items()}
        if named.get("authorization") != "Bearer entra":
            return 401, {}, b""
        self.grid.append(body.decode())
        return 200, {}, b""


def answer(action, inside):
    """An answer of AWS' query protocol."""
    space = "https://sts.amazonaws.com/doc/2011-06-15/"
    text = f'<{action}Response xmlns="{space}"><{action}Result>{inside}</{action}Result></{action}Response>'
    return 200, {"Content-Type": "text/xml"}, text.encode()


def passed(found):
    """What a service behind answered."""
    return found.status, {"Content-Type": found.headers.get("content-type", "text/plain")}, found.body


class Identity(Recorder):
    """The endpoint that gives a function in Azure its tokens."""

    def answer(self, method, path, headers, body):
        """A token for whatever is asked."""
        audience = parse_qs(urlsplit(path).query)["resource"][0]
        given = {"access_token": token("azure", audience), "expires_on": str(int(time.time()) + 3600)}
        more = {"token_type": "Bearer", "resource": audience, "client_id": "c"}
        return 200, JSON, json.dumps(given | more).encode()


class Clouds:
    """Stores in the three clouds, and how a function runs in each."""

    def __init__(self, moto, azurite, gcs, pubsub):
        from google.auth.credentials import AnonymousCredentials

        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": AWS_REGION}
        self.s3, self.sns, self.sqs = (boto3.client(name, endpoint_url=moto, **keys) for name in ("s3", "sns", "sqs"))
        self.name = f"r{uuid4().hex}"
        self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": AWS_REGION})
        blob.BlobServiceClient.from_connection_string(azurite).create_container(self.name)
        storage.Client("mlops", AnonymousCredentials(), client_options={"api_endpoint": gcs}).create_bucket(self.name)
        self.root = {
            "aws": f"s3://{self.name}",
            "azure": f"az://{AZURE_ACCOUNT}/{self.name}",
            "gcp": f"gs://{self.name}",
        }
        self.pubsub = pubsub
        self.env = {
            "aws": {"AWS_ENDPOINT_URL_S3": moto, "AWS_REGION": AWS_REGION},
            "azure": {"AZURE_STORAGE_CONNECTION_STRING": azurite},
            "gcp": {"STORAGE_EMULATOR_HOST": gcs},
        }
        self.forward = {"aws": moto, "gcp": f"http://{pubsub}"}

    def topic(self, hub):
        """The hub's topic, and what fetches what reached it."""
        if hub == "azure":
            return f"eventgrid:https://{GRID}/api/events", lambda world: [world.grid.pop() for _ in list(world.grid)]
        if hub == "aws":
            arn = self.sns.create_topic(Name=self.name)["TopicArn"]
            queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
            at = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            raw = {"RawMessageDelivery": "true"}
            self.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=at, Attributes=raw)
            return f"sns:{arn}", lambda _: self._received(queue)
        name = f"projects/mlops/topics/{self.name}"
        subscription = f"projects/mlops/subscriptions/{self.name}"
        self._google("PUT", name, {})
        self._google("PUT", subscription, {"topic": name})
        return f"pubsub:{name}", lambda _: self._pulled(subscription)

    def _received(self, queue):
        found = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [message["Body"] for message in found]

    def _pulled(self, subscription):
        found = self._google("POST", f"{subscription}:pull", {"maxMessages": 10})["receivedMessages"]
        return [base64.b64decode(one["message"]["data"]).decode() for one in found]

    def _google(self, method, path, document):
        body = json.dumps(document).encode()
        found = ask(f"http://{self.pubsub}/v1/{path}", method=method, body=body, headers=JSON, timeout_seconds=60)
        assert found.status == 200, found.text
        return json.loads(found.body)


@pytest.fixture
def runs(lambda_runtime, azure_worker, served, staged, tmp_path):
    """An entry point of a staged artefact, run by its cloud's own runtime; what `with` gives calls it."""

    @contextmanager
    def run(cloud, job, entry, env, **how):
        log = tmp_path / f"{cloud}-{job}.log"
        with ExitStack() as running:
            if cloud == "aws":
                yield running.enter_context(lambda_runtime(staged("aws", job, **how), f"handler.{entry}", env))
            elif cloud == "azure":
                folder = staged("azure", job, AZURE_PYTHON, **how)
                app = running.enter_context(azure_worker(folder, env, log))
                yield lambda event: app.event(entry, event) if isinstance(event, dict) else app.message(entry, event)
            else:
                url = running.enter_context(served(staged("gcp", job, **how), entry, env, log))
                yield lambda event: post(url, event, log)

    return run


def post(url, event, log):
    """Call a served function with a CloudEvent."""
    found = ask(
        url,
        method="POST",
        body=json.dumps(event).encode(),
        headers={"Content-Type": "application/cloudevents+json"},
        timeout_seconds=60,
    )
    assert found.status == 200, f"{found.status} {found.text}\n{log.read_text()[-3000:]}"


def delivered(hub, body):
    """A Report as the hub's function is handed it."""
    if hub == "azure":
        return body
    if hub == "aws":
        record = {"messageId": uuid4().hex, "receiptHandle": "r", "body": body, "messageAttributes": {}}
        record |= {"attributes": {"SentTimestamp": "1738303200000"}, "eventSource": "aws:sqs"}
        return {"Records": [record | {"eventSourceARN": "arn", "awsRegion": AWS_REGION}]}
    message = {"data": base64.b64encode(body.encode()).decode(), "messageId": uuid4().hex}
    push = {"message": message | {"publishTime": "2025-01-31T06:00:00Z"}, "subscription": "s"}
    kind = "google.cloud.pubsub.topic.v1.messagePublished"
    known = {"specversion": "1.0", "id": "1", "source": "//x", "type": kind, "time": "2025-01-31T06:00:00Z"}
    return known | {"datacontenttype": "application/json", "data": push}


@pytest.mark.parametrize("hub", ["aws", "azure", "gcp"])
def test_the_other_two_publish_to_the_hub(hub, moto, azurite, gcs, pubsub, runs, room, tmp_path):
    """A refused call in each of two clouds reaches the hub in the third by a federated token; both are told."""
    from nephoscope import settings

    publishers = {"aws", "azure", "gcp"} - {hub}
    clouds = Clouds(moto, azurite, gcs, pubsub)
    topic, fetch = clouds.topic(hub)
    written = tmp_path / "nephoscope.yaml"
    stores = json.dumps({cloud: f"{root}/records" for cloud, root in clouds.root.items()})
    written.write_text(CONFIGURATION.format(hub=hub, topic=topic, state=f"{clouds.root[hub]}/hub", stores=stores))
    (tmp_path / "nephoscope.json").write_bytes(settings.stage(written))
    common = {"NEPHOSCOPE_CONFIG": str(tmp_path / "nephoscope.json"), **room.env}

    world, identity = World(publishers, clouds.forward), Identity()
    internet = Internet(world.hosts, tmp_path)
    abroad = {"NEPHOSCOPE_PUBLISH_AS": PUBLISH_AS[hub], "NEPHOSCOPE_TOKEN_AUDIENCE": AUDIENCE, **internet.env}
    abroad |= {"IDENTITY_ENDPOINT": f"{identity.url}/msi/token", "IDENTITY_HEADER": "secret"}
    try:
        for cloud in sorted(publishers):
            env = common | abroad | clouds.env[cloud]
            with runs(cloud, "security", "security_on_event", env, config=written) as invoke:
                invoke(CALLS[cloud])
    finally:
        internet.close()
        identity.close()

    found = []
    wait_for(lambda: found.extend(fetch(world)) or len(found) >= 2)
    assert {json.loads(body)["data"]["cloud"] for body in found} == publishers == world.exchanged
    assert internet.refused == []
    with runs(hub, "notify", "notify_on_message", common | clouds.env[hub]) as invoke:
        for body in found:
            invoke(delivered(hub, body))
    assert len(room.said) == 2
    for cloud, action in ACTIONS.items():
        assert any(action in said for said in room.said) is (cloud in publishers)
