"""Asks each cloud's billing API what the job `cost` needs: the month and those before it, also by tag and account."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import chain

from nephoscope.cost.bill import Bill, Group, Source, merged
from nephoscope.cost.daily import usage
from nephoscope.cost.lines import Answer, Known, Line, Unknown
from nephoscope.cost.month import Month
from nephoscope.cost.recommendation import Recommendation
from nephoscope.ports import Advice, Bills
from nephoscope.report import Coverage


@dataclass(frozen=True, slots=True)
class Asked:
    """What the clouds answered."""

    answers: Mapping[str, Answer]  # of the month
    history: tuple[Line, ...]  # of the months before it and of the month, where they are known
    tagged: Mapping[str, tuple[Line, ...]]  # by tag key, over the same months
    by_account: tuple[Line, ...]  # usage over the same months, of clouds whose other lines tell no account
    untold: Mapping[tuple[str, str], str]  # by tag key and cloud: why the month's tags are not known
    unanswered: Mapping[str, str]  # by what was asked beside the months ("aws 2026-04", "aws by team in 2026-05"): why

    @property
    def bill(self) -> Bill:
        """The month as one bill, its groups by provider and service."""
        known = [line for answer in self.answers.values() if isinstance(answer, Known) for line in answer.lines]
        beside = [Source(name, "API", "unknown", reason) for name, reason in self.unanswered.items()]
        return Bill(
            by=("provider", "service"),
            month=None,
            lines=tuple(known),
            groups=tuple(merged(_group((line.provider, line.service), line) for line in known)),
            daily=usage(self.history),
            sources=(*(_source(cloud, answer) for cloud, answer in self.answers.items()), *beside),
            tagged=self.tagged,
            by_account=usage(self.by_account),
        )

    @property
    def coverage(self) -> Coverage:
        """One source a cloud, and each further question that was not answered."""
        silent = [cloud for cloud, answer in self.answers.items() if isinstance(answer, Unknown)]
        missing = (*silent, *self.unanswered)
        return Coverage(len(self.answers) + len(self.unanswered), len(self.answers) - len(silent), missing)


@dataclass(frozen=True, slots=True)
class _Told:
    """What one question was answered over the months."""

    lines: tuple[Line, ...]
    untold: Mapping[str, str]  # by month: why it is not known


_NOTHING = _Told((), {})


@dataclass(frozen=True, slots=True)
class _One:
    """What one cloud answered."""

    answer: Answer
    history: _Told = _NOTHING
    tagged: Mapping[str, _Told] = field(default_factory=dict)
    by_account: _Told = _NOTHING

    def unanswered(self, cloud: str) -> Iterator[tuple[str, str]]:
        """What was not answered beside the month, and why."""
        for month, reason in self.history.untold.items():
            yield f"{cloud} {month}", reason
        for name, told in (*self.tagged.items(), ("account", self.by_account)):
            for month, reason in told.untold.items():
                yield f"{cloud} by {name} in {month}", reason


def ask(bills: Mapping[str, Bills], month: Month, *, tags: Collection[str], history_months: int) -> Asked:
    """Ask every cloud at once, also by each tag and by account; one whose month is unknown is asked nothing further."""
    earlier = [str(one) for one in before(month, history_months)]
    with ThreadPoolExecutor(max(1, len(bills)), thread_name_prefix="bills") as clouds:
        told = clouds.map(lambda source: _ask(source, str(month), earlier, tags), bills.values())
        found = dict(zip(bills, told, strict=True))
    each = found.values()
    return Asked(
        {cloud: one.answer for cloud, one in found.items()},
        _lines(one.history for one in each),
        {key: _lines(one.tagged[key] for one in each if key in one.tagged) for key in tags},
        _lines(one.by_account for one in each),
        {
            (key, cloud): told.untold[str(month)]
            for cloud, one in found.items()
            for key, told in one.tagged.items()
            if str(month) in told.untold
        },
        dict(pair for cloud, one in found.items() for pair in one.unanswered(cloud)),
    )


def _lines(told: Iterable[_Told]) -> tuple[Line, ...]:
    return tuple(chain.from_iterable(one.lines for one in told))


def _ask(source: Bills, month: str, earlier: Sequence[str], tags: Collection[str]) -> _One:
    answer = source.lines(month)
    if isinstance(answer, Unknown):
        return _One(answer)
    history = _over(earlier, source.lines)
    months = (*earlier, month)
    tagged = {key: _over(months, partial(source.lines, tag=key)) for key in tags}
    told = any(line.account for line in answer.lines)
    by_account = _NOTHING if told or not answer.lines else _over(months, source.usage_by_account)
    return _One(answer, replace(history, lines=(*history.lines, *answer.lines)), tagged, by_account)


def _over(months: Sequence[str], question: Callable[[str], Answer]) -> _Told:
    """Ask for each month, the newest first; where that is not known the earlier ones are not asked for."""
    lines: list[Line] = []
    for month in reversed(months):
        answer = question(month)
        if isinstance(answer, Unknown):
            return _Told(tuple(lines), {month: answer.reason})
        lines[:0] = answer.lines
    return _Told(tuple(lines), {})


def heeded(bill: Bill, advice: Mapping[str, Advice]) -> tuple[list[Recommendation], Bill]:
    """Ask each cloud for its own recommendations; one that does not answer is a source that is unknown."""
    found: list[Recommendation] = []
    sources = list(bill.sources)
    for cloud, adviser in advice.items():
        answer = adviser.recommendations()
        if isinstance(answer, Unknown):
            sources.append(Source(f"{cloud} recommendations", "API", "unknown", answer.reason))
        else:
            found += answer
    return found, replace(bill, sources=tuple(sources))


def before(month: Month, count: int) -> list[Month]:
    """
    The months before one, the oldest first.

    >>> [str(earlier) for earlier in before(Month.of("2026-01"), 2)]
    ['2025-11', '2025-12']
    """
    found: list[Month] = []
    for _ in range(count):
        month = Month((month.first - timedelta(days=1)).replace(day=1))
        found.insert(0, month)
    return found


def _group(keys: tuple[str | None, ...], line: Line) -> Group:
    return Group(keys, line.provider, line.currency, line.billed, line.effective, line.rows)


def _source(cloud: str, answer: Answer) -> Source:
    if isinstance(answer, Unknown):
        return Source(cloud, "API", "unknown", answer.reason)
    return Source(cloud, "API", "known")
