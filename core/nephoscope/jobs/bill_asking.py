"""Asks each cloud's billing API what the job `cost` needs: the month, the months before it, and the models by tag."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
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


def ask(bills: Mapping[str, Bills], month: Month, *, tags: Collection[str], history_months: int) -> Asked:
    """Ask every cloud, also by each tag; one whose month is unknown is asked nothing further."""
    answers = {cloud: source.lines(str(month)) for cloud, source in bills.items()}
    earlier = before(month, history_months)
    history: list[Line] = []
    tagged: dict[str, list[Line]] = {key: [] for key in tags}
    untold: dict[tuple[str, str], str] = {}
    for cloud, answer in answers.items():
        if isinstance(answer, Unknown):
            continue
        for one in earlier:
            history += _lines(bills[cloud].lines(str(one)))
        history += answer.lines
        for key, lines in tagged.items():
            by_tag = bills[cloud].lines(str(month), tag=key)
            if isinstance(by_tag, Unknown):
                untold[key, cloud] = by_tag.reason
                continue
            for one in earlier:
                lines += _lines(bills[cloud].lines(str(one), tag=key))
            lines += by_tag.lines
    return Asked(answers, tuple(history), {key: tuple(lines) for key, lines in tagged.items()}, untold)


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
