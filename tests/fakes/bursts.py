"""What bursts through the clouds' runtimes have in common: the chat, the sweep, what is counted."""

import json
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

from emulators import AWS_REGION, Recorder
from nephoscope import records, settings
from nephoscope.alerts.groups import Snapshot

AZURE_PYTHON = "3.13"
SLOT = "2025-01-31T06:00:00Z"
JSON = {"Content-Type": "application/json"}
SWEEP_SECONDS = 5.0
LEAST_PATIENCE_SECONDS, PATIENCE_SECONDS = 600.0, 0.3  # for a burst, and for each of its deliveries
MOST_POSTS = 20


@dataclass(frozen=True)
class Size:
    """How large a burst is: what is told of, how often it is delivered, and how many data sets drift."""

    reports: int
    deliveries: int
    drifting: int

    def wait_for(self, ready):
        """Wait until something is so, as long as all deliveries may take."""
        until = time.monotonic() + max(LEAST_PATIENCE_SECONDS, PATIENCE_SECONDS * self.deliveries)
        while not ready():
            assert time.monotonic() < until, "the burst was not taken in"
            time.sleep(0.1)


class Chat(Recorder):
    """A webhook that takes whatever is posted, and knows when."""

    def __init__(self):
        super().__init__()
        self.posts = []  # when, the Message's id, the Alerts' subjects

    def answer(self, method, path, headers, body):
        """Accept."""
        subjects = [alert["labels"]["subject"] for alert in json.loads(body)["alerts"]]
        identity = next(value for name, value in headers.items() if name.lower() == "idempotency-key")
        self.posts.append((time.monotonic(), identity, subjects))
        return 200, {}, b""

    @property
    def told(self):
        """Every subject that was told of."""
        return {subject for _, _, subjects in self.posts for subject in subjects}


def configuration(folder, datasets, route, **values):
    """Write a configuration with a chat, as staging does; where it lies."""
    plain = {
        "version": 1,
        **values,
        "datasets": datasets,
        "timers": {"sweep": "* * * * *"},
        "channels": {"chat": {"type": "webhook", "url": "env:CHAT_URL"}},
        "route": {"channels": ["chat"], "group_wait": "5s", "group_interval": "10s", **route},
    }
    (folder / "nephoscope.yaml").write_text(json.dumps(plain))  # JSON is YAML
    (folder / "nephoscope.json").write_bytes(settings.stage(folder / "nephoscope.yaml"))
    return str(folder / "nephoscope.json")


@contextmanager
def swept(sweep, excused=lambda: 0):
    """Ring the sweep each five seconds meanwhile; it may fail as often as is excused, and is rung again."""
    over, failures = Event(), []

    def ring():
        while not over.wait(SWEEP_SECONDS):
            try:
                sweep()
            except Exception as error:  # noqa: BLE001 - raised where the test sees it
                failures.append(error)

    ringing = Thread(target=ring)
    ringing.start()
    try:
        yield
    finally:
        over.set()
        ringing.join()
    assert len(failures) == excused(), failures


def torn(log):
    """
    How often a function read half a record, by its log.

    Google's storage's stand-in over files writes them in place; the storage itself serves the old object or the new.
    """
    return Lines(log, 'was truncated. To do: deploy the version that wrote it."}').count()


def hold(name, chat, state, size, began, taken_in, goal_seconds):
    """Hold what A1 counts, and tell how long it took beside its goal, which only an idle machine can meet."""
    size.wait_for(lambda: len(chat.told) >= size.drifting)
    last = chat.posts[-1][0] - began
    time.sleep(2 * SWEEP_SECONDS)  # whatever is told twice comes now
    posted = Counter(message for _, message, _ in chat.posts)
    snapshots = [records.read(state, key, Snapshot) for key in state.list("told/")]
    # One whose group was written by another meanwhile was never sent.
    sent = [snapshot for snapshot in snapshots if snapshot and f"{snapshot.id}/chat" in posted]
    news = Counter(fingerprint for snapshot in sent for fingerprint in snapshot.news)
    reports = sum(1 for _ in state.list("reports/"))
    # Whoever takes the last files in slowly has more of a group's intervals to speak in.
    verdict = "met" if last <= goal_seconds and len(chat.posts) <= MOST_POSTS else "MISSED"
    print(
        f"\n{name}: {size.deliveries} deliveries taken in {taken_in:.1f} s, {reports} on record, "
        f"{len(chat.told)} of {size.drifting} told in {len(chat.posts)} posts, the last after {last:.1f} s, "
        f"goal {MOST_POSTS} posts and {goal_seconds} s  {verdict}"
    )
    assert reports == size.reports
    assert len(sent) == len(posted)
    assert len(chat.told) == len(news) == size.drifting
    assert set(news.values()) == set(posted.values()) == {1}


class Poller:
    """Does what Lambda's pollers do for one instance of the function: the next batch is at hand when one is done."""

    POLLERS = 2

    def __init__(self, sqs, queue, invoke):
        self.sqs, self.queue, self.invoke = sqs, queue, invoke
        self.taken = self.failed = 0
        self.over = False
        self._instance, self._counts = Lock(), Lock()
        self._threads = [Thread(target=self._poll, daemon=True) for _ in range(self.POLLERS)]

    def start(self):
        """Begin to poll."""
        for thread in self._threads:
            thread.start()

    def _poll(self):
        """Receive, invoke, delete what did not fail; the rest is visible again at once."""
        asked = {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        while not self.over:
            found = self.sqs.receive_message(**asked).get("Messages", [])
            if not found:
                time.sleep(0.1)
                continue
            with self._instance:
                answer = self.invoke({"Records": [record(message) for message in found]})
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            done = [message for message in found if message["MessageId"] not in failed]
            if done:
                entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(done)]
                self.sqs.delete_message_batch(QueueUrl=self.queue, Entries=entries)
            for message in found:
                if message["MessageId"] in failed:
                    again = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                    self.sqs.change_message_visibility(QueueUrl=self.queue, **again)
            with self._counts:
                self.taken += len(done)
                self.failed += len(failed)

    def stop(self):
        """End after the batches at hand."""
        self.over = True
        for thread in self._threads:
            thread.join(60)


class Feeder(Thread):
    """Sends messages to a queue as they are taken, so that some always wait: moto goes through all that do."""

    WAITING = 100

    def __init__(self, sqs, queue, bodies, taken):
        super().__init__(daemon=True)
        self.sqs, self.queue, self.bodies, self.taken = sqs, queue, bodies, taken

    def run(self):
        """Send batch after batch."""
        for first in range(0, len(self.bodies), 10):
            while first - self.taken() > self.WAITING:
                time.sleep(0.02)
            some = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(self.bodies[first : first + 10])]
            self.sqs.send_message_batch(QueueUrl=self.queue, Entries=some)


def record(message):
    """A received message as Lambda spells it."""
    known = {"messageId": message["MessageId"], "receiptHandle": "r", "body": message["Body"]}
    more = {"messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": "arn", "awsRegion": AWS_REGION}
    return known | {"attributes": message["Attributes"]} | more


class Lines:
    """How many lines of a log say something; each is read once."""

    def __init__(self, log, said):
        self._log, self._said = Path(log), said
        self._read = self._found = 0

    def count(self):
        """So many by now."""
        with self._log.open() as lines:
            lines.seek(self._read)
            while (line := lines.readline()).endswith("\n"):  # of the last one only a part may be there
                self._found += self._said in line
                self._read = lines.tell()
        return self._found
