"""
A dead-letter queue of SQS: each letter is sent to the queue it came from, and only then deleted.

StartMessageMoveTask moves them too, but none that SNS gave up ("Non-SQS queue sources … are currently not supported"),
and out of sight: it does not tell what it moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from nephoscope.adapters.aws.refusals import translated
from nephoscope.errors import BadUsage
from nephoscope.ports import MOST_LETTERS, DeadLetter, Waiting

HELD_SECONDS = 600
BATCH = 10  # "Maximum: 10" messages a call
UNKNOWN = "SQS does not say why"


@dataclass(frozen=True, slots=True)
class _Bound:
    """A letter, and the URL of the queue it goes to."""

    message: Any
    home: str


class SqsDeadLetters:
    """The queue of this ARN, as whoever `client` (boto3's, of the queue's region) is."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn
        *_, self._account, self._name = arn.split(":")
        if self._name.endswith(".fifo"):
            raise BadUsage(
                f"{self._name} is a FIFO queue, whose order sending letters one by one does not keep.", do=self._moved
            )

    def waiting(self) -> Waiting:
        """What waits now, oldest first, hidden from others for ten minutes."""
        home = self._home()  # before anything is hidden
        found: dict[str, Any] = {}
        asked = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": BATCH,
            "VisibilityTimeout": HELD_SECONDS,
            "WaitTimeSeconds": 1,  # a long poll asks all of SQS' servers: an empty answer is a true one
            "MessageSystemAttributeNames": ["SentTimestamp", "ApproximateReceiveCount"],
            "MessageAttributeNames": ["All"],
        }
        while len(found) < MOST_LETTERS:
            with translated(f"the letters in {self._name}"):
                batch = {one["MessageId"]: one for one in self._client.receive_message(**asked).get("Messages", ())}
            news = batch.keys() - found.keys()
            found |= batch  # the newest receipt is the one that counts
            if not news:
                break
        letters = [_letter(message, home) for message in found.values()]
        return Waiting(tuple(sorted(letters, key=lambda letter: letter.published_at)))

    def redrive(self, letter: DeadLetter) -> None:
        """Send it home, then delete it: a death between the two sends it twice."""
        bound: _Bound = letter.handle
        again = {"MessageBody": bound.message["Body"], "MessageAttributes": bound.message.get("MessageAttributes", {})}
        with translated(f"a letter's way from {self._name} to {bound.home}"):
            self._client.send_message(QueueUrl=bound.home, **again)
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=bound.message["ReceiptHandle"])

    def leave(self, letters: Sequence[DeadLetter]) -> None:
        """Show these to others again."""
        receipts = [letter.handle.message["ReceiptHandle"] for letter in letters]
        for start in range(0, len(receipts), BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[start : start + BATCH])
            ]
            with translated(f"the letters in {self._name}"):
                self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    @property
    def _moved(self) -> str:
        return f"let SQS move them: aws sqs start-message-move-task --source-arn {self._arn}"

    @cached_property
    def _url(self) -> str:
        with translated(f"the queue {self._name}"):
            answer = self._client.get_queue_url(QueueName=self._name, QueueOwnerAWSAccountId=self._account)
        return str(answer["QueueUrl"])

    def _home(self) -> str:
        with translated(f"whose dead letters are in {self._name}"):
            homes: list[str] = self._client.list_dead_letter_source_queues(QueueUrl=self._url)["queueUrls"]
        if not homes:
            raise BadUsage(
                f"{self._name} is no queue's dead-letter queue.", do="name one that a queue's redrive policy names"
            )
        if len(homes) > 1:
            names = ", ".join(sorted(url.rpartition("/")[2] for url in homes))
            raise BadUsage(f"Letters in {self._name} come from several queues: {names}.", do=self._moved)
        return homes[0]


def _letter(message: Any, home: str) -> DeadLetter:
    told = message["Attributes"]
    sent = datetime.fromtimestamp(int(told["SentTimestamp"]) / 1000, UTC)
    received = int(told["ApproximateReceiveCount"]) - 1  # without this look at it
    return DeadLetter(sent, received, UNKNOWN, _Bound(message, home))
