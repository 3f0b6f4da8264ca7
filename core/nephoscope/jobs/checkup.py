"""Whether what a configuration names answers: one call a probe, and no probe leaves anything behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from nephoscope.errors import NephoscopeError


class Outcome(StrEnum):
    """What became of a probe."""

    OK = "ok"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that has to answer. Without `ask` it is not tried, and `do` says what would try it."""

    kind: str  # "source", "right", "topic", "channel", "secret" or "schedule"
    name: str  # as the configuration spells it
    call: str  # the call that asks it
    ask: Callable[[], str] | None  # the answer, for people; raises where there is none
    do: str  # what to do where it fails or is not tried


@dataclass(frozen=True, slots=True)
class Checkup:
    """A probe and what it was answered."""

    kind: str
    name: str
    call: str
    outcome: Outcome
    answer: str
    do: str  # empty where there is nothing to do


def examine(probes: Iterable[Probe], *, show: Callable[[Probe], None] = lambda _: None) -> list[Checkup]:
    """Ask every probe, `show` told of each before; one that fails costs no other its answer."""

    def asked(probe: Probe) -> Checkup:
        show(probe)
        return _examined(probe)

    return [asked(probe) for probe in probes]


def _examined(probe: Probe) -> Checkup:
    if probe.ask is None:
        return Checkup(probe.kind, probe.name, probe.call, Outcome.NOT_TRIED, "", probe.do)
    try:
        return Checkup(probe.kind, probe.name, probe.call, Outcome.OK, probe.ask(), "")
    except NephoscopeError as error:
        said, do = error.what, f"{error.do}; else {probe.do}" if not error.do.startswith("nothing") else probe.do
    except Exception as error:  # noqa: BLE001  whatever is wrong is what a doctor is asked for; it never reads as ok
        said, do = f"{type(error).__name__}: {error}", probe.do
    return Checkup(probe.kind, probe.name, probe.call, Outcome.FAILED, said.strip().split("\n")[0], do)
