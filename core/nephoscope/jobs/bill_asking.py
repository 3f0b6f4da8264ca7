"""Asks each cloud's billing API what the job `cost` needs: the month, the months before it, and the models by tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from nephoscope.cost.bill import Bill, Group, Source, merged
from nephoscope.cost.lines import Answer, Known, Line, Unknown
from nephoscope.cost.month import Month
from nephoscope.cost.recommendation import Recommendation
from nephoscope.ports import Advice, Bills


@dataclass(frozen=True, slots=True)
class Asked:
    """What the clouds answered."""

    answers: Mapping[str, Answer]  # of the month
    history: tuple[Line, ...]  # of the months before it and of the month, where they are known
    by_model: tuple[Group, ...]  # of the month

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
        )


def ask(bills: Mapping[str, Bills], month: Month, *, model_tag: str, history_months: int) -> Asked:
    """Ask every cloud; one whose month is unknown is asked nothing further."""
    answers = {cloud: source.lines(str(month)) for cloud, source in bills.items()}
    history: list[Line] = []
    models: list[Group] = []
    for cloud, answer in answers.items():
        if isinstance(answer, Unknown):
            continue
        for earlier in before(month, history_months):
            history += _lines(bills[cloud].lines(str(earlier)))
        history += answer.lines
        tagged = _lines(bills[cloud].lines(str(month), tag=model_tag))
        models += [_group((line.tags[model_tag],), line) for line in tagged if model_tag in line.tags]
    return Asked(answers, tuple(history), tuple(models))


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


def usage(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """What anomalies are sought in: usage that corrects nothing."""
    return tuple(line for line in lines if line.charge == "Usage" and not line.correction)


def _lines(answer: Answer) -> tuple[Line, ...]:
    return answer.lines if isinstance(answer, Known) else ()


def _group(keys: tuple[str | None, ...], line: Line) -> Group:
    return Group(keys, line.provider, line.currency, line.billed, line.effective, line.rows)


def _source(cloud: str, answer: Answer) -> Source:
    if isinstance(answer, Unknown):
        return Source(cloud, "API", "unknown", answer.reason)
    return Source(cloud, "API", "known")
