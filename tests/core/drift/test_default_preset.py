"""The preset `default` is quiet where nothing drifted, and sees what did."""

from collections.abc import Callable

import numpy as np
import pytest
from nephoscope.drift.default_preset import default_choice
from nephoscope.drift.gap import atoms_of
from nephoscope.drift.pair import NotComputable, Pair, Side
from nephoscope.drift.profile import Categories, Column, Floats, Kind
from nephoscope.findings import Verdict, judge

COLUMNS = 200
Draw = Callable[[np.random.Generator, int], Floats]
LAWS: list[Draw] = [
    lambda draw, rows: draw.normal(size=rows),
    lambda draw, rows: draw.lognormal(size=rows),
    lambda draw, rows: np.minimum(draw.zipf(2.0, size=rows), 2**53).astype(float),
]


def numeric(a: Floats, b: Floats) -> Pair:
    """Both samples without loss."""
    return Pair(
        *(
            Side(Column("x", "double", Kind.NUMERIC, numbers=numbers), numbers.finite, table)
            for numbers, table in zip(atoms_of(a, b), ("baseline", "window"), strict=True)
        )
    )


def categorical(a: Floats, b: Floats) -> Pair:
    """The same values as words."""
    sides = []
    for sample, table in ((a, "baseline"), (b, "window")):
        words, counts = np.unique(sample, return_counts=True)
        known = dict(zip((str(word) for word in words), counts.tolist(), strict=True))
        column = Column("x", "string", Kind.CATEGORICAL, categories=Categories(known))
        sides.append(Side(column, len(sample), table))
    return Pair(*sides)


def breaches(of: Pair) -> bool:
    """Whether the column alarms."""
    choice = default_choice(of)
    return judge(choice.value.value, choice.limit) is Verdict.BREACH


def alarms(seed: int, rows: int) -> bool:
    """Whether any of 200 columns alarms, all of them of one law on both sides."""
    draw = np.random.default_rng(seed)
    pairs = (
        numeric(law(draw, rows), law(draw, rows)) if number % 4 else categorical(law(draw, rows), law(draw, rows))
        for number in range(COLUMNS)
        for law in [LAWS[2] if number % 4 == 0 else LAWS[number % 3]]
    )
    return any(breaches(pair) for pair in pairs)


def detections(rows: int, seeds: int) -> dict[int, int]:
    """For each law, in how many of so many seeds a shift of 0.3 standard deviations is seen."""
    found = dict.fromkeys(range(len(LAWS)), 0)
    for seed in range(seeds):
        draw = np.random.default_rng(seed)
        for number, law in enumerate(LAWS):
            a, b = law(draw, rows), law(draw, rows)
            found[number] += breaches(numeric(a, b + 0.3 * a.std()))
    return found


def test_equal_laws_are_quiet_at_a_thousand_rows() -> None:
    """Of 20 pairs of tables of 200 columns, normal, lognormal, Zipf and Zipf words, at most one alarms."""
    assert sum(alarms(seed, 1_000) for seed in range(20)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1_000, 50_000])
def test_equal_laws_alarm_in_at_most_five_percent_of_tables(rows: int) -> None:
    """Two tables of one law with 200 columns alarm in at most 10 of 200 seeds."""
    assert sum(alarms(seed, rows) for seed in range(200)) <= 10


@pytest.mark.parametrize(("rows", "seeds"), [(1_000, 200), (50_000, 40)])
def test_a_shift_of_a_third_of_a_deviation_is_seen(rows: int, seeds: int) -> None:
    """In at least 95 % of the seeds, whatever the law."""
    assert all(count >= 0.95 * seeds for count in detections(rows, seeds).values())


def test_too_few_rows_are_unknown() -> None:
    """Four values against four others tell nothing, however far apart."""
    with pytest.raises(NotComputable, match="too few to tell drift from chance"):
        default_choice(numeric(np.array([0.5, 0.6, 0.55, 0.52]), np.array([0.8, 0.85, 0.82, 0.81])))


def test_words_that_never_repeat_are_judged() -> None:
    """Categories of which each stands once, on one side only, differ by no more than chance gives them."""
    column = np.arange(6_000.0)
    with pytest.raises(NotComputable, match="too few to tell drift from chance"):
        default_choice(categorical(column[:3_000], column[3_000:]))


def test_a_moved_category_is_seen() -> None:
    """A category that takes over a tenth of the rows is a breach, a new one of a thousandth is not drift."""
    draw = np.random.default_rng(0)
    a = draw.integers(0, 5, 5_000).astype(float)
    taken = np.where(draw.uniform(size=5_000) < 0.2, 4.0, a)
    rare = np.where(draw.uniform(size=5_000) < 0.001, 9.0, a)
    assert breaches(categorical(a, taken))
    assert not breaches(categorical(a, rare))
