"""
What a model costs for what it does: per 1,000 predictions and per point of accuracy, side by side across clouds.

Cost comes from the bills by the model's tag, predictions and quality from monitoring. Where one of them is missing, the
quotient is unknown; nothing is divided by a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

from nephoscope.cost.money import plain

_DIGITS = Context(prec=12)


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What monitoring knows of one model in one cloud over the month; None where it does not."""

    predictions: int | None
    accuracy: float | None  # 0 to 1


@dataclass(frozen=True, slots=True)
class UnitCost:
    """One model in one cloud; None is unknown, and `reason` says why."""

    model: str
    cloud: str
    currency: str | None
    cost: Decimal | None
    predictions: int | None
    accuracy: float | None
    per_thousand: Decimal | None
    per_point: Decimal | None  # of accuracy: one hundredth
    reason: str

    @property
    def document(self) -> dict[str, str | int | float | None]:
        """The unit cost as JSON writes it."""
        return {
            "model": self.model,
            "cloud": self.cloud,
            "currency": self.currency,
            "cost": _text(self.cost),
            "predictions": self.predictions,
            "accuracy": self.accuracy,
            "cost_per_1000_predictions": _text(self.per_thousand),
            "cost_per_accuracy_point": _text(self.per_point),
            "reason": self.reason or None,
        }


def unit_costs(
    costs: Mapping[tuple[str, str], Mapping[str, Decimal]], uses: Mapping[tuple[str, str], ModelUse]
) -> list[UnitCost]:
    """
    Join cost with use.

    Args:
        costs: By (model, cloud): a sum per currency; a pair that is not there is unknown.
        uses: By (model, cloud).

    Returns:
        Every pair that either knows, by model and then cloud.

    >>> found = unit_costs({("m", "aws"): {"USD": Decimal(12)}}, {("m", "aws"): ModelUse(24_000, 0.8)})[0]
    >>> str(found.per_thousand), str(found.per_point)
    ('0.5', '0.15')
    """
    pairs = sorted({*costs, *uses})
    return [_unit_cost(model, cloud, costs.get((model, cloud)), uses.get((model, cloud))) for model, cloud in pairs]


def _unit_cost(model: str, cloud: str, sums: Mapping[str, Decimal] | None, use: ModelUse | None) -> UnitCost:
    currency, cost = next(iter(sums.items())) if sums and len(sums) == 1 else (None, None)
    predictions, accuracy = (use.predictions, use.accuracy) if use else (None, None)
    return UnitCost(
        model,
        cloud,
        currency,
        cost,
        predictions,
        accuracy,
        per_thousand=_DIGITS.divide(cost * 1_000, Decimal(predictions)) if cost is not None and predictions else None,
        per_point=_DIGITS.divide(cost, Decimal(str(accuracy)) * 100) if cost is not None and accuracy else None,
        reason="; ".join(_reasons(sums, cost, predictions, accuracy)),
    )


def _reasons(
    sums: Mapping[str, Decimal] | None, cost: Decimal | None, predictions: int | None, accuracy: float | None
) -> list[str]:
    reasons = []
    if cost is None:
        reasons.append("its cost is in several currencies" if sums else "no bill names it by its tag")
    if not predictions:
        reasons.append("it made no prediction" if predictions == 0 else "its predictions are not known")
    if not accuracy:
        reasons.append("its accuracy is 0" if accuracy == 0 else "its accuracy is not known")
    return reasons


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
