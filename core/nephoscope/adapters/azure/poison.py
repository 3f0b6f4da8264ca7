"""Where Azure Functions puts what a function failed at five times: each letter goes back to its own queue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from html import escape, unescape

from nephoscope.adapters.azure.storage import Blobs
from nephoscope.errors import BadUsage, Transient
from nephoscope.ports import MOST_LETTERS, DeadLetter, Waiting

SUFFIX = "-poison"  # "a queue named <originalqueuename>-poison"
HELD_SECONDS = 600
TRIES = 5  # maxDequeueCount of host.json; the queue itself forgets them
BATCH = 32  # the most that one call gives
UNKNOWN = "the queue does not say why; the log line of notify does"
_GONE = frozenset({"MessageNotFound", "PopReceiptMismatch"})  # somebody else has it by now
_LIST = b"<QueueMessagesList"
_MESSAGE = re.compile(rb"<QueueMessage>(.*?)</QueueMessage>", re.DOTALL)
_FIELD = re.compile(r"<(\w+)>([^<]*)</\1>")


@dataclass(frozen=True, slots=True)
class _Held:
    """A message as it is asked for again."""

    key: str
    receipt: str
    text: str


class PoisonQueue:
    """A storage queue by its name; `queues` are its account's."""

    def __init__(self, queues: Blobs, name: str) -> None:
        if not name.endswith(SUFFIX):
            raise BadUsage(f"{name} is no queue of dead letters.", do=f"name one that ends in {SUFFIX}")
        self._queues = queues
        self._name = name
        self._home = name.removesuffix(SUFFIX)

    def waiting(self) -> Waiting:
        """What waits now, oldest first, hidden from others for ten minutes."""
        found: dict[str, DeadLetter] = {}
        while len(found) < MOST_LETTERS:
            asked = {"numofmessages": str(BATCH), "visibilitytimeout": str(HELD_SECONDS)}
            answer = self._queues.ask("GET", self._name, "messages", query=asked)
            page = b"" if answer is None else answer.data
            if _LIST not in page:
                raise Transient(f"Azure's answer for the messages of {self._name} is none.")
            batch = self._read(page)
            news = batch.keys() - found.keys()
            found |= batch
            if not news:
                break
        return Waiting(tuple(sorted(found.values(), key=lambda letter: letter.published_at)))

    def _read(self, page: bytes) -> dict[str, DeadLetter]:
        try:
            return dict(_letter(written.decode()) for written in _MESSAGE.findall(page))
        except (KeyError, ValueError) as error:
            raise Transient(f"Azure's answer for the messages of {self._name} cannot be read: {error!r}.") from error

    def redrive(self, letter: DeadLetter) -> None:
        """Put it into its own queue, then delete it: a death between the two puts it there twice."""
        held: _Held = letter.handle
        body = f"<QueueMessage><MessageText>{escape(held.text, quote=False)}</MessageText></QueueMessage>".encode()
        self._queues.ask("POST", self._home, "messages", body=body)
        self._queues.ask("DELETE", self._name, held.key, query={"popreceipt": held.receipt}, no=_GONE)

    def leave(self, letters: Sequence[DeadLetter]) -> None:
        """Show these to others again."""
        for letter in letters:
            held: _Held = letter.handle
            asked = {"popreceipt": held.receipt, "visibilitytimeout": "0"}
            self._queues.ask("PUT", self._name, held.key, query=asked, no=_GONE)


def _letter(written: str) -> tuple[str, DeadLetter]:
    told = {name: unescape(value) for name, value in _FIELD.findall(written)}
    held = _Held(f"messages/{told['MessageId']}", told["PopReceipt"], told.get("MessageText", ""))
    at = parsedate_to_datetime(told["InsertionTime"])
    return told["MessageId"], DeadLetter(at, TRIES, UNKNOWN, held)
