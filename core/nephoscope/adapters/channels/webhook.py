"""
Any endpoint that reads Alertmanager's webhook body, version 4: PagerDuty, Opsgenie, Grafana OnCall and many more.

That body knows `firing` and `resolved` only. What is unknown is sent as firing, with the annotation `state` saying
what it is; an Alert's labels stay the same over its whole life, since receivers tell Alerts apart by them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nephoscope.adapters.channels.answers import refused
from nephoscope.adapters.https import request
from nephoscope.alerts.groups import Why
from nephoscope.alerts.life import Phase
from nephoscope.alerts.messages import Item, Message

TIMEOUT_SECONDS = 10.0
NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: an Alert that has not ended
BODY_BYTES = 512 * 1024
CHANGING = frozenset({"about", "severity", "state", "subject", "check"})


class Webhook:
    """One HTTP endpoint, by its URL, which is a secret."""

    def __init__(self, url: str, name: str, *, headers: Mapping[str, str] | None = None) -> None:
        self._url = url
        self._name = name
        self._headers = headers or {}

    def send(self, message: Message) -> str:
        """Post one Message; any 2xx is a delivery. A notice of a silence is not for machines, and goes nowhere."""
        if message.why is Why.NOTICE:
            return ""
        answer = request(
            self._url,
            method="POST",
            body=body(message, self._name),
            headers={"Content-Type": "application/json", "Idempotency-Key": message.id, **self._headers},
            timeout_seconds=TIMEOUT_SECONDS,
        )
        if 200 <= answer.status < 300:
            return ""
        raise refused(
            "The webhook", answer.status, answer.text, answer.headers, do="check its address and what it accepts"
        )


def body(message: Message, receiver: str) -> bytes:
    """The Message in version 4, within 512 KiB; `truncatedAlerts` counts what found no room."""
    most = len(message.items)
    while True:
        written = json.dumps(_body(message, receiver, most), ensure_ascii=False).encode()
        if len(written) <= BODY_BYTES or most <= 1:
            return written
        most = most * BODY_BYTES // len(written)


def _body(message: Message, receiver: str, most: int) -> dict[str, Any]:
    alerts = [_alert(item, message.at) for item in message.items[:most]]
    return {
        "version": "4",
        "groupKey": message.group,
        "truncatedAlerts": len(message.items) - len(alerts),
        "status": "resolved" if all(alert["status"] == "resolved" for alert in alerts) else "firing",
        "receiver": receiver,
        "groupLabels": dict(message.labels),
        "commonLabels": _common([alert["labels"] for alert in alerts]),
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": "",
        "alerts": alerts,
    }


def _alert(item: Item, now: datetime) -> dict[str, Any]:
    alert = item.alert
    # To whom an Alert moved away from, it is over: nobody would ever close it there.
    over = alert.state is Phase.RESOLVED or item.state == Why.MOVED
    told = {
        "summary": f"{item.what}: {item.reason}",
        "description": " ".join(part for part in (item.reason, item.advice) if part),
        "state": item.state,
        "value": "" if alert.value is None else str(alert.value),
        "limit": "" if alert.limit is None else str(alert.limit),
        "blind": alert.blind,
    }
    labels = {name: value for name, value in alert.all_labels.items() if name not in CHANGING}
    return {
        "status": "resolved" if over else "firing",
        "labels": {
            **labels,
            "alertname": alert.check,
            "subject": alert.subject,
            "severity": str(alert.severity),
        },
        "annotations": {name: value for name, value in told.items() if value},
        "startsAt": _time(alert.began or alert.since),
        "endsAt": _time(alert.since if alert.state is Phase.RESOLVED else now) if over else NEVER,
        "generatorURL": item.evidence,
        "fingerprint": alert.fingerprint[:16],
    }


def _common(dicts: list[dict[str, str]]) -> dict[str, str]:
    first = dicts[0] if dicts else {}
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in dicts)}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
