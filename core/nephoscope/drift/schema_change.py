"""Which columns came, went, or changed their type since the Baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from nephoscope.drift.profile import Column, Kind, Profile
from nephoscope.findings import Finding, Severity, Verdict

CHECK = "drift.schema"
ALIKE = 0.6  # names of which this share of letters agrees may be a rename
MOST_PAIRS = 10_000  # that are looked at for a likely rename: where more came and went, it is another table
MOST_NAMED = 20  # of each kind of change; the rest is counted
CLIPPED = 80  # letters of a name


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """The difference between two tables' columns, by name."""

    missing: tuple[str, ...]
    new: tuple[str, ...]
    retyped: tuple[tuple[str, str, str], ...]  # name, the baseline's type, the window's
    renamed: tuple[tuple[str, str], ...]  # likely: a missing name, a new one; they stand in the other two as well

    def __bool__(self) -> bool:
        return bool(self.missing or self.new or self.retyped)


def schema_change(baseline: Profile, window: Profile) -> SchemaChange:
    """Compare the columns of two tables; their order does not matter."""
    before = {column.name: column for column in baseline.columns}
    after = {column.name: column for column in window.columns}
    missing = tuple(name for name in before if name not in after)
    new = tuple(name for name in after if name not in before)
    return SchemaChange(
        missing,
        new,
        tuple(
            (name, column.physical, after[name].physical)
            for name, column in before.items()
            if name in after and retyped(column, after[name])
        ),
        tuple(_renames([before[name] for name in missing], [after[name] for name in new])),
    )


def retyped(before: Column, after: Column) -> bool:
    """
    Whether a column's values are of another nature than its Baseline's; a column of nulls has none yet.

    >>> retyped(Column("a", "int64", Kind.NUMERIC), Column("a", "double", Kind.NUMERIC))
    False
    >>> retyped(Column("a", "int64", Kind.NUMERIC), Column("a", "string", Kind.CATEGORICAL))
    True
    """
    if "null" in (before.physical, after.physical):
        return False
    return _nature(before) != _nature(after)


def _nature(column: Column) -> str:
    if column.kind in (Kind.CATEGORICAL, Kind.TEXT):
        return "truth" if column.physical == "bool" else "words"
    return column.physical if column.kind is Kind.OPAQUE else column.kind


def _renames(missing: list[Column], new: list[Column]) -> list[tuple[str, str]]:
    """Pair columns of one nature whose names are alike, the likeliest first, each once."""
    if len(missing) * len(new) > MOST_PAIRS:
        return []
    likely = sorted(
        (
            (_likeness(old.name, other.name), old.name, other.name)
            for old in missing
            for other in new
            if not retyped(old, other)
        ),
        reverse=True,
    )
    pairs: list[tuple[str, str]] = []
    for likeness, old, other in likely:
        taken = {name for pair in pairs for name in pair}
        if likeness >= ALIKE and not {old, other} & taken:
            pairs.append((old, other))
    return pairs


def _likeness(a: str, b: str) -> float:
    return SequenceMatcher(None, a.lower(), b.lower(), autojunk=False).ratio()


def schema_finding(baseline: Profile, window: Profile, *, dataset: str) -> Finding:
    """The one Finding on a table's columns: ok, or a breach that names what changed."""
    change = schema_change(baseline, window)
    evidence = {
        "missing": _some([_clipped(name) for name in change.missing]),
        "new": _some([_clipped(name) for name in change.new]),
        "retyped": _some(
            [f"{_clipped(name)}: {_clipped(old)} to {_clipped(new)}" for name, old, new in change.retyped]
        ),
        "renamed": _some([f"{_clipped(old)} to {_clipped(new)}" for old, new in change.renamed]),
    }
    return Finding(
        CHECK,
        dataset,
        Verdict.BREACH if change else Verdict.OK,
        _sentence(change) or f"All {len(baseline.columns)} columns are as in the baseline.",
        severity=Severity.HIGH if change.missing or change.retyped else Severity.MEDIUM,
        labels={"dataset": dataset},
        evidence={key: text for key, text in evidence.items() if text},
    )


def _sentence(change: SchemaChange) -> str:
    renamed = {name for pair in change.renamed for name in pair}
    missing = [name for name in change.missing if name not in renamed]
    new = [name for name in change.new if name not in renamed]
    kinds = [
        [f"'{_clipped(old)}' is gone and '{_clipped(name)}' is new: likely renamed" for old, name in change.renamed],
        [f"'{_clipped(name)}' is missing" for name in missing],
        [f"'{_clipped(name)}' is new" for name in new],
        [f"'{_clipped(name)}' changed from {_clipped(old)} to {_clipped(to)}" for name, old, to in change.retyped],
    ]
    parts = [_some(said, "; ") for said in kinds if said]
    return "; ".join(parts) + "." if parts else ""


def _some(said: Sequence[str], between: str = ", ") -> str:
    """The first of them, and how many more: a Finding has to fit into a message."""
    more = len(said) - MOST_NAMED
    return between.join([*said[:MOST_NAMED], *([f"{more:,} more"] if more > 0 else [])])


def _clipped(name: str) -> str:
    return name if len(name) <= CLIPPED else f"{name[:CLIPPED]}…"
