"""Every statistic by its name."""

from __future__ import annotations

from collections.abc import Callable

from nephoscope.drift.chi2 import chi2, chi2_p
from nephoscope.drift.energy import energy
from nephoscope.drift.estimate import Estimate
from nephoscope.drift.hellinger import hellinger
from nephoscope.drift.js import js, js_ln
from nephoscope.drift.kl import kl
from nephoscope.drift.ks import ks
from nephoscope.drift.ks_p import ks_p
from nephoscope.drift.l_infinity import l_infinity
from nephoscope.drift.mean_diff import mean_diff
from nephoscope.drift.null_share import null_share
from nephoscope.drift.pair import NotComputable, Pair
from nephoscope.drift.profile import Kind
from nephoscope.drift.psi import psi
from nephoscope.drift.total_variation import total_variation
from nephoscope.drift.wasserstein_normed import wasserstein_normed
from nephoscope.drift.z_proportions import z_proportions, z_proportions_p


def statistic(name: str, of: Pair) -> Estimate:
    """
    Compute a statistic by its name.

    Raises:
        NotComputable: It has no value for these data.
    """
    return STATISTICS[name](of)


def every_statistic(of: Pair) -> dict[str, float | None]:
    """All bare statistics of a column, None where one does not apply."""
    return {name: _or_none(name, of) for name in BARE}


def _or_none(name: str, of: Pair) -> float | None:
    try:
        return statistic(name, of).value
    except NotComputable:
        return None


def _needs(kinds: tuple[Kind, ...], compute: Callable[[Pair], Estimate]) -> Callable[[Pair], Estimate]:
    def computed(of: Pair) -> Estimate:
        if of.kind not in kinds:
            raise NotComputable(f"'{of.name}' is {of.kind}, not {' or '.join(kinds)}.")
        return compute(of)

    return computed


def _wasserstein_normed(of: Pair) -> Estimate:
    deviation = of.numbers[0].deviation
    if deviation is None:
        raise NotComputable(f"The baseline's '{of.name}' has values too large to be squared: no standard deviation.")
    if not deviation:
        raise NotComputable(f"The baseline's '{of.name}' has a standard deviation of 0.0.")
    return wasserstein_normed(of.distance, deviation)


def _mean_diff(of: Pair) -> Estimate:
    before, after = of.numbers
    if before.mean is None or after.mean is None:
        raise NotComputable(f"The values of '{of.name}' are too large to be summed.")
    return Estimate.exact(mean_diff(before.mean, after.mean))


def _ks_p(of: Pair) -> Estimate:
    before, after = of.numbers
    distance = ks(of.gap)
    at = [ks_p(place, before.finite, after.finite) for place in (distance.value, distance.high, distance.low)]
    return Estimate(*at)


def _chi2(of: Pair) -> Estimate:
    return Estimate.exact(chi2(of.categories.baseline, of.categories.window))


def _chi2_p(of: Pair) -> Estimate:
    return _chi2(of).through(lambda value: chi2_p(value, len(of.categories.words) - 1))


def _z_proportions(of: Pair) -> Estimate:
    if of.distinct != 2:
        raise NotComputable(f"'{of.name}' has {of.distinct} distinct values, not two.")
    return Estimate.exact(z_proportions(of.values.baseline, of.values.window))


_NUMERIC = (Kind.NUMERIC,)
_ANY = (Kind.NUMERIC, Kind.CATEGORICAL)

STATISTICS: dict[str, Callable[[Pair], Estimate]] = {
    "ks": _needs(_NUMERIC, lambda of: ks(of.gap)),
    "ks_p": _needs(_NUMERIC, _ks_p),
    "wasserstein": _needs(_NUMERIC, lambda of: of.distance),
    "wasserstein_normed": _needs(_NUMERIC, _wasserstein_normed),
    "energy": _needs(_NUMERIC, lambda of: energy(of.gap)),
    "psi": _needs(_ANY, lambda of: psi(of.shares)),
    "js": _needs(_ANY, lambda of: js(of.shares)),
    "js_ln": _needs(_ANY, lambda of: js_ln(of.shares)),
    "kl": _needs(_ANY, lambda of: kl(of.shares)),
    "hellinger": _needs(_ANY, lambda of: hellinger(of.shares)),
    "l_infinity": _needs(_ANY, lambda of: l_infinity(of.shares)),
    "total_variation": _needs(_ANY, lambda of: total_variation(of.shares)),
    "chi2": _needs((Kind.CATEGORICAL,), _chi2),
    "chi2_p": _needs((Kind.CATEGORICAL,), _chi2_p),
    "z_proportions": _needs(_ANY, _z_proportions),
    "z_proportions_p": _needs(_ANY, lambda of: _z_proportions(of).through(z_proportions_p)),
    "mean_diff": _needs(_NUMERIC, _mean_diff),
    "null_share": lambda of: Estimate.exact(null_share(of.window.column, of.window.rows)),
}

BARE = tuple(name for name in STATISTICS if not name.endswith("_p") and name != "null_share")
