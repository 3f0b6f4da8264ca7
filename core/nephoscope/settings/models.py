"""Which models are watched: one description for all clouds, and what differs in each."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType, field

from nephoscope.findings import Direction, Severity
from nephoscope.monitoring.adaptive import Adaptive
from nephoscope.monitoring.canary import Trial
from nephoscope.monitoring.n_of_m import Patience
from nephoscope.monitoring.query import Statistic
from nephoscope.monitoring.reference import Reference
from nephoscope.settings.datasets import LimitSetting
from nephoscope.settings.durations import Duration, duration
from nephoscope.settings.section import Cloud, Name, Runbook, Section, Text

MetricName: TypeAlias = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_]*$", title="a metric's name: lower-case letters, digits and '_'")
]
ThisLimit: TypeAlias = Annotated[
    LimitSetting,
    Meta(
        description="What its values are held against.",
        extra_json_schema={"oneOf": [{"required": [b]} for b in ("at_most", "at_least", "between")]},
    ),
]
Count: TypeAlias = Annotated[int, Meta(ge=1, title="a whole number, at least 1")]


class Spelling(Section, frozen=True, kw_only=True):
    """How one cloud spells a metric, where that differs from the store's usual way."""

    namespace: Annotated[Text, Meta(description="Its namespace, tables, or path before the last '/'.")] | UnsetType = (
        UNSET
    )
    name: Annotated[Text, Meta(description="Its name there.")] | UnsetType = UNSET
    labels: Annotated[dict[str, str], Meta(description="All of its labels, the model's too.")] | UnsetType = UNSET
    resource: Annotated[Text, Meta(description="The id of the Azure resource whose own metric it is.")] | UnsetType = (
        UNSET
    )


class ReferenceSetting(Section, frozen=True, kw_only=True):
    """A limit that a stated past gives: mean ± k standard deviations."""

    past: Annotated[Duration, Meta(description="How far back the past reaches before the judged periods.")] = "14d"
    k: Annotated[
        float, Meta(gt=0, title="a number above 0", description="How many standard deviations from the mean are good.")
    ] = 3.0
    direction: Annotated[
        Literal["at_least", "at_most", "between"], Meta(description="To which side of it good values lie.")
    ] = "between"

    def reference(self) -> Reference:
        """The Reference as the checks take it."""
        return Reference(duration(self.past), self.k, Direction(self.direction))


class AdaptiveSetting(Section, frozen=True, kw_only=True):
    """A limit that adapts: a period breaches where it stands out from its past, as `series anomalies` tells."""

    past: Annotated[Duration, Meta(description="What is usual: two days of it must be known, and 150 periods.")] = "4w"
    direction: Annotated[
        Literal["at_least", "at_most", "between"], Meta(description="Whether only falls, only rises or both breach.")
    ] = "between"

    def adaptive(self) -> Adaptive:
        """The rule as the checks take it."""
        return Adaptive(duration(self.past), Direction(self.direction))


class CanarySetting(Section, frozen=True, kw_only=True):
    """A new version that serves beside the old one, and when it is good enough."""

    stable: Annotated[Text, Meta(description="The old version.")]
    canary: Annotated[Text, Meta(description="The new version.")]
    metric: Annotated[MetricName, Meta(description="What they are compared by.")] = "accuracy"
    better: Annotated[Literal["higher", "lower"], Meta(description="Which values of it are better.")] = "higher"
    tolerance: Annotated[
        float, Meta(ge=0, title="a number, at least 0", description="How much worse is still good enough.")
    ] = 0.0
    periods: Annotated[Count, Meta(description="Over how many of the metric's periods; at least 6 tell anything.")] = 24
    least_predictions: Annotated[
        int, Meta(ge=0, title="a whole number", description="How many predictions each must rest on.")
    ] = 0

    def trial(self, model: str, cloud: str) -> Trial:
        """The Trial as the checks take it."""
        return Trial(
            model,
            self.metric,
            cloud,
            self.stable,
            self.canary,
            self.better == "higher",
            self.tolerance,
            self.least_predictions,
        )


class Metric(Section, frozen=True, kw_only=True):
    """One metric of a model; without a limit, a reference and an adaptive limit it is only read."""

    limit: ThisLimit | UnsetType = UNSET
    reference: Annotated[ReferenceSetting, Meta(description="A limit that its past gives.")] | UnsetType = UNSET
    adaptive: Annotated[AdaptiveSetting, Meta(description="A limit that adapts to its past.")] | UnsetType = UNSET
    spread: (
        Annotated[
            float, Meta(ge=0, title="a number, at least 0", description="How far apart the clouds' values may be.")
        ]
        | UnsetType
    ) = UNSET
    statistic: Annotated[
        Literal["mean", "sum", "min", "max"], Meta(description="How the samples of a period become one value.")
    ] = "mean"
    period: Annotated[Duration, Meta(description="The length of a period, in whole minutes.")] = "1h"
    breaches: Annotated[Count, Meta(description="How many of the last `of` periods make a breach.")] = 1
    of: Annotated[Count, Meta(description="How many of the last periods are judged.")] = 1
    severity: Annotated[Literal["low", "medium", "high"], Meta(description="How urgent a breach is.")] = "medium"
    spelled: Annotated[dict[Cloud, Spelling], Meta(description="How a cloud spells it differently.")] = field(
        default_factory=dict
    )

    def statistics(self) -> Statistic:
        """The statistic as a Query takes it."""
        return Statistic(self.statistic)

    def patience(self) -> Patience:
        """
        How many periods must breach.

        Raises:
            ValueError: More than are judged.
        """
        return Patience(self.breaches, self.of)

    def urgency(self) -> Severity:
        """The severity of a breach."""
        return Severity(self.severity)


def _accuracy() -> dict[str, Metric]:
    return {"accuracy": Metric(limit=LimitSetting(at_least=0.85))}


class Model(Section, frozen=True, kw_only=True):
    """A model that is served in one or several clouds."""

    clouds: Annotated[list[Cloud], Meta(description="Where it is served; in every metric store when absent.")] = field(
        default_factory=list
    )
    names: Annotated[dict[Cloud, Text], Meta(description="Its name in a cloud where that is another one.")] = field(
        default_factory=dict
    )
    metrics: Annotated[dict[MetricName, Metric], Meta(description="Its metrics.")] = field(default_factory=_accuracy)
    weight: (
        Annotated[MetricName, Meta(description="The metric that counts its predictions, for weighing clouds.")]
        | UnsetType
    ) = UNSET
    least_predictions: Annotated[
        int, Meta(ge=0, title="a whole number", description="With fewer a cloud says nothing of the spread.")
    ] = 0
    serving: (
        Annotated[MetricName, Meta(description="The metric whose newest version label tells which version is served.")]
        | UnsetType
    ) = UNSET
    datasets: Annotated[
        tuple[Name, ...],
        Meta(
            title="a list of data sets", description="The data sets it feeds on; their findings are told with its own."
        ),
    ] = ()
    feature_views: Annotated[
        tuple[Name, ...],
        Meta(
            title="a list of feature views", description="The views it is served; their findings are told with its own."
        ),
    ] = ()
    runbook: Runbook | UnsetType = UNSET
    canary: Annotated[CanarySetting, Meta(description="A new version that serves beside the old one.")] | UnsetType = (
        UNSET
    )


Models: TypeAlias = dict[Name, Model]
