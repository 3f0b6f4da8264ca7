"""What is not for a handler, or no payload at all, is acknowledged as it is deployed, and one line says why: C2, C6."""

import importlib.util
import json
import logging
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
from fakes.broken_payloads import in_binary_mode, mutants, sent
from nephoscope import settings
from nephoscope.errors import BadPayload
from nephoscope.events import ObjectWritten
from nephoscope.payloads import aws, azure, gcp
from nephoscope.wiring.entry import LOGGER, JsonLines
from nephoscope.wiring.function import Function

TESTS = Path(__file__).parent.parent
HANDLERS = {"aws": "handler.py", "azure": "function_app.py", "gcp": "main.py"}
NEEDS = {"aws": "aws_lambda_powertools", "azure": "azure.functions", "gcp": "functions_framework"}
READERS = {
    "aws": aws.objects_written,
    "azure": lambda event: azure.objects_written(azure.plain(event)),
    "gcp": lambda event: gcp.objects_written(gcp.plain(event)),
}
CONFIGURATION = """\
version: 1
hub: {name}
topic: "{topic}"
state: "{store}/hub"
stores: {{{name}: "{store}"}}
channels: {{room: {{type: slack, url: "env:ROOM_URL"}}}}
route: {{channels: [room]}}
datasets: {{flights: {{objects: "{store}/flights", columns: {{dep_delay: {{ks: {{at_most: 0.1}}}}}}}}}}
"""
PLACES = {
    "aws": ("sns:arn:aws:sns:eu-central-1:123456789012:t", "s3://records"),
    "azure": ("eventgrid:https://t.westeurope-1.eventgrid.azure.net/api/events", "az://account/records"),
    "gcp": ("pubsub:projects/mlops/topics/t", "gs://records"),
}


class Lines(logging.Handler):
    """The lines that were logged."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonLines())
        self.written = []

    def emit(self, record):
        """Keep a line."""
        self.written.append(json.loads(self.format(record)))


class Deployed:
    """A cloud's handler, whose buckets and topic are a folder."""

    def __init__(self, module, cloud, lines):
        self.cloud, self.lines = cloud, lines
        if cloud.name == "azure":
            functions = {one.get_function_name(): one.get_user_function() for one in module.app.get_functions()}
            self.entry_point = functions.__getitem__
        else:
            self.entry_point = partial(getattr, module)

    def call(self, entry_point, handed):
        """Call an entry point as the host does; what it answers."""
        context = [None] if self.cloud.name == "aws" else []
        return self.entry_point(entry_point)(handed, *context)

    def acknowledges(self, entry_point, handed):
        """Whether it neither raises nor asks for it again, tells nobody, and logs why; the reasons."""
        self.lines.written.clear()
        answer = self.call(entry_point, handed)
        assert not (answer or {}).get("batchItemFailures")
        assert self.cloud.published == []
        assert {line["outcome"] for line in self.lines.written} <= {"ignored", "refused"}
        assert all(line["error"] for line in self.lines.written)
        return [line["error"] for line in self.lines.written]


@pytest.fixture
def deployed(cloud, monkeypatch):
    """Load a cloud's handler and put the folder in its cloud's place."""

    def load(name):
        pytest.importorskip(NEEDS[name])
        topic, store = PLACES[name]
        (cloud.folder / "nephoscope.yaml").write_text(CONFIGURATION.format(name=name, topic=topic, store=store))
        (cloud.folder / "nephoscope.json").write_bytes(settings.stage(cloud.folder / "nephoscope.yaml"))
        path = TESTS.parent / "functions" / name / HANDLERS[name]
        spec = importlib.util.spec_from_file_location(f"{name}_handler_under_test", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        cloud.name, lines = name, Lines()
        monkeypatch.setattr(LOGGER, "handlers", [lines])
        monkeypatch.setenv("ROOM_URL", "https://hooks.example/room")
        module.function = Function(cloud, cloud.folder)
        return Deployed(module, cloud, lines)

    return load


def handed(name, payload):
    """What the host hands over for a payload; nothing where the host itself refuses it."""
    plain = json.loads(sent(payload))
    if name == "gcp":
        return in_binary_mode(plain)
    return plain if name == "aws" else _event_grids(plain)


def _event_grids(plain):
    from azure.functions.eventgrid import EventGridEventInConverter
    from azure.functions.meta import Datum

    # "The runtime invokes function once for each array element."
    event = plain[0] if isinstance(plain, list) and plain else plain
    if not isinstance(event, dict):
        return None
    try:
        return EventGridEventInConverter.decode(Datum(json.dumps(event), "json"), trigger_metadata={})
    except (ValueError, TypeError):
        return None


def shape(cloud, name):
    """One of the shapes that the clouds send."""
    shapes = json.loads((TESTS / "payloads" / "shapes" / f"{cloud}.json").read_text())
    return next(one["payload"] for one in shapes if one["name"] == name)


NOT_FOR_US = [
    ("aws", "drift_on_object", "s3 test event", "s3:TestEvent"),
    ("aws", "drift_on_object", "s3 test event in sns in sqs", "s3:TestEvent"),
    ("aws", "cost_on_object", "zero records", "zero Records"),
    ("azure", "drift_on_object", "subscription validation", "SubscriptionValidationEvent"),
    ("gcp", "drift_on_object", "pub/sub message without data", "no attribute eventType"),
    ("gcp", "notify_on_message", "pub/sub message without data", "is no Report"),
]


@pytest.mark.parametrize(("name", "entry_point", "sends", "why"), NOT_FOR_US, ids=lambda word: word.replace(" ", "_"))
def test_what_is_not_for_us_is_acknowledged(deployed, name, entry_point, sends, why):
    """A test, a handshake or an empty payload raises nothing, tells nobody, and leaves one line with its reason."""
    [reason] = deployed(name).acknowledges(entry_point, handed(name, shape(name, sends)))
    assert why in reason


@pytest.mark.parametrize("name", HANDLERS)
def test_broken_payloads_are_acknowledged(deployed, name):
    """Each of fifty broken payloads is done with at once, and its line says what is wrong: none comes again."""
    function = deployed(name)
    broken = (handed(name, payload) for cloud, payload in mutants(1_000) if cloud == name)
    refused = (one for one in broken if one is not None and not _is_read(name, one))
    for number, one in enumerate(islice(refused, 50)):
        assert function.acknowledges("drift_on_object", one), number
    assert number == 49


def _is_read(name, one):
    try:
        return any(isinstance(found, ObjectWritten) for found in READERS[name](one))
    except BadPayload:
        return False
