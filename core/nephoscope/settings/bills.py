"""Where each cloud tells what it charges, what may be spent, and what is looked at in a bill."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, UnsetType, field

from nephoscope.cost.money import budget
from nephoscope.errors import BadUsage
from nephoscope.settings.section import Cloud, Name, Runbook, Section, Text

Money: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9]+(\.[0-9]+)? [A-Z]{3}$", title="an amount and its currency, such as '1000 USD'")
]
Currency: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", title="a currency such as USD")]
Share: TypeAlias = Annotated[float, Meta(gt=0, le=1, title="a share, more than 0 and at most 1")]
Rate: TypeAlias = Annotated[float, Meta(gt=0, title="a rate, more than 0")]


class CostExplorer(Section, frozen=True, kw_only=True):
    """AWS Cost Explorer, asked with the function's own account."""

    pages: Annotated[
        int,
        Meta(ge=1, title="a number of pages, at least 1", description="The most pages of a call; each costs $0.01."),
    ] = 20
    recommendations: Annotated[bool, Meta(description="Whether the Cost Optimization Hub is asked too.")] = False


class CostManagement(Section, frozen=True, kw_only=True):
    """Azure Cost Management."""

    scope: Annotated[Text, Meta(description="/subscriptions/ID, or the path of a billing account or resource group.")]
    recommendations: Annotated[
        bool, Meta(description="Whether Azure Advisor is asked too; the scope is then a subscription.")
    ] = False


class BillingExport(Section, frozen=True, kw_only=True):
    """Google's billing export in BigQuery."""

    table: Annotated[Text, Meta(description="The table: project.dataset.gcp_billing_export_v1_…")]
    focus: Annotated[bool, Meta(description="Whether it is the FOCUS table.")] = False
    project: Annotated[Text, Meta(description="Where the query runs and is paid for; the table's own when absent.")] | (
        UnsetType
    ) = UNSET
    most_gib: Annotated[
        float, Meta(gt=0, title="GiB, more than 0", description="The most GiB that one query may read.")
    ] = 20.0
    recommenders: Annotated[
        tuple[Text, ...],
        Meta(
            title="a list of recommenders",
            description="Recommenders that are asked too: projects/P/locations/L/recommenders/R.",
        ),
    ] = ()


class Look(Section, frozen=True, kw_only=True):
    """What is told of daily cost."""

    money: Annotated[
        float,
        Meta(
            ge=0, title="an amount, 0 or more", description="Anomalies of less, in the bill's currency, are left out."
        ),
    ] = 10.0
    percent: Annotated[
        float,
        Meta(ge=0, title="percent, 0 or more", description="Anomalies of less than this of what was expected, too."),
    ] = 20.0
    history_months: Annotated[
        int,
        Meta(
            ge=0,
            le=12,
            title="0 to 12 months",
            description="How many earlier months are asked for, to know what is usual.",
        ),
    ] = 2


class Bills(Section, frozen=True, kw_only=True):
    """One source a cloud; a cloud without one is not asked."""

    aws: Annotated[CostExplorer, Meta(description="AWS Cost Explorer.")] | UnsetType = UNSET
    azure: Annotated[CostManagement, Meta(description="Azure Cost Management.")] | UnsetType = UNSET
    gcp: Annotated[BillingExport, Meta(description="Google's billing export.")] | UnsetType = UNSET
    model_tag: Annotated[Text, Meta(description="The tag whose value is a model's name.")] = "model"
    tags: Annotated[
        tuple[Text, ...],
        Meta(
            title="a list of tag keys",
            description="Further tags whose values are watched, such as team; each is a question more for each month.",
        ),
    ] = ()
    anomalies: Annotated[Look, Meta(description="What is told of daily cost.")] = Look()


class Budget(Section, frozen=True, kw_only=True):
    """What may be spent in a calendar month."""

    amount: Annotated[Money, Meta(description="How much, in its currency.")]
    provider_share: Annotated[Share, Meta(description="How much of it one cloud may take.")] | UnsetType = UNSET
    cloud: Annotated[Cloud, Meta(description="The one cloud it is for; all when absent.")] | UnsetType = UNSET
    model: Annotated[Text, Meta(description="The one model it is for, by its tag.")] | UnsetType = UNSET
    tag: (
        Annotated[
            dict[Text, Text],
            Meta(
                min_length=1,
                max_length=1,
                title="one tag and its value, such as {team: research}",
                description="The one tag whose charges it is for: {team: research}.",
                extra_json_schema={"format": "nephoscope-tag"},
            ),
        ]
        | UnsetType
    ) = UNSET

    runbook: Runbook | UnsetType = UNSET

    def __post_init__(self) -> None:
        try:
            budget(self.amount)
        except BadUsage as error:
            raise ValueError(error.what.rstrip(".")) from error
        if self.model is not UNSET and self.tag is not UNSET:
            raise ValueError("a budget is for a model or for a tag, not for both")


class ExchangeRates(Section, frozen=True, kw_only=True):
    """What one unit of each currency is worth in one of them; without it no two currencies are added."""

    into: Annotated[Currency, Meta(description="The currency that sums are converted into.")]
    worth: Annotated[dict[Currency, Rate], Meta(description="One unit of each other currency: {EUR: 1.08}.")] = field(
        default_factory=dict
    )


Budgets: TypeAlias = dict[
    Name, Annotated[Budget, Meta(title="a budget", extra_json_schema={"format": "nephoscope-budget"})]
]
