"""A metric store asked with a deadline: what it has not answered by then is unknown, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Thread
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


def ask(store: Metrics, questions: Questions, deadline: timedelta) -> Answers:
    """
    Ask a store its questions.

    Args:
        store: Whom to ask.
        questions: What.
        deadline: How long it may take, counted from now.

    Returns:
        An answer for everything that was asked; what had not come in time is unknown.

    Raises:
        Exception: What the store raised that is no error of ours: a mistake in its adapter.
    """
    asking = _Asking(store, questions)
    # A daemon: a store that never answers must not keep the process from ending.
    Thread(target=asking.run, name="metrics", daemon=True).start()
    done, _ = wait([asking.done], timeout=deadline.total_seconds())
    for each in done:
        each.result()
    late = failed(Fault.TIMEOUT, f"No answer within {deadline.total_seconds():g} s.")
    series, versions = dict(asking.series), dict(asking.versions)
    wanted = [(query, window) for window, queries in questions.series.items() for query in queries]
    listed = [query for queries in questions.versions.values() for query in queries]
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
