"""What is said of each column by a preset, and of the data set by its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from nephoscope.drift.choice import Choice, Chunk
from nephoscope.drift.default_preset import default_choice
from nephoscope.drift.estimate import Estimate
from nephoscope.drift.evidently_preset import evidently_choice
from nephoscope.drift.limits import Rules, limit_for, told
from nephoscope.drift.null_share import null_share
from nephoscope.drift.pair import NotComputable, NotExact, Pair, Side, paired
from nephoscope.drift.picture import Picture, picture_of
from nephoscope.drift.profile import Kind
from nephoscope.drift.statistics import BARE, every_statistic
from nephoscope.findings import Finding, Limit, Verdict, judge, worst

DRIFTED_SHARE = 0.5  # from which on the preset `evidently` calls a data set drifted

Preset: TypeAlias = Callable[[Pair, str | None], Choice]
LookAgain: TypeAlias = Callable[[Pair], Pair | None]
PRESETS: dict[str, Preset] = {"default": default_choice, "evidently": evidently_choice}


@dataclass(frozen=True, slots=True)
class ColumnJudgement:
    """What is said of one column."""

    column: str
    kind: Kind
    verdict: Verdict = Verdict.UNKNOWN
    reason: str = ""
    method: str | None = None
    value: float | None = None
    bound: float | None = None
    limit: Limit | None = None
    statistics: Mapping[str, float | None] = field(default_factory=lambda: dict.fromkeys(BARE))
    null_shares: tuple[float | None, float | None] = (None, None)  # the baseline's, the window's
    compared: bool = True  # False where the preset looks at no such columns
    weight: float = 1.0
    chunks: tuple[Chunk, ...] | None = None
    picture: Picture | None = None  # where one was asked for
    doubtful: bool = False  # whether the bound leaves the verdict open


def judge_column(
    name: str,
    before: Side | None,
    after: Side | None,
    rules: Rules,
    preset: Preset | None = None,
    again: LookAgain | None = None,
) -> ColumnJudgement:
    """
    Judge one column; what cannot be computed is unknown with its reason.

    Args:
        name: The column's name.
        before: The baseline's side; None where it has no such column.
        after: The window's side; likewise.
        rules: By what to judge.
        preset: The preset, where it is not one of `PRESETS`.
        again: Looks at a column once more, where its limit lies within the bound of its value; None where none can.
    """
    method = rules.methods.get(name, rules.methods.get(""))
    choose = preset or PRESETS[rules.preset]
    blank = blank_judgement(name, before, after, rules)
    try:
        both = paired(before, after, name)
    except NotComputable as why:
        return replace(blank, reason=str(why))
    found = _measured(blank, both, choose, method, rules)
    if again is not None and found.doubtful and (closer := again(both)) is not None:
        return _measured(blank, closer, choose, method, rules)
    return found


def _measured(blank: ColumnJudgement, both: Pair, choose: Preset, method: str | None, rules: Rules) -> ColumnJudgement:
    picture = picture_of(both) if rules.drawn else None
    return chosen(
        replace(blank, statistics=every_statistic(both), picture=picture), lambda: choose(both, method), rules
    )


def blank_judgement(name: str, before: Side | None, after: Side | None, rules: Rules) -> ColumnJudgement:
    """A column of which nothing is said yet."""
    sides = [side for side in (before, after) if side is not None]
    return ColumnJudgement(
        name,
        sides[0].column.kind,
        null_shares=(_null_share(before), _null_share(after)),
        compared=sides[0].column.kind in (Kind.NUMERIC, Kind.CATEGORICAL),
        weight=rules.weights.get(name, rules.weights.get("", 1.0)),
    )


def chosen(blank: ColumnJudgement, choose: Callable[[], Choice], rules: Rules) -> ColumnJudgement:
    """Fill in a method, its value and the verdict, or why there are none."""
    try:
        choice = choose()
    except NotComputable as why:
        return replace(blank, reason=str(why), doubtful=isinstance(why, NotExact))
    limit = choice.limit
    if (number := rules.limits.get(blank.column, rules.limits.get(""))) is not None:
        limit = limit_for(choice.method, number, at_limit=limit.at_limit)
    return replace(
        blank,
        compared=True,
        doubtful=is_doubtful(choice.value, limit),
        verdict=_verdict(choice, limit),
        reason=reason_of(choice.method, choice.value, limit),
        method=choice.method,
        value=choice.value.value,
        bound=choice.value.bound,
        limit=limit,
        chunks=choice.chunks,
    )


def is_doubtful(value: Estimate, limit: Limit) -> bool:
    """Whether a limit lies within the bound of a value."""
    return judge(value.low, limit) is not judge(value.high, limit)


def reason_of(check: str, value: Estimate, limit: Limit) -> str:
    """
    What was measured and expected, and that the bound leaves the verdict open where it does.

    >>> from nephoscope.findings import at_most
    >>> reason_of("ks", Estimate(0.0995, 0.0975, 0.1015), at_most(0.1)).partition(".1 was expected.")[2]
    ' The value is known to ±0.002, which the limit lies within.'
    """
    doubt = (
        f" The value is known to ±{value.bound:.2g}, which the limit lies within." if is_doubtful(value, limit) else ""
    )
    return f"{told(check, value.value)}, {limit} was expected.{doubt}"


def _verdict(choice: Choice, limit: Limit) -> Verdict:
    if choice.chunks is not None:
        return worst([chunk.verdict for chunk in choice.chunks])
    return judge(choice.value.value, limit)


def _null_share(side: Side | None) -> float | None:
    return null_share(side.column, side.rows) if side is not None and side.rows else None


def drifted_share(columns: Sequence[ColumnJudgement]) -> float | None:
    """The weight of the breaching columns by that of all that were compared; None where none was."""
    compared = [column for column in columns if column.verdict is not Verdict.UNKNOWN]
    total = sum(column.weight for column in compared)
    drifted = sum(column.weight for column in compared if column.verdict is Verdict.BREACH)
    return drifted / total if total else None


def dataset_verdict(columns: Sequence[ColumnJudgement], findings: Sequence[Finding], rules: Rules) -> Verdict:
    """
    The data set's verdict: breach before unknown before ok.

    `evidently` breaches from a drifted share of a half on, `nannyml` at any column, `default` at any column or Finding.
    """
    verdicts = [column.verdict for column in columns if column.compared]
    share = drifted_share(columns)
    if rules.preset == "evidently":
        drifted = share is not None and share >= DRIFTED_SHARE
        verdicts = [Verdict.UNKNOWN if verdict is Verdict.UNKNOWN else Verdict.OK for verdict in verdicts]
        verdicts += [Verdict.BREACH] if drifted else []
    elif rules.preset == "default":
        verdicts += [finding.verdict for finding in findings]
    return worst(verdicts) if share is not None else worst([*verdicts, Verdict.UNKNOWN])
