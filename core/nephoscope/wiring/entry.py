"""
What stands between a cloud's trigger and a job: one JSON log line a run, with the same keys everywhere.

A `Permanent` error is logged and acknowledged, for being called again cannot help; everything else is raised, so that
the Event is delivered again. Elsewhere `Exception` is caught only where code of others raises it (`jobs/send.py`,
`adapters/feast/encoding.py`) and at the end of the command line, which shows it.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from nephoscope.errors import BadPayload, Permanent, Unauthorised
from nephoscope.events import Event
from nephoscope.outbox import correlation_id, run_id
from nephoscope.payloads.reading import Ignored, Read
from nephoscope.report import Report, counts

LOGGER = logging.getLogger("nephoscope")

# Every line has these keys; what a run does not know is null.
KEYS = (
    "time",
    "level",
    "message",
    "job",
    "cloud",
    "outcome",
    "event_id",
    "run_id",
    "correlation_id",
    "scope",
    "findings",
    "coverage",
    "duration_ms",
    "settings_hash",
    "error",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """Runs jobs for one cloud."""

    cloud: str
    settings_hash: str = ""

    def run(self, job: str, event: Event, work: Callable[[], Report]) -> Report | None:
        """
        Run a job for an Event and log one line.

        Returns:
            Its Report; None where the error was permanent: logged, and not to be tried again.

        Raises:
            Exception: Whatever else went wrong, after it was logged.
        """
        started = time.perf_counter()
        facts: dict[str, Any] = {
            "job": job,
            "event_id": event.id,
            "run_id": run_id(event, job),
            "correlation_id": correlation_id(event),
        }
        try:
            report = work()
        except Permanent as error:
            self._log("refused", started, facts, error=str(error))
            return None
        except Exception as error:
            self._log("failed", started, facts, error=f"{type(error).__name__}: {error}")
            raise
        about = {"correlation_id": report.correlation_id, "scope": report.scope, "findings": counts(report.findings)}
        self._log("done", started, facts | about | {"coverage": str(report.coverage)})
        return report

    def each(self, job: str, read: Callable[[], Iterable[Read]], work: Callable[[Event], Report]) -> None:
        """
        Run a job for every Event of a payload; what is ignored or refused is logged, and costs no other Event.

        Raises:
            Exception: The first error that was not permanent, after every Event had its turn.
        """
        failures: list[Exception] = []
        for one in self._read(job, read):
            try:
                self.run(job, one, partial(work, one))
            except Exception as error:  # noqa: BLE001 - raised again below
                failures.append(error)
        if failures:
            raise failures[0]

    def turn(self, job: str, work: Callable[[], object]) -> None:
        """
        Do what the clock alone sets off, and log one line.

        Raises:
            Exception: Whatever went wrong, after it was logged.
        """
        started = time.perf_counter()
        with self.opening(job):
            work()
        self._log("done", started, {"job": job})

    def turn_away(self, job: str, error: Unauthorised | BadPayload) -> None:
        """Log who may not come in, or what nobody can read: nothing is opened for them."""
        self._log("refused", time.perf_counter(), {"job": job}, error=str(error))

    @contextmanager
    def opening(self, job: str) -> Iterator[None]:
        """Log what goes wrong while there is no Event to run for, and raise it."""
        started = time.perf_counter()
        try:
            yield
        except Exception as error:
            self._log("failed", started, {"job": job}, error=f"{type(error).__name__}: {error}")
            raise

    def _read(self, job: str, read: Callable[[], Iterable[Read]]) -> Iterator[Event]:
        started = time.perf_counter()
        try:
            found = read()
        except BadPayload as error:
            found = (error,)
        for one in found:
            if isinstance(one, BadPayload):
                self._log("refused", started, {"job": job}, error=str(one))
            elif isinstance(one, Ignored):
                self._log("ignored", started, {"job": job}, error=one.what)
            else:
                yield one

    def _log(self, outcome: str, started: float, facts: dict[str, Any], *, error: str | None = None) -> None:
        known = {
            **facts,
            "message": "run",
            "cloud": self.cloud,
            "outcome": outcome,
            "duration_ms": round((time.perf_counter() - started) * 1000, 1),
            "settings_hash": self.settings_hash,
            "error": error,
        }
        level = logging.ERROR if outcome in ("refused", "failed") else logging.INFO
        LOGGER.log(level, "run", extra={"facts": known})


class JsonLines(logging.Formatter):
    """One line of JSON a record; control characters are escaped, so that no name can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write every key, null where it is not known."""
        known: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        return json.dumps({key: known.get(key) for key in KEYS}, ensure_ascii=True)


def log_to_stderr() -> None:
    """Send our log lines to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
