"""Payloads of every shape with something wrong in them, and how they come: as JSON, or as CloudEvents."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cloudevents.http import CloudEvent, from_http
from nephoscope.payloads import gcp

SNS_TOPIC = "arn:aws:sns:eu-central-1:123456789012:nephoscope"
_SNS_POST = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": SNS_TOPIC,
    "Message": '{"specversion":"1.0"}',
    "Timestamp": "2025-01-31T05:59:58.123Z",
    "SignatureVersion": "2",
    "Signature": "c2lnbmVk",
    "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem",
}
_GRID_POST = {
    "specversion": "1.0",
    "id": "1-1",
    "source": "aws",
    "type": "x",
    "time": "2025-01-31T06:00:00Z",
    "data": {},
}
POSTS = {  # what comes by HTTP to the hub's doors
    "aws": [
        _SNS_POST,
        _SNS_POST | {"Type": "SubscriptionConfirmation", "Token": "2336412f37", "SubscribeURL": "https://x.example"},
    ],
    "azure": [_GRID_POST],
    "gcp": [],
}
_FOLDER = Path(__file__).parents[1] / "payloads" / "shapes"
SHAPES = {
    cloud: [*(shape["payload"] for shape in json.loads((_FOLDER / f"{cloud}.json").read_text())), *posts]
    for cloud, posts in POSTS.items()
}


def sent(payload: object) -> bytes:
    """A payload as JSON; what JSON has no word for is text."""
    return json.dumps(payload, default=repr).encode()


def in_binary_mode(payload: object) -> CloudEvent:
    """What functions-framework makes of it where the attributes come as headers and the data as the body."""
    attributes, data = _taken_apart(payload)
    headers = {f"ce-{name}": value for name, value in attributes.items()}
    return from_http(headers | {"content-type": "application/json"}, sent(data))


def in_structured_mode(payload: object) -> CloudEvent:
    """What functions-framework makes of it where attributes and data come as one body."""
    attributes, data = _taken_apart(payload)
    return from_http({"content-type": "application/cloudevents+json"}, sent(attributes | {"data": data}))


def _taken_apart(payload: object) -> tuple[dict[str, str], object]:
    """Attributes that the framework lets through, and the data; a payload that is no CloudEvent is a message's."""
    told = payload if isinstance(payload, dict) and "data" in payload else {"data": payload}
    texts = {name: value for name, value in told.items() if value and isinstance(value, str) and name != "data"}
    needed = {"id": "1", "source": "//pubsub.googleapis.com/projects/mlops/topics/t", "type": gcp.PUBLISHED}
    return needed | texts | {"specversion": "1.0"}, told["data"]


def mutants(count: int) -> Iterator[tuple[str, Any]]:
    """The corpus: payloads of every shape, each with one to three things wrong, the same ones in every run."""
    chance = random.Random(20250131)
    wrong = [
        None,
        True,
        -1,
        1.5,
        10**400,
        float("nan"),
        "",
        "\ud800",
        "\0",
        [],
        {},
        [[]],
        {"Records": [None]},
        "9" * 5000,
        "0000-00-00",
        "../..",
        "x" * 2000,
        b"raw",
    ]
    for _ in range(count):
        cloud = chance.choice(sorted(SHAPES))
        payload = copy.deepcopy(chance.choice(SHAPES[cloud]))
        for _ in range(chance.randint(1, 3)):
            payload = mutate(payload, chance, wrong)
        yield cloud, payload


def mutate(payload: Any, chance: random.Random, wrong: list[Any]) -> Any:
    """Take out, replace, double or rename one thing in a payload, or in the JSON text that it carries."""
    places = list(walk(payload))
    if not places:
        return copy.deepcopy(chance.choice(wrong))
    holder, where = chance.choice(places)
    what = chance.choice(["drop", "replace", "replace", "text", "rename"])
    if what == "drop":
        del holder[where]
    elif what == "rename" and isinstance(holder, dict):
        holder[f"{where}x"] = holder.pop(where)
    elif what == "text" and isinstance(holder[where], str):
        at = chance.randrange(len(holder[where]) + 1)
        holder[where] = (
            holder[where][:at] + chance.choice(["\0", '"', "}", "%FF", "\ud800", "é", ""]) + holder[where][at + 1 :]
        )
    else:
        holder[where] = copy.deepcopy(chance.choice(wrong))
    return payload


def walk(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree, as its holder and its key or index."""
    for where in list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield tree, where
        yield from walk(tree[where])
