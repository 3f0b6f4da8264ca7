"""Asks each cloud's billing API what the job `cost` needs: the month, the months before it, and the models by tag."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

from nephoscope.cost.bill import Bill, Group, Source, merged
from nephoscope.cost.daily import usage
from nephoscope.cost.lines import Answer, Known, Line, Unknown
from nephoscope.cost.month import Month
from nephoscope.cost.recommendation import Recommendation
from nephoscope.ports import Advice, Bills


@dataclass(frozen=True, slots=True)
class Asked:
    """What the clouds answered."""

    answers: Mapping[str, Answer]  # of the month
    history: tuple[Line, ...]  # of the months before it and of the month, where they are known
    tagged: Mapping[str, tuple[Line, ...]]  # by tag key, over the same months
    untold: Mapping[tuple[str, str], str]  # by tag key and cloud: why the month's tags are not known

    @property
    def bill(self) -> Bill:
        """The month as one bill, its groups by provider and service."""
        known = [line for answer in self.answers.values() if isinstance(answer, Known) for line in answer.lines]
        return Bill(
            by=("provider", "service"),
            month=None,
            lines=tuple(known),
            groups=tuple(merged(_group((line.provider, line.service), line) for line in known)),
            daily=usage(self.history),
            sources=tuple(_source(cloud, answer) for cloud, answer in self.answers.items()),
            tagged=self.tagged,
        )


@dataclass(frozen=True, slots=True)
class _One:
    """What one cloud answered."""

    answer: Answer
    history: tuple[Line, ...] = ()
    tagged: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)
    untold: Mapping[str, str] = field(default_factory=dict)  # by tag key


def ask(bills: Mapping[str, Bills], month: Month, *, tags: Collection[str], history_months: int) -> Asked:
    """Ask every cloud at once, also by each tag; one whose month is unknown is asked nothing further."""
    earlier = [str(one) for one in before(month, history_months)]
    with ThreadPoolExecutor(max(1, len(bills)), thread_name_prefix="bills") as clouds:
        told = clouds.map(lambda source: _ask(source, str(month), earlier, tags), bills.values())
        found = dict(zip(bills, told, strict=True))
    return Asked(
        {cloud: one.answer for cloud, one in found.items()},
        tuple(line for one in found.values() for line in one.history),
        {key: tuple(line for one in found.values() for line in one.tagged.get(key, ())) for key in tags},
        {(key, cloud): reason for cloud, one in found.items() for key, reason in one.untold.items()},
    )


def _ask(source: Bills, month: str, earlier: Sequence[str], tags: Collection[str]) -> _One:
    answer = source.lines(month)
    if isinstance(answer, Unknown):
        return _One(answer)
    history = [line for one in earlier for line in _lines(source.lines(one))]
    tagged: dict[str, tuple[Line, ...]] = {}
    untold: dict[str, str] = {}
    for key in tags:
        by_tag = source.lines(month, tag=key)
        if isinstance(by_tag, Unknown):
            untold[key] = by_tag.reason
        else:
            before_it = [line for one in earlier for line in _lines(source.lines(one, tag=key))]
            tagged[key] = (*before_it, *by_tag.lines)
    return _One(answer, (*history, *answer.lines), tagged, untold)


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


def _lines(answer: Answer) -> tuple[Line, ...]:
    return answer.lines if isinstance(answer, Known) else ()


def _group(keys: tuple[str | None, ...], line: Line) -> Group:
    return Group(keys, line.provider, line.currency, line.billed, line.effective, line.rows)


def _source(cloud: str, answer: Answer) -> Source:
    if isinstance(answer, Unknown):
        return Source(cloud, "API", "unknown", answer.reason)
    return Source(cloud, "API", "known")
