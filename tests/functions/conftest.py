"""A cloud that is a folder, for functions that run as they are deployed."""

import json
import shutil

import pytest
from nephoscope import settings
from nephoscope.adapters.local.state import SqliteState

CONFIGURATION = """\
version: 1
stores: {aws: "s3://records/x"}
hub: aws
state: "s3://records/hub"
topic: "sns:arn:aws:sns:eu-central-1:123456789012:t"
datasets: {flights: {objects: "s3://landed/flights", columns: {dep_delay: {ks: {at_most: 0.1}}}}}
channels: {room: {type: slack, url: "env:ROOM_URL"}}
route: {channels: [room]}
"""


class Folder:
    """A cloud whose buckets are a folder, and whose topic keeps what it is told."""

    name = "aws"
    secrets = "aws-sm"

    def __init__(self, folder):
        self.folder, self.objects, self.published = folder, self, []

    def fetch(self, ref, into, *, most_bytes):
        """Copy an object."""
        shutil.copy(self.folder / ref.key, into)
        return into.stat().st_size

    def state(self, _):
        """Records."""
        return SqliteState(self.folder / "records.db")

    def own_topic(self, _):
        """A topic."""
        return self

    def publish(self, body, *, attributes):
        """Keep a Report."""
        self.published.append(json.loads(body)["data"])


@pytest.fixture
def cloud(tmp_path):
    """Where tables land."""
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION)
    (tmp_path / "nephoscope.json").write_bytes(settings.stage(tmp_path / "nephoscope.yaml"))
    return Folder(tmp_path)
