"""Several metric stores asked at the same time, each with a deadline: one that hangs costs its own answer alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Thread
from time import monotonic
from typing import TypeAlias

from nephoscope.errors import NephoscopeError
from nephoscope.monitoring.answer import Answer, Fault, Series, Unknown, failed
from nephoscope.monitoring.query import Query, Window
from nephoscope.ports import Metrics

Versions: TypeAlias = Mapping[str, Series] | Unknown


@dataclass(frozen=True, slots=True)
class Questions:
    """What one store is asked: series, and which versions of some series there are."""

    series: Mapping[Window, Sequence[Query]]
    versions: Mapping[Window, Sequence[Query]] = field(default_factory=dict)
    version_label: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What it answered; what it did not answer in time is unknown."""

    series: Mapping[tuple[Query, Window], Answer]
    versions: Mapping[Query, Versions]


@dataclass(slots=True)
class _Asking:
    """One store's questions, and its answers as they come in."""

    store: Metrics
    questions: Questions
    deadline: timedelta
    series: dict[tuple[Query, Window], Answer] = field(default_factory=dict)
    versions: dict[Query, Versions] = field(default_factory=dict)
    done: Future[None] = field(default_factory=Future)

    def run(self) -> None:
        try:
            for window, queries in self.questions.series.items():
                self.series |= _series(self.store, queries, window)
            for window, queries in self.questions.versions.items():
                self.versions |= _versions(self.store, queries, window, self.questions.version_label)
        except Exception as error:  # noqa: BLE001  carried to the asking thread, which raises it
            self.done.set_exception(error)
        else:
            self.done.set_result(None)


def ask(
    stores: Mapping[str, Metrics], questions: Mapping[str, Questions], deadlines: Mapping[str, timedelta]
) -> dict[str, Answers]:
    """
    Ask each store its questions.

    Args:
        stores: Cloud → store.
        questions: Cloud → what it is asked; each of these clouds has a store.
        deadlines: Cloud → how long it may take, counted from now.

    Returns:
        Cloud → an answer for everything that was asked; what had not come in time is unknown.

    Raises:
        Exception: What a store raised that is no error of ours: a mistake in its adapter.
    """
    asking = {cloud: _Asking(stores[cloud], asked, deadlines[cloud]) for cloud, asked in questions.items()}
    for cloud, each in asking.items():
        # A daemon: a store that never answers must not keep the process from ending.
        Thread(target=each.run, name=f"metrics-{cloud}", daemon=True).start()
    started = monotonic()
    return {cloud: _collected(each, started) for cloud, each in asking.items()}


def _collected(asking: _Asking, started: float) -> Answers:
    left = asking.deadline.total_seconds() - (monotonic() - started)
    done, _ = wait([asking.done], timeout=max(left, 0.0))
    for each in done:
        each.result()
    late = failed(Fault.TIMEOUT, f"No answer within {asking.deadline.total_seconds():g} s.")
    series, versions = dict(asking.series), dict(asking.versions)
    wanted = [(query, window) for window, queries in asking.questions.series.items() for query in queries]
    listed = [query for queries in asking.questions.versions.values() for query in queries]
    return Answers(
        {key: series.get(key, late) for key in wanted}, {query: versions.get(query, late) for query in listed}
    )


def _series(store: Metrics, queries: Sequence[Query], window: Window) -> dict[tuple[Query, Window], Answer]:
    try:
        told = store.points(queries, window)
    except NephoscopeError as error:
        told = dict.fromkeys(queries, failed(Fault.SERVICE, error.what))
    return {(query, window): answer for query, answer in told.items()}


def _versions(store: Metrics, queries: Sequence[Query], window: Window, label: str) -> dict[Query, Versions]:
    try:
        variants = store.variants(queries, label, window)
        known = [each for found in variants.values() if not isinstance(found, Unknown) for each in found]
        points = store.points(known, window) if known else {}
    except NephoscopeError as error:
        return dict.fromkeys(queries, failed(Fault.SERVICE, error.what))
    return {query: _by_version(found, points, label) for query, found in variants.items()}


def _by_version(found: Sequence[Query] | Unknown, points: Mapping[Query, Answer], label: str) -> Versions:
    if isinstance(found, Unknown):
        return found
    told: dict[str, Series] = {}
    for each in found:
        answer = points[each]
        if isinstance(answer, Unknown):
            return answer
        told[dict(each.labels)[label]] = answer
    return told
