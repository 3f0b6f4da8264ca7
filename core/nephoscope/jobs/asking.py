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
from nephoscope.monitoring.answer import Answer, Fault, failed
from nephoscope.monitoring.query import Query, Window
from nephoscope.ports import Metrics

Questions: TypeAlias = Mapping[Window, Sequence[Query]]
Answers: TypeAlias = Mapping[tuple[Query, Window], Answer]


@dataclass(slots=True)
class _Asking:
    """One store's questions, and its answers as they come in."""

    store: Metrics
    questions: Questions
    deadline: timedelta
    answers: dict[tuple[Query, Window], Answer] = field(default_factory=dict)
    done: Future[None] = field(default_factory=Future)

    def run(self) -> None:
        try:
            for window, queries in self.questions.items():
                self.answers |= _answers(self.store, queries, window)
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
        questions: Cloud → window → queries, for clouds that have a store.
        deadlines: Cloud → how long it may take, counted from now.

    Returns:
        Cloud → an answer for every query and window; what had not come in time is unknown.

    Raises:
        Exception: What a store raised that is no error of ours: a mistake in its adapter.
    """
    asking = {
        cloud: _Asking(stores[cloud], asked, deadlines[cloud]) for cloud, asked in questions.items() if cloud in stores
    }
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
    known = dict(asking.answers)
    keys = [(query, window) for window, queries in asking.questions.items() for query in queries]
    return {key: known.get(key, late) for key in keys}


def _answers(store: Metrics, queries: Sequence[Query], window: Window) -> dict[tuple[Query, Window], Answer]:
    try:
        told = store.points(queries, window)
    except NephoscopeError as error:
        told = dict.fromkeys(queries, failed(Fault.SERVICE, error.what))
    return {(query, window): answer for query, answer in told.items()}
