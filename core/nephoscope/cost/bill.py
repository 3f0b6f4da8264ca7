"""A bill as it was read: its lines, its groups, and what became of each of its sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from nephoscope.cost.lines import Answer, Known, Line, Unknown
from nephoscope.cost.money import total
from nephoscope.cost.resource_use import ResourceUse

KEYS = ("provider", "service", "category", "region", "account", "resource", "day", "month")
TAG = "tag:"
LAST = "\U0010ffff"  # sorts behind every text
UNTOLD = "unknown"  # the provider of a source that does not tell it

Place: TypeAlias = tuple[str, str | None, str | None, date | None]
View: TypeAlias = Literal["", "both", "actual", "amortised"]


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a bill, or one answer of an API."""

    name: str
    dialect: str  # "FOCUS 1.2", "CUR"; "" where it could not be told
    status: Literal["known", "unknown", "superseded"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The sum of the charges that share the values of the keys asked for."""

    keys: tuple[str | None, ...]
    provider: str
    currency: str
    billed: Decimal | None
    effective: Decimal | None
    rows: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What was read of all sources."""

    by: tuple[str, ...]
    month: str | None
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    daily: tuple[Line, ...]  # usage that corrects nothing, by day, service and account: where anomalies are sought
    sources: tuple[Source, ...]
    uses: tuple[ResourceUse, ...] = ()  # the dearest resources: what recommendations rest on
    tagged: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)  # by tag key: all charges by day and value
    by_account: tuple[Line, ...] = ()  # like `daily`, again, of providers whose `daily` tells no account

    @property
    def answers(self) -> Mapping[str, Answer]:
        """
        Answer for each provider; what a source that could not be read held is unknown, whoever's it was.

        A provider whose bills say nothing of the month asked for is unknown: nothing seen is not nothing charged.
        """
        answers: dict[str, Answer] = {}
        for provider, lines in sorted(_by_provider(self.lines).items()):
            asked = tuple(line for line in lines if self.month in (None, line.month))
            answers[provider] = Known(asked, _complete_until(asked)) if asked else Unknown(self._outside(lines))
        reasons = [source.reason for source in self.sources if source.status == "unknown"]
        if reasons:
            answers[UNTOLD] = Unknown(" ".join(reasons))
        return answers

    @property
    def of_its_month(self) -> tuple[Line, ...]:
        """The lines of the month asked for; all of them where none was."""
        return tuple(line for line in self.lines if self.month in (None, line.month))

    @property
    def other_months(self) -> Mapping[str, list[str]]:
        """By provider, the months that its bills tell of beside the one asked for."""
        found: dict[str, set[str]] = defaultdict(set)
        for line in self.lines:
            if self.month is not None and line.month not in (None, self.month):
                found[line.provider].add(line.month or "")
        return {provider: sorted(months) for provider, months in found.items()}

    def _outside(self, lines: Sequence[Line]) -> str:
        months = sorted({line.month for line in lines if line.month})
        told = f"they tell of {months[0]} to {months[-1]}" if months else "they tell of no month"
        return f"the bills hold no charge of {self.month}; {told}"


def _by_provider(lines: Iterable[Line]) -> dict[str, list[Line]]:
    result: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        result[line.provider].append(line)
    return result


def _complete_until(lines: Sequence[Line]) -> datetime | None:
    return max((line.until for line in lines if line.until is not None), default=None)


def joined(lines: Sequence[Line], groups: Sequence[Group]) -> tuple[list[Line], list[Group]]:
    """
    Join the actual and the amortised view of one bill: each tells one measure, and they are never added.

    A line that lacks a measure stands for nothing of it where the other view of its account and month tells it. Groups
    follow where that completes every line of their provider.
    """
    whole = completed(lines)
    gaps = {line.provider for line in whole if line.billed is None or line.effective is None}
    return whole, [group if group.provider in gaps else _filled(group) for group in groups]


def completed(lines: Sequence[Line]) -> list[Line]:
    """Let a line stand for nothing of the measure that it lacks, where another view of its place tells it."""
    told: dict[str, set[Place]] = {"billed": set(), "effective": set()}
    for line in lines:
        for measure, places in told.items():
            if getattr(line, measure) is not None:
                places.add(_place(line))
    return [_completed(line, told) for line in lines]


def _filled(group: Group) -> Group:
    nothing = Decimal(0)
    billed = nothing if group.billed is None else group.billed
    effective = nothing if group.effective is None else group.effective
    return replace(group, billed=billed, effective=effective)


def _place(line: Line) -> Place:
    return line.provider, line.account, line.month, line.day


def _completed(line: Line, told: Mapping[str, set[Place]]) -> Line:
    gaps = {
        measure: Decimal(0)
        for measure, places in told.items()
        if getattr(line, measure) is None and _place(line) in places
    }
    return replace(line, **gaps) if gaps else line  # type: ignore[arg-type]


def merged(groups: Iterable[Group]) -> list[Group]:
    """
    Add groups of equal keys and currency, in the order of their keys.

    Azure writes one id in several cases: its ids are the same whatever their case, and the first spelling is shown.
    """
    found: dict[tuple[object, ...], list[Group]] = {}
    for group in groups:
        keys = group.keys
        if group.provider == "azure":
            keys = tuple(key.lower() if key else key for key in keys)
        found.setdefault((keys, group.currency), []).append(group)
    return sorted((_added(parts) for parts in found.values()), key=_order)


def _order(group: Group) -> tuple[object, ...]:
    """By the values of the keys, those without one last."""
    return tuple(LAST if key is None else key for key in group.keys), group.currency


def _added(parts: list[Group]) -> Group:
    if len(parts) == 1:
        return parts[0]
    return replace(
        min(parts, key=lambda part: [key or "" for key in part.keys]),
        billed=_known_sum([part.billed for part in parts]),
        effective=_known_sum([part.effective for part in parts]),
        rows=sum(part.rows for part in parts),
    )


def _known_sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return total(known) if len(known) == len(amounts) else None
