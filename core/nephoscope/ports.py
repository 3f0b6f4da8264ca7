"""What the core needs of the world, one small Protocol a need. Adapters implement them, wiring chooses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NewType, Protocol

if TYPE_CHECKING:  # a function imports what it uses, and no port makes it import more
    from nephoscope.alerts.messages import Message
    from nephoscope.cost.bill import Bill
    from nephoscope.cost.lines import Answer as BillAnswer
    from nephoscope.cost.lines import Unknown as UnknownBill
    from nephoscope.cost.recommendation import Recommendation
    from nephoscope.drift.profile import Profile
    from nephoscope.events import ObjectRef
    from nephoscope.features.counts import Counted
    from nephoscope.features.plan import Window as EventTimes
    from nephoscope.features.reading import Reading
    from nephoscope.features.rows import Rows, Stored, Written
    from nephoscope.features.view import View
    from nephoscope.monitoring.answer import Answer, Variants
    from nephoscope.monitoring.query import Query, Window
    from nephoscope.monitoring.sample import Sample

Version = NewType("Version", str)
MOST_LETTERS = 1_000  # dead letters that one look takes: each is held in memory, and hidden for minutes in a queue


class Lost(Enum):
    """A conditional write that came too late; nothing was written."""

    EXISTS = "exists"
    CONFLICT = "conflict"


class Clock(Protocol):
    """The time, aware and in UTC."""

    def now(self) -> datetime:
        """Tell the time."""
        ...


class State(Protocol):
    """
    Small records under conditional writes: the ledger, the Alerts, the Baselines.

    Keys are text with `/`; bodies are bytes. `replace` of a key that is not there is a conflict. Every call raises
    `Transient` where the store does not answer and `Permanent` where it refuses.
    """

    def create(self, key: str, body: bytes) -> Version | Literal[Lost.EXISTS]:
        """Write a record that must not exist yet."""
        ...

    def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read a record and its version; None when there is none."""
        ...

    def replace(self, key: str, version: Version, body: bytes) -> Version | Literal[Lost.CONFLICT]:
        """Write a record whose version must still be the one given."""
        ...

    def list(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Every key that starts with `prefix` and is greater than `after`, in lexical order of its code points."""
        ...


class Topic(Protocol):
    """The one central alert topic, which delivers at least once."""

    def publish(self, body: bytes, *, attributes: Mapping[str, str]) -> None:
        """Hand one message over; returning means that the topic has it."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up."""

    published_at: datetime
    tries: int  # as far as its place counts them
    error: str  # why it was given up, or what is known of that
    handle: Any  # what its place finds it by


@dataclass(frozen=True, slots=True)
class Waiting:
    """The dead letters of a place."""

    letters: tuple[DeadLetter, ...]  # the oldest first
    staying: Mapping[str, int] = field(default_factory=dict)  # why some cannot be sent again and what to do: how many


class DeadLetters(Protocol):
    """
    Where what nobody could take in waits for a person.

    Every call raises `Transient` where the place does not answer or refuses.
    """

    def waiting(self) -> Waiting:
        """Tell what waits now, about `MOST_LETTERS` at most; a queue hides it from others until it is left."""
        ...

    def redrive(self, letter: DeadLetter) -> None:
        """Give it new tries: sent first and removed then, so that a death between the two sends it twice."""
        ...

    def leave(self, letters: Sequence[DeadLetter]) -> None:
        """Leave these where they are, for others to see."""
        ...


class Objects(Protocol):
    """The objects of one cloud's buckets."""

    def fetch(self, ref: ObjectRef, into: Path, *, most_bytes: int) -> int:
        """
        Copy the content that an Event named into a file, unless it is larger; returns its size in bytes.

        Raises:
            BadPayload: That content is not there any more.
            Transient: The store does not answer.
        """
        ...


class Secrets(Protocol):
    """Where a cloud keeps what nobody may read in a configuration."""

    def read(self, name: str) -> str:
        """
        The value of a secret.

        Raises:
            Transient: It cannot be read, or not yet.
        """
        ...


class Tables(Protocol):
    """Tables in objects, told as Profiles."""

    def profile(
        self,
        table: ObjectRef,
        *,
        like: Profile | None = None,
        expected: str | None = None,
        key: tuple[str, ...] = (),
    ) -> Profile:
        """
        Profile a landed table, over the bins of `like` where one is given.

        A table of another format than `expected` is none. Rows that repeat a `key`, that of `like` where none is given,
        are counted.

        Raises:
            Unreadable: The object is there and is no table that can be profiled.
            Transient: The store does not answer.
        """
        ...


class Baselines(Protocol):
    """The stored versions of each data set's Baseline."""

    def current(self, dataset: str) -> tuple[Profile, str] | None:
        """The current Profile and its version's name; None where none was ever promoted."""
        ...

    def promote(self, dataset: str, profile: Profile) -> str:
        """Store a Profile as the data set's current Baseline; returns its version's name."""
        ...


class Metrics(Protocol):
    """One cloud's metric store."""

    def points(self, queries: Sequence[Query], window: Window) -> Mapping[Query, Answer]:
        """
        Answer every query: its series over the window, or why there is none. Nothing that a store does raises.

        A Point is stamped with the start of its period, whatever the store stamps it with.
        """
        ...

    def variants(self, queries: Sequence[Query], label: str, window: Window) -> Mapping[Query, Variants]:
        """The same queries with each value that the store has of one more label, or why they are not known."""
        ...


class MetricWriter(Protocol):
    """What writes model metrics into one cloud's store, the way its Metrics reads them."""

    def batches(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        """Divide samples into calls that the service takes, each sample in one, in an order that it takes."""
        ...

    def put(self, batch: Sequence[Sample]) -> None:
        """
        Write one batch, by one call that is not repeated; returning means that all of it is written.

        Raises:
            Permanent: Refused, and not to be tried again; the message says what of it.
            Uncertain: It may be written.
            Transient: It is certainly not written.
        """
        ...


class Bills(Protocol):
    """One cloud's own account of what it charges."""

    def lines(self, month: str, *, tag: str = "") -> BillAnswer:
        """
        Tell a month's charges ("2026-05", of the billing period, in UTC) by day and service, or by the values of a tag.

        Nothing that a service does raises, and nothing of it reads as 0: half an answer is unknown.
        """
        ...

    def usage_by_account(self, month: str) -> BillAnswer:
        """Tell a month's usage by day, service and account: asked where `lines` tell no account."""
        ...


class Advice(Protocol):
    """What a cloud itself recommends to spend less."""

    def recommendations(self) -> tuple[Recommendation, ...] | UnknownBill:
        """All of them that are open, or why they are not known; half of them are not known."""
        ...


class Deliveries(Protocol):
    """Exported bills, as a cloud delivers them: a manifest, and the files that it lists."""

    def read(self, manifest: ObjectRef, *, by: Sequence[str], tags: Mapping[str, Collection[str]]) -> Bill:
        """
        Read the files that a landed manifest lists, in groups by some keys; one that cannot be read is unknown in it.

        Its month is the delivery's own, None where neither manifest nor folder tells it. Each key of `tags` is added up
        by day and value too: the dearest values, and those that are named.

        Raises:
            BadPayload: The manifest is not there any more.
            Transient: The store does not answer.
        """
        ...


class Channel(Protocol):
    """A chat room, a mailbox or a webhook."""

    def send(self, message: Message) -> str:
        """
        Deliver one Message; returning means that the channel accepted it. The answer is what the channel calls it,
        "" where it can be neither edited nor answered.

        Raises:
            Transient: Not now (throttled, unreachable, ambiguous); `retry_after_seconds` where it said when.
            Permanent: Never (gone, forbidden, refused as malformed).
        """
        ...


class FeatureTables(Protocol):
    """Where the rows of feature views are computed to."""

    def read(self, view: View, window: EventTimes, *, landed: ObjectRef | None = None) -> Reading:
        """
        Read the rows of a window, the newest one of each entity, of one landed file or of all.

        Raises:
            Unreadable: The source is there and cannot be read as what the view describes.
            Transient: It does not answer.
        """
        ...


class OnlineStore(Protocol):
    """
    The online store of one cloud; of two rows of one entity the newer one wins, whichever is written last.

    Every call raises `Transient` where the store does not answer and `Permanent` where it refuses.
    """

    @property
    def atomic(self) -> bool:
        """Whether runs that overlap cannot undo one another; else a writer holds a lease on the view."""
        ...

    @property
    def batch_rows(self) -> int:
        """How many rows it writes best at once; 0 where batches may be as small as they come."""
        ...

    def prepare(self, view: View) -> None:
        """Make what the view's rows are kept in, where it is not there."""
        ...

    def write(self, view: View, rows: Rows) -> Written:
        """Write a batch in which no entity comes twice; rows older than what is stored are left alone."""
        ...

    def read(self, view: View, keys: Sequence[bytes]) -> list[Stored | None]:
        """Read the rows of some entities, by their serialized keys, in their order; a key may come twice."""
        ...


class Serving(Protocol):
    """What an application asks for features."""

    def features(self, names: Sequence[str], entity: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for one entity's features; None for what has no value."""
        ...


class Engine(Protocol):
    """What materialises a view that one machine cannot."""

    def materialize(self, view: View, window: EventTimes) -> tuple[Counted, Written, list[bytes]]:
        """
        Read a window and write it online.

        Returns:
            The rows in, the rows out, and the serialized keys of some of them.
        """
        ...
