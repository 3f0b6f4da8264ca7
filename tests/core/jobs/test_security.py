"""Security events and calls on what is watched become Findings in the ledger and on the topic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.state import SqliteState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.errors import BadPayload
from nephoscope.events import MessageReceived
from nephoscope.findings import Severity, Verdict
from nephoscope.jobs import security
from nephoscope.monitoring.access import Watched
from nephoscope.outbox import Outbox
from nephoscope.payloads import aws, azure, gcp
from nephoscope.report import Report, from_cloudevent
from nephoscope.settings import load
from nephoscope.wiring.local import Local
from nephoscope.wiring.security import SecurityLog

WATCHED = [
    Watched(
        "models",
        ("s3://acme-models/fraud", "gs://acme-models", "az://acmemodels/models"),
        (
            "arn:aws:sts::123456789012:assumed-role/trainer/*",
            "trainer@acme-ml.iam.gserviceaccount.com",
            "trainer@acme.example",
        ),
    )
]


@pytest.fixture
def topic(tmp_path: Path, clock: FixedClock) -> SqliteTopic:
    """Where Reports go."""
    return SqliteTopic(tmp_path / "topic.db", clock=clock)


@pytest.fixture
def outbox(tmp_path: Path, clock: FixedClock, topic: SqliteTopic) -> Outbox:
    """The ledger and the topic."""
    return Outbox(SqliteState(tmp_path / "ledger.db"), topic, clock, "aws")


def trail(
    action: str, *, actor: str = "trainer/s1", error: str | None = None, named: Sequence[str] = (), **asked: str
) -> MessageReceived:
    """A call as EventBridge hands over CloudTrail's record of it, and the resources that it names."""
    service, name = action.split(".")
    detail = {
        "eventID": "0c0a1b2c-1",
        "eventTime": "2026-11-24T05:59:58Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::123456789012:assumed-role/{actor}"},
        "sourceIPAddress": "192.0.2.10",
        "errorCode": error,
        "requestParameters": asked,
        "resources": [{"ARN": f"arn:aws:s3:::{place}"} for place in named],
    }
    bridge = {
        "id": "1",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3",
        "time": "2026-11-24T06:00:00Z",
    }
    return aws.security_event({**bridge, "detail": detail})


def audit(method: str, actor: str, resource: str, code: int = 0) -> MessageReceived:
    """A call as Eventarc hands over an audit log entry of it."""
    call: dict[str, Any] = {
        "serviceName": "storage.googleapis.com",
        "methodName": method,
        "resourceName": resource,
        "authenticationInfo": {"principalEmail": actor},
        "requestMetadata": {"callerIp": "192.0.2.10"},
        "status": {"code": code},
    }
    entry = {"insertId": "i1", "timestamp": "2026-11-24T05:59:58Z", "protoPayload": call}
    return gcp.security_event({"type": gcp.AUDIT, "data": entry, "time": "2026-11-24T06:00:00Z"})


def activity(operation: str, actor: str, resource: str, *, failed: bool = False) -> MessageReceived:
    """A call as Event Grid hands over an activity log event of it."""
    kind = "Microsoft.Resources.ResourceWrite" + ("Failure" if failed else "Success")
    data = {
        "operationName": operation,
        "status": "Failed" if failed else "Succeeded",
        "resourceUri": resource,
        "claims": {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": actor, "ipaddr": "192.0.2.10"},
    }
    event = {"id": "e1", "eventType": kind, "topic": "/subscriptions/s", "subject": resource, "data": data}
    return azure.security_event({**event, "eventTime": "2026-11-24T05:59:58Z", "dataVersion": "2"})


def copied(source: str, *, action: str = "s3.CopyObject", to: str = "loot", **other: Any) -> MessageReceived:
    """A copy from somewhere, by a stranger: what CloudTrail says was asked for is where to."""
    return trail(action, actor="ci/x", bucketName=to, key="3.pkl", **{"x-amz-copy-source": source}, **other)


CONTAINER = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acmemodels"
    "/blobServices/default/containers/models"
)
LOUD = CONTAINER.upper()
OBJECT = "projects/_/buckets/acme-models/objects/fraud/3.pkl"
POINT = "arn:aws:s3:eu-central-1:123456789012:accesspoint/ml"
OPENED, TOUCHED, FINE = "breach high", "breach medium", "ok medium"
CALLS = [
    (trail("s3.GetObject", bucketName="acme-models", key="fraud/3.pkl"), FINE),
    (trail("s3.GetObject", actor="ci/x", bucketName="acme-models", key="fraud/3.pkl"), TOUCHED),
    (trail("s3.PutObject", actor="ci/x", bucketName="acme-models", key="fraud/3.pkl"), TOUCHED),
    (trail("s3.PutBucketPolicy", actor="ci/x", bucketName="acme-models"), OPENED),
    (trail("s3.PutObjectAcl", actor="ci/x", bucketName="acme-models", key="fraud/3.pkl"), OPENED),
    (trail("s3.DeletePublicAccessBlock", actor="ci/x", bucketName="acme-models"), OPENED),
    (trail("s3.GetObject", error="AccessDenied", bucketName="acme-models", key="fraud/3.pkl"), OPENED),
    (copied("acme-models/fraud/3.pkl"), TOUCHED),
    (copied("/acme-models/fraud/3.pkl?versionId=096fKKXTRTtl3on89fVO.nfljtsv6qko"), TOUCHED),
    (copied("acme-models%2Ffraud%2F3.pkl", action="s3.UploadPartCopy"), TOUCHED),
    (copied("acme-models/fraud/3.pkl", error="AccessDenied"), OPENED),
    (copied("mine/3.pkl", to="acme-models/fraud"), TOUCHED),
    (trail("s3.CopyObject", actor="ci/x", bucketName="loot", key="3", named=["loot", "acme-models/fraud/3"]), TOUCHED),
    (trail("s3.GetObject", actor="ci/x", bucketName=POINT, key="fraud/3", named=["acme-models/fraud/3"]), TOUCHED),
    (audit("storage.objects.get", "trainer@acme-ml.iam.gserviceaccount.com", OBJECT), FINE),
    (audit("storage.objects.create", "mallory@example.org", OBJECT), TOUCHED),
    (audit("storage.setIamPermissions", "mallory@example.org", "projects/_/buckets/acme-models"), OPENED),
    (audit("storage.objects.get", "trainer@acme-ml.iam.gserviceaccount.com", OBJECT, code=7), OPENED),
    (activity("Microsoft.Storage/storageAccounts/listKeys/action", "trainer@acme.example", CONTAINER), FINE),
    (activity("Microsoft.Storage/storageAccounts/delete", "mallory@acme.example", CONTAINER), TOUCHED),
    (activity("Microsoft.Authorization/roleAssignments/write", "mallory@acme.example", CONTAINER), OPENED),
    (activity("MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE", "mallory@acme.example", LOUD), OPENED),
    (activity("Microsoft.Storage/storageAccounts/write", "trainer@acme.example", CONTAINER, failed=True), OPENED),
]


@pytest.mark.parametrize(("event", "expected"), CALLS)
def test_a_call_on_a_watched_place_is_judged(outbox: Outbox, event: MessageReceived, expected: str) -> None:
    """Who is expected is fine; a stranger is a breach; opening to others and refused calls are urgent, everywhere."""
    (finding,) = security.run(event, watched=WATCHED, outbox=outbox).findings

    assert f"{finding.verdict} {finding.severity}" == expected
    assert finding.evidence["address"] == "192.0.2.10"


def test_a_copy_names_what_was_taken(outbox: Outbox) -> None:
    """The resource that is told is the one that is watched, not where it was copied to; of two places, each its own."""
    both = [*WATCHED, Watched("results", ("s3://results",), ())]
    found = security.run(copied("acme-models/fraud/a%20b.pkl", to="results"), watched=both, outbox=outbox).findings

    assert [finding.evidence["resource"] for finding in found] == [
        "arn:aws:s3:::acme-models/fraud/a b.pkl",
        "arn:aws:s3:::results/3.pkl",
    ]


def test_a_call_that_waits_from_before_copies_were_seen_is_judged(outbox: Outbox, clock: FixedClock) -> None:
    """A body that names one resource alone, as they all did, is as good as before."""
    body = json.dumps({"action": "s3.GetObject", "actor": "ci/x", "resource": "arn:aws:s3:::acme-models/fraud/3.pkl"})
    event = MessageReceived("x", clock.now(), body.encode())
    assert len(security.run(event, watched=WATCHED, outbox=outbox).findings) == 1


def test_a_federated_caller_of_google_has_a_name() -> None:
    """Who comes by workload identity has a subject and no address; the method is not named twice."""
    who = {"principalSubject": "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/s"}
    call = {"serviceName": "storage.googleapis.com", "methodName": "storage.objects.get", "authenticationInfo": who}
    entry = {"insertId": "1", "protoPayload": call}
    event = gcp.security_event({"type": gcp.AUDIT, "data": entry, "time": "2026-11-24T06:00:00Z"})
    told = json.loads(event.body)
    assert (told["actor"], told["action"]) == (who["principalSubject"], "storage.objects.get")


@pytest.mark.parametrize(
    "event",
    [
        trail("s3.GetObject", actor="ci/x", bucketName="acme-models", key="churn/1.pkl"),
        trail("s3.GetObject", actor="ci/x", bucketName="acme-models-2", key="fraud/1.pkl"),
        trail("sagemaker.DeleteModel", actor="ci/x"),
        trail("s3.GetObject", bucketName="acme-models", key="churn/1", named=["acme-models/churn/1", "acme-models"]),
        copied("acme-models/churn/1.pkl", named=["loot/3.pkl", "loot", "acme-models"]),
        copied(""),
        audit("storage.objects.get", "mallory@example.org", "projects/_/buckets/other/objects/fraud/3.pkl"),
    ],
)
def test_a_call_elsewhere_is_nobodys_business(outbox: Outbox, event: MessageReceived) -> None:
    """A neighbouring prefix, a bucket of a longer name and another service say nothing of what is watched."""
    assert security.run(event, watched=WATCHED, outbox=outbox).findings == ()


def test_one_strangers_call_resolves_nothing_of_anothers(outbox: Outbox) -> None:
    """Two actors are two streams: the Report of one never closes the other's Alert."""
    one = security.run(trail("s3.GetObject", actor="ci/x", bucketName="acme-models"), watched=WATCHED, outbox=outbox)
    other = security.run(audit("storage.objects.get", "mallory@example.org", OBJECT), watched=WATCHED, outbox=outbox)

    assert one.scope != other.scope


def test_many_objects_are_one_stream(outbox: Outbox) -> None:
    """A stranger who reads a thousand objects is one Alert; calls that are not watched are one stream in all."""
    keys = [f"fraud/{n}.pkl" for n in range(20)]
    read = [trail("s3.GetObject", actor="ci/x", bucketName="acme-models", key=key) for key in keys]
    elsewhere = [trail("s3.GetObject", actor=f"ci/{key}", bucketName="other", key=key) for key in keys]
    numbered = [replace(event, id=str(n)) for n, event in enumerate([*read, *elsewhere])]

    reports = [security.run(event, watched=WATCHED, outbox=outbox) for event in numbered]

    assert len({report.scope for report in reports}) == 2


def test_a_body_that_is_no_call_is_refused(outbox: Outbox, clock: FixedClock) -> None:
    """Something else on the same trigger is told as a bad payload, not judged."""
    with pytest.raises(BadPayload):
        security.run(MessageReceived("x", clock.now(), b'{"a": 1}'), watched=WATCHED, outbox=outbox)


@pytest.mark.parametrize(
    ("kind", "severity"),
    [("unauthorized_access", Severity.HIGH), ("UNAUTHORIZED login", Severity.HIGH), ("key_rotated", Severity.MEDIUM)],
)
def test_an_event_that_says_unauthorized_is_high(tmp_path: Path, kind: str, severity: Severity) -> None:
    """A recorded event is a breach, high where its type says "unauthorized", in the ledger and on the topic."""
    log = recorded(tmp_path)

    report = log.log(kind, {"user": "mallory"})

    assert [(each.verdict, each.severity, dict(each.evidence)) for each in report.findings] == [
        (Verdict.BREACH, severity, {"user": "mallory"})
    ]
    assert [run.report for run in log.local.outbox.runs(report.at.date())] == [report]
    assert told(log.local) == [report]


def test_an_event_recorded_again_is_told_once(tmp_path: Path, clock: FixedClock) -> None:
    """The same event of the same time, recorded twice after an error, is one Report."""
    log = recorded(tmp_path)

    first = log.log("unauthorized_access", {"b": "2", "a": "1"}, at=clock.now())
    again = log.log("unauthorized_access", {"a": "1", "b": "2"}, at=clock.now())

    assert again == first
    assert len(told(log.local)) == 1


def test_an_event_that_was_looked_into_is_resolved(tmp_path: Path) -> None:
    """Recording it as resolved says so in the same stream, of the same subject."""
    log = recorded(tmp_path)

    report = log.log("unauthorized_access")
    resolved = log.log("unauthorized_access", resolved=True)

    assert (report.scope, report.findings[0].subject) == (resolved.scope, resolved.findings[0].subject)
    assert resolved.findings[0].verdict is Verdict.OK


def test_another_event_of_the_same_type_is_an_alert_of_its_own(tmp_path: Path) -> None:
    """Who got in second is told as well; each is resolved by its own details, in whatever order they are named."""
    log = recorded(tmp_path)

    alice, mallory = (log.log("unauthorized_access", {"user": name, "at": "vpn"}) for name in ("alice", "mallory"))
    resolved = log.log("unauthorized_access", {"at": "vpn", "user": "mallory"}, resolved=True)

    assert alice.scope != mallory.scope
    assert alice.findings[0].subject != mallory.findings[0].subject
    assert (mallory.scope, mallory.findings[0].subject) == (resolved.scope, resolved.findings[0].subject)


def test_an_event_with_long_details_is_told(tmp_path: Path) -> None:
    """Whatever somebody pastes into a detail fits into a message, and tells two events apart by its end."""
    log = recorded(tmp_path)

    one, other = (log.log("unauthorized_access", {"request": "x" * 100_000 + end}) for end in "ab")

    assert one.scope != other.scope
    assert [report.id for report in told(log.local)] == [one.id, other.id]


def recorded(folder: Path) -> SecurityLog:
    """A log on this machine."""
    path = folder / "nephoscope.yaml"
    path.write_text("version: 1\n", encoding="utf-8")
    return SecurityLog(Local(load(path)))


def told(local: Local) -> list[Report]:
    """The Reports on the topic."""
    return [from_cloudevent(letter.body) for letter in local.topic.receive()]
