"""What telling people takes, as the wiring hands it to the hub's jobs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from nephoscope import records
from nephoscope.alerts.groups import Why
from nephoscope.alerts.inhibition import InhibitRule
from nephoscope.alerts.intervals import Interval
from nephoscope.alerts.routes import Route
from nephoscope.alerts.silences import PREFIX as SILENCES
from nephoscope.alerts.silences import Silence
from nephoscope.alerts.streams import PREFIX as STREAMS
from nephoscope.alerts.streams import Expected, Stream, stream_key
from nephoscope.ports import Channel, Clock, State
from nephoscope.records import Memory

READERS = 16  # records read at the same time

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """The records, the routes, the Channels and the rules of delivery."""

    state: State
    clock: Clock
    route: Route
    channels: Mapping[str, Channel]
    send_resolved: Mapping[str, bool] = field(default_factory=dict)
    machines: frozenset[str] = frozenset()  # the Channels that no people read: a notice of a silence is not for them
    fallback: tuple[str, ...] = ()  # the Channels that tell what another one could not, in order
    lease: timedelta = timedelta(minutes=5)
    give_up_after: timedelta = timedelta(hours=24)
    most_tries: int = 20
    inhibit_rules: tuple[InhibitRule, ...] = ()
    time_intervals: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()  # those of the configuration
    runbook: Callable[[Mapping[str, str]], str] = lambda _: ""  # the page for an Alert of these labels
    stores: Mapping[str, str] = field(default_factory=dict)  # each cloud's store, for links to the evidence
    watches: Callable[[Mapping[str, str]], bool] = lambda _: True  # whether the configuration has what labels name
    expected: Callable[[datetime], Sequence[Expected]] = lambda _: ()  # the streams that its timers make come
    cloud: str = "local"
    settings_hash: str = ""
    memory: Memory = field(default_factory=Memory)  # of the streams that this process wrote
    worker: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """Who tells what a dead Channel cannot: those the configuration names, else every other one."""
        return self.fallback or tuple(self.channels)

    def stand_ins_for(self, why: Why) -> tuple[str, ...]:
        """The same, of such a Message."""
        return tuple(name for name in self.stand_ins if why is not Why.NOTICE or name not in self.machines)

    def all_silences(self) -> list[Silence]:
        """Those of the configuration and those that people made; one that cannot be read keeps nothing back."""
        stored = read_all(self.state, list(self.state.list(SILENCES)), Silence, readable=True)
        return [*self.silences, *stored.values()]

    def streams(self, names: Iterable[str]) -> dict[str, Stream]:
        """The streams of these names, as far as they have records."""
        found = read_all(self.state, [stream_key(name) for name in names], Stream)
        return {stream.name: stream for stream in found.values()}

    def stream_names(self) -> Iterator[str]:
        """The name of every stream the hub knows."""
        return (key.removeprefix(STREAMS).removesuffix(".json") for key in self.state.list(STREAMS))

    def each_stream(self, *, readable: bool = False) -> Iterator[Stream]:
        """Every stream, some at a time; with `readable`, those of a later version's records are passed over."""
        names = self.stream_names()
        while some := [stream_key(name) for name in islice(names, READERS * 4)]:
            yield from read_all(self.state, some, Stream, readable=readable).values()


def read_all(state: State, keys: Sequence[str], kind: type[T], *, readable: bool = False) -> dict[str, T]:
    """Read many records, several at a time: object storage answers each of them late, and all of them at once."""

    def read(key: str) -> T | None:
        try:
            return records.read(state, key, kind)
        except records.NewerRecord:
            if readable:
                return None
            raise

    if len(keys) < READERS:
        found = [read(key) for key in keys]
    else:
        with ThreadPoolExecutor(READERS) as threads:
            found = list(threads.map(read, keys))
    return {key: record for key, record in zip(keys, found, strict=True) if record is not None}
