"""
The tables that the peers and this package are both given.

Made by `numpy.random.RandomState`, whose streams are frozen for ever, so that a peer's answer of last year is still an
answer about the same table.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

SIZES = {"small": (700, 500), "large": (3_000, 2_500), "one_small": (900, 12_000)}
NANNYML = (3_000, 2_000)


def tables(size: tuple[int, int], seed: int) -> tuple[pa.Table, pa.Table]:
    """A baseline and a window with a column for each turn that the peers' rules take."""
    draw = np.random.RandomState(seed)
    return tuple(pa.table(_columns(draw, rows, moved)) for rows, moved in zip(size, (False, True), strict=True))


def _columns(draw: np.random.RandomState, rows: int, moved: bool) -> dict[str, pa.Array]:
    normal = draw.normal(size=rows)
    holes = np.where(draw.uniform(size=rows) < 0.1, np.nan, draw.normal(0.3 * moved, 1, size=rows))
    endless = draw.normal(size=rows)
    endless[:3] = np.inf, -np.inf, np.nan
    letters = draw.choice(list("abcde"), p=[0.4, 0.3, 0.2, 0.05, 0.05], size=rows)
    return {
        "same": pa.array(normal),
        "near": pa.array(draw.normal(0.095 * moved, 1, size=rows)),
        "shifted": pa.array(draw.normal(0.5 * moved, 1, size=rows)),
        "wider": pa.array(draw.normal(0, 1 + 0.2 * moved, size=rows)),
        "lognormal": pa.array(draw.lognormal(0.05 * moved, 1, size=rows)),
        "tiny": pa.array(draw.normal(1e-5 * moved, 1e-4, size=rows)),
        "holes": pa.array(holes, mask=np.isnan(holes)),
        "endless": pa.array(endless),
        "constant": pa.array(np.full(rows, 7.5)),
        "two_numbers": pa.array(draw.choice([0.0, 1.0], p=[0.7 - 0.06 * moved, 0.3 + 0.06 * moved], size=rows)),
        "four_numbers": pa.array(draw.choice([1.0, 2.0, 3.0, 4.0], size=rows)),
        "seven_numbers": pa.array(draw.randint(0, 7, size=rows).astype(float)),
        "two_integers": pa.array(draw.randint(0, 2, size=rows)),
        "ten_integers": pa.array(draw.randint(0, 10, size=rows)),
        "twelve_integers": pa.array(draw.randint(0, 12, size=rows)),
        "integers_with_holes": pa.array([None if i % 9 == 0 else i % 8 for i in draw.randint(0, 900, size=rows)]),
        "new_integer": pa.array(draw.randint(0, 5 + moved, size=rows)),
        "two_words": pa.array(draw.choice(["no", "yes"], p=[0.6, 0.4], size=rows)),
        "letters": pa.array(letters),
        "moved_letters": pa.array(np.where(draw.uniform(size=rows) < 0.15 * moved, "e", letters)),
        "new_letter": pa.array(np.where(draw.uniform(size=rows) < 0.02 * moved, "z", letters)),
        "letters_with_holes": pa.array([None if hole else a for a, hole in zip(letters, np.isnan(holes), strict=True)]),
        "many_words": pa.array([f"w{k}" for k in np.minimum(draw.zipf(1.6, size=rows), 60)]),
        "truths": pa.array(draw.uniform(size=rows) < 0.5 + 0.1 * moved),
        "text": pa.array([f"row {k}" for k in draw.permutation(rows)]),
        "at": pa.array(draw.randint(0, 10**9, size=rows).astype("datetime64[s]")),
    }
