"""
The features image without Docker: the steps of its Dockerfile done by hand in a folder, then run as its cloud runs it.

What needs root or Debian's packages is left out: compilers for what has no wheel, and the user.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emulators import AWS_ENVIRONMENT, AWS_REGION, CACHE, _invoke, cached, free_port, started
from fakes.recorded_calls import RecordedCalls, actions

boto3 = pytest.importorskip("boto3")

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "features" / "Dockerfile"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TAKEN_ALONG = {"kms:Decrypt", "kms:GenerateDataKey"}  # by S3 and SNS in the caller's name
OUTSIDE = ("apt-get ", "useradd ")  # what is done as root
FOLDERS = re.compile(r"(?<![\w./}])/(?=(?:packages|function|staging|build|home)\b)")
CONFIG = """
version: 1
hub: aws
topic: sns:arn:aws:sns:eu-central-1:123456789012:nephoscope
state: s3://acme-nephoscope-hub/state
stores: {aws: "s3://acme-nephoscope-aws/records"}
features:
  project: shopping
  stores: {aws: {type: dynamodb, region: eu-central-1}}
  sources: {aws: {user_features: "s3://acme-features/users.parquet", clicks: "s3://acme-features/clicks/"}}
  smoke: {features: ["user_features:age"], entity: {user_id: 1234}}
timers: {features: "*/15 * * * *"}
"""
DEFINITIONS = """
from datetime import timedelta
from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Int64

user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
views = [
    FeatureView(
        name=name, entities=[user], ttl=timedelta(days=30), schema=[Field(name="age", dtype=Int64)],
        source=FileSource(name=name + "_source", path=name + ".parquet", timestamp_field="at"),
    )
    for name in ("user_features", "clicks")
]
user_features, clicks = views
"""


class Image:
    """One target of a Dockerfile, made in a folder that stands for the image's root."""

    def __init__(self, root, cloud, config):
        self.root = root
        self.args = {"CLOUD": cloud, "PYTHON": PYTHON, "CONFIG": str(config)}
        self.env = {"PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(root)}
        self.entry, self.command, self.folder = [], [], root
        (root / "bin").mkdir(parents=True)
        (root / "bin" / "python").symlink_to(sys.executable)

    def made(self, target):
        """Do the steps of the stages that the target is made of."""
        stages = re.split(r"(?m)^FROM ", DOCKERFILE.read_text().replace("\\\n", ""))
        for stage in stages[1:]:
            head, *steps = [line for line in stage.splitlines() if line and not line.startswith("#")]
            if head.rpartition(" AS ")[2] in {"packages", "staged", "runtime", target}:
                for step in steps:
                    word, _, rest = step.partition(" ")
                    getattr(self, f"_{word.lower()}")(rest)
        return self

    def _arg(self, rest):
        name, _, default = rest.partition("=")
        self.args.setdefault(name, default)

    def _env(self, rest):
        for pair in rest.split():
            name, _, value = pair.partition("=")
            self.env[name] = self._here(value)

    def _workdir(self, rest):
        self.folder = Path(self._here(rest))
        self.folder.mkdir(parents=True, exist_ok=True)

    def _copy(self, rest):
        source, _, target = rest.rpartition(" ")
        inside = source.startswith("--from=")
        found = Path(self._here(source.partition(" ")[2])) if inside else ROOT / self._here(source)
        into = self.folder / self._here(target)
        if found.is_dir():
            if found != into:
                shutil.copytree(found, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, into)

    def _run(self, rest):
        if not rest.startswith(OUTSIDE):
            done = subprocess.run(
                ["sh", "-c", self._here(rest)],
                cwd=self.folder,
                env=os.environ | self.env,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"RUN {rest}\n{done.stderr}"

    def _user(self, _):
        """Nobody is root here."""

    def _entrypoint(self, rest):
        self.entry = json.loads(rest)

    def _cmd(self, rest):
        self.command = json.loads(rest)

    def _here(self, text):
        return FOLDERS.sub(f"{self.root}/", Template(text).safe_substitute(self.args))


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Make the image for a cloud."""
    folder = tmp_path_factory.mktemp("image")
    config = folder / "nephoscope.yaml"
    config.write_text(CONFIG)
    return lambda cloud: Image(folder / cloud, cloud, config).made(cloud)


@contextmanager
def lambda_of(made, env):
    """The image's own entry point behind Lambda's emulator."""
    rie = cached(shutil.which("aws-lambda-rie"), CACHE / "bin" / "aws-lambda-rie-x86_64")
    port, api = free_port(), free_port()
    addresses = (
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{api}",
    )
    log = made.root / "log"
    command = (rie, *addresses, "--log-level", "error", *made.entry, *made.command)
    whole = made.env | AWS_ENVIRONMENT | env | {"AWS_LAMBDA_FUNCTION_TIMEOUT": "120"}
    with started(*command, port=port, env=whole, cwd=made.folder, log=log):
        yield lambda payload: _invoke(
            f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", log, payload
        )


def told(method, path, headers, body, status):
    """The actions that a request takes; DynamoDB's tables are named in its body."""
    found = actions(method, path, headers, body, status)
    if not any(action.startswith("dynamodb:") for action, _ in found):
        return found
    asked = json.loads(body)
    tables = asked.get("RequestItems") or [asked["TableName"]]
    arn = f"arn:aws:dynamodb:{AWS_REGION}:123456789012:table"
    return [(action, f"{arn}/{table}") for action, _ in found for table in tables]


@pytest.fixture
def account():
    """S3 with the views' files and SNS on a stand-in of AWS; every call is recorded."""
    port = free_port()
    with started(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port, port=port):
        calls = RecordedCalls(f"http://127.0.0.1:{port}", told)
        yield calls
        calls.close()


def seed(calls, made, tmp_path, monkeypatch):
    """The buckets, the topic, the views' files, and a registry that was applied from elsewhere."""
    for name, value in (AWS_ENVIRONMENT | {"AWS_ENDPOINT_URL": calls.url}).items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3", region_name=AWS_REGION)
    for bucket in ("acme-nephoscope-aws", "acme-features"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": AWS_REGION})
    boto3.client("sns", region_name=AWS_REGION).create_topic(Name="nephoscope")
    at = pa.array([datetime.now(UTC) - timedelta(minutes=5)] * 3, pa.timestamp("us", "UTC"))
    table = pa.table({"user_id": [1234, 1, 2], "at": at, "age": [41, 42, 43]})
    pq.write_table(table, tmp_path / "rows.parquet")
    for key in ("users.parquet", "clicks/part-0.parquet"):
        s3.upload_file(str(tmp_path / "rows.parquet"), "acme-features", key)

    (tmp_path / "definitions.py").write_text(DEFINITIONS)
    common = {"project": "shopping", "provider": "local", "registry": "registry.db", "online_store": {"type": "sqlite"}}
    (tmp_path / "feature_store.yaml").write_text(json.dumps(common | {"entity_key_serialization_version": 3}))
    for name in ("user_features", "clicks"):
        shutil.copy(tmp_path / "rows.parquet", tmp_path / f"{name}.parquet")
    run(["python", "-m", "feast.cli.cli", "apply"], tmp_path, made.env)
    (tmp_path / "nephoscope.yaml").write_text(CONFIG)
    apply = [sys.executable, "-m", "nephoscope", "features", "apply", "--registry", "registry.db"]
    run(apply, tmp_path, os.environ | {"PYTHONPATH": str(ROOT / "core")})


def run(command, folder, env):
    """Run a program to its end."""
    path = shutil.which(command[0], path=env["PATH"])
    done = subprocess.run([path, *command[1:]], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow  # Feast and what it needs are installed anew
def test_the_image_syncs_on_aws_with_its_role_s_rights(account, image, initialised, tmp_path, monkeypatch):
    """Built as the Dockerfile says, in Lambda's runtime: rows reach DynamoDB, and each right of the role is used."""
    made = image("aws")
    seed(account, made, tmp_path, monkeypatch)
    account.made.clear()
    slot = {
        "schedule-arn": f"arn:aws:scheduler:{AWS_REGION}:123456789012:schedule/nephoscope/features",
        "scheduled-time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:00Z"),
    }
    with lambda_of(made, {"AWS_ENDPOINT_URL": account.url}) as features:
        assert features(slot) is None
    made_calls = set(account.made)
    client = boto3.client("dynamodb", region_name=AWS_REGION)
    for view in ("user_features", "clicks"):
        assert client.scan(TableName=f"shopping.{view}")["Count"] == 3

    resources = initialised("aws").made("aws", "features.tftest.hcl")
    run_name = "features_read_their_sources_and_write_their_tables"
    [policy] = [v["policy"] for a, v in resources[run_name].items() if a == 'aws_iam_role_policy.calls["features"]']
    rights = json.loads(policy)["Statement"]
    used = {action for action, _ in made_calls} | TAKEN_ALONG
    assert sorted(call for call in made_calls if not allowed(rights, *call)) == []
    assert sorted({action for each in rights for action in listed(each["Action"])} - used) == []


def allowed(rights, action, resource):
    """Whether one of the statements lets an action be taken on a resource."""
    return any(
        action in listed(each["Action"]) and any(fnmatch.fnmatchcase(resource, one) for one in listed(each["Resource"]))
        for each in rights
    )


def listed(value):
    """One or several, as several."""
    return value if isinstance(value, list) else [value]
