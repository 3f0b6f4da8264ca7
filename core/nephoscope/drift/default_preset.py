"""
The preset `default`: one effect size a column, and never an alarm that chance explains.

An effect counts from 0.1 on: a tenth of the baseline's standard deviations for numbers (normed Wasserstein), a
Jensen-Shannon distance of a tenth for categories. But 0.1 alone alarms on noise: two samples of 1,000 rows of one law
are often further apart. So the limit rises to what chance gives a column in one of 40,000 comparisons:

- The Wasserstein distance of two samples of one law is about the integral of |B(F(x))| times √(1/n + 1/m), B being a
  Brownian bridge, whose standard deviation at x is √(F(1 - F)). The integral of √(H(1 - H)), H being both samples
  together, is thus the scale of the noise, and outliers enter it as they enter the distance.
- Where that noise is more than a quarter of a standard deviation (few rows, heavy tails), the distance is blind, and
  the Kolmogorov-Smirnov distance is taken, whose noise depends on the rows alone.
- The Jensen-Shannon divergence of categories has a mean and a variance when the rows of both samples are shuffled; a
  gamma law of these tells its quantile.

Sources: Bobkov & Ledoux, Memoirs AMS 1259 (2019), section 3; Smirnov, Ann. Math. Stat. 19 (1948) 279-281.
"""

from __future__ import annotations

import math

import numpy as np

from nephoscope.drift.choice import Choice
from nephoscope.drift.gamma import gamma_quantile
from nephoscope.drift.gap import Gap
from nephoscope.drift.js import js_terms
from nephoscope.drift.ks import ks
from nephoscope.drift.limits import limit_for
from nephoscope.drift.pair import NotComputable, Pair
from nephoscope.drift.profile import Floats, Kind, Numbers
from nephoscope.drift.shares import CategoryCounts
from nephoscope.drift.statistics import statistic

EFFECT = 0.1
CHANCE = 2.5e-5  # of a false alarm in one column: half a percent over 200 columns
NOISES = 2.9  # the Wasserstein distance exceeds its noise so many times with less than that chance
BLIND = 0.25  # of a standard deviation
LEAST_COUNT = 64  # from this count on a category's noise is chi-square's

SIGNIFICANCE = 0.05  # of a test that was named without a limit


def default_choice(of: Pair, method: str | None = None) -> Choice:
    """
    Choose a column's method and limit by its kind, its rows and its noise.

    Raises:
        NotComputable: Text and time are not compared; or there are too few rows to tell anything.
    """
    if of.kind not in (Kind.NUMERIC, Kind.CATEGORICAL):
        raise NotComputable(f"'{of.name}' is {of.kind}: it is not compared.")
    if method is not None:
        return Choice(method, statistic(method, of), limit_for(method, plain_limit(method, of)))
    return _categories(of) if of.kind is Kind.CATEGORICAL else _numbers(of)


def plain_limit(method: str, of: Pair) -> float:
    """The limit of a method that was named without one: an effect of 0.1, or a significance of 0.05."""
    if method.endswith("_p"):
        return SIGNIFICANCE
    if method == "chi2":
        freedom = max(len(of.categories.words) - 1, 1)
        return 2 * gamma_quantile(freedom / 2, SIGNIFICANCE)
    return 1.959964 if method == "z_proportions" else EFFECT


def _numbers(of: Pair) -> Choice:
    before, after = of.numbers
    deviation = before.deviation
    if deviation:
        chance = NOISES * wasserstein_noise(of.gap, before, after) / deviation
        if chance <= BLIND:
            limit = limit_for("wasserstein_normed", max(EFFECT, chance))
            return Choice("wasserstein_normed", statistic("wasserstein_normed", of), limit)
    chance = math.sqrt(-math.log(CHANCE / 2) / 2 * (1 / before.finite + 1 / after.finite))
    _check_rows(of, chance, before.finite, after.finite)
    return Choice("ks", ks(of.gap), limit_for("ks", max(EFFECT, chance)))


def wasserstein_noise(gap: Gap, before: Numbers, after: Numbers) -> float:
    """The scale of the Wasserstein distance that chance makes between two samples of one law."""
    n, m = before.finite, after.finite
    both = (np.cumsum(before.counts) + np.cumsum(after.counts)) / (n + m)
    noise = np.sqrt(np.clip(both * (1 - both), 0, None))
    if not (before.atoms and after.atoms):
        noise = (noise + np.concatenate(([0.0], noise[:-1]))) / 2
    return float((noise * gap.width).sum()) * math.sqrt(1 / n + 1 / m)


def _categories(of: Pair) -> Choice:
    chance = js_noise(of.categories)
    _check_rows(of, chance, int(of.categories.baseline.sum()), int(of.categories.window.sum()))
    return Choice("js", statistic("js", of), limit_for("js", max(EFFECT, chance)))


def _check_rows(of: Pair, chance: float, n: int, m: int) -> None:
    if chance > 1 - 1e-9:
        raise NotComputable(f"'{of.name}' has {n:,} and {m:,} values: too few to tell drift from chance.")


def js_noise(counts: CategoryCounts) -> float:
    """The Jensen-Shannon distance (base 2) that shuffled rows exceed with the probability `CHANCE`."""
    n, m = int(counts.baseline.sum()), int(counts.window.sum())
    totals, times = np.unique(counts.baseline + counts.window, return_counts=True)
    mean = variance = 0.0
    for total, count in zip(totals.tolist(), times.tolist(), strict=True):
        one_mean, one_variance = _term_noise(total, n, m)
        mean += count * one_mean
        variance += count * one_variance
    if not variance:  # as when no word stands twice and both sides have as many rows
        return math.sqrt(mean / math.log(2))
    return math.sqrt(gamma_quantile(mean * mean / variance, CHANCE) * variance / mean / math.log(2))


def _term_noise(total: int, n: int, m: int) -> tuple[float, float]:
    """Mean and variance of a category's part of the divergence, in nats, its rows being dealt out by chance."""
    if total >= LEAST_COUNT:
        mean = (1 / n + 1 / m) / 8 * (1 - total / (n + m))
        return mean, 2 * mean * (1 / n + 1 / m) / 8
    dealt = np.arange(total + 1)
    terms = js_terms(dealt / n, (total - dealt) / m)
    chances = _binomial(total, n / (n + m))
    mean = float(np.dot(chances, terms))
    return mean, float(np.dot(chances, np.square(terms - mean)))


def _binomial(total: int, share: float) -> Floats:
    return np.array(
        [math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(total + 1)], dtype=np.float64
    )
