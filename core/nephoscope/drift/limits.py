"""What a data set's columns are held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nephoscope.findings import Limit, Severity, Verdict, at_least, at_most

SIGNIFICANT_PSI = 0.25  # moderate below

# The checks that a column can be given a limit for, each with how its value is told.
CHECKS: dict[str, str] = {
    "ks": "KS distance {} to the baseline",
    "ks_p": "KS p-value {} against the baseline",
    "wasserstein": "Wasserstein distance {} to the baseline",
    "wasserstein_normed": "Wasserstein distance {} of the baseline's standard deviations",
    "energy": "Energy distance {} to the baseline",
    "psi": "Population stability index {} against the baseline",
    "js": "Jensen-Shannon distance {} (base 2) to the baseline",
    "js_ln": "Jensen-Shannon distance {} (natural logarithm) to the baseline",
    "kl": "Kullback-Leibler divergence {} from the baseline",
    "hellinger": "Hellinger distance {} to the baseline",
    "l_infinity": "Greatest difference {} of a share to the baseline",
    "total_variation": "Total variation distance {} to the baseline",
    "chi2": "Chi-square statistic {} against the baseline",
    "chi2_p": "Chi-square p-value {} against the baseline",
    "z_proportions": "Z statistic {} of the two values' shares",
    "z_proportions_p": "Z test's p-value {} of the two values' shares",
    "mean_diff": "The mean moved by {} from the baseline's",
    "null_share": "A share of {} of the rows is null or NaN",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What every column is judged by; the key "" stands for each that has no entry of its own."""

    preset: str = "default"
    methods: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    drawn: bool = False  # whether each column's distributions are kept for a drawing


@dataclass(frozen=True, slots=True)
class DriftLimits:
    """The limits of one data set."""

    columns: Mapping[str, Mapping[str, Limit]] = field(default_factory=dict)  # column → check → Limit
    rules: Rules | None = None  # by which all columns are judged besides; None where only the above are looked at
    rows: Limit | None = None  # of the window's rows by those of one object of the baseline
    key: tuple[str, ...] = ()  # columns that tell rows apart; the baseline's where there are none
    newest: Mapping[str, Limit] = field(default_factory=dict)  # time column → hours since its newest value

    def each(self) -> Iterator[tuple[str, str, Limit]]:
        """Every column, check and Limit."""
        for column, checks in self.columns.items():
            for check, limit in checks.items():
                yield column, check, limit


def limit_for(check: str, number: float, *, at_limit: Verdict = Verdict.OK) -> Limit:
    """
    The Limit that one number means: distances are good up to it, p-values from it on.

    >>> str(limit_for("ks", 0.1)), str(limit_for("ks_p", 0.05))
    ('at most 0.1', 'at least 0.05')
    """
    return (at_least if check.endswith("_p") else at_most)(number, at_limit=at_limit)


def told(check: str, value: float) -> str:
    """
    A check's value as the beginning of a sentence.

    >>> told("ks", 0.10320914)
    'KS distance 0.1032 to the baseline'
    """
    return CHECKS[check].format(f"{value:.4g}")


def severity_of(check: str, value: float) -> Severity:
    """
    How urgent a breach is; the stability index has two levels by convention.

    >>> str(severity_of("psi", 0.2)), str(severity_of("psi", 0.25)), str(severity_of("ks", 0.9))
    ('medium', 'high', 'medium')
    """
    return Severity.HIGH if check == "psi" and value >= SIGNIFICANT_PSI else Severity.MEDIUM
