"""The whole file: one strict mapping for all clouds."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import UNSET, Meta, UnsetType, field

from nephoscope.settings.bills import Bills, Budgets, ExchangeRates
from nephoscope.settings.channels import Channel
from nephoscope.settings.datasets import DataSet, Tables
from nephoscope.settings.durations import Duration
from nephoscope.settings.features import Features
from nephoscope.settings.metric_stores import MetricStores
from nephoscope.settings.models import Models
from nephoscope.settings.routes import RootRoute
from nephoscope.settings.section import Cloud, Name, Runbook, Secret, Section
from nephoscope.settings.security import Security
from nephoscope.settings.silencing import InhibitRule, Silence, TimeInterval
from nephoscope.settings.urls import StoreUrl, TopicUrl

TimedJob: TypeAlias = Literal["monitoring", "cost", "drift", "features", "rollup", "sweep"]

Cron: TypeAlias = Annotated[
    str,
    Meta(title="a cron expression such as '*/5 * * * *', in UTC", extra_json_schema={"format": "nephoscope-cron"}),
]


CheckName: TypeAlias = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", title="a check's name, or its beginning before a '.'")
]

Interval: TypeAlias = Annotated[
    TimeInterval,
    Meta(title="a time interval", extra_json_schema={"format": "nephoscope-time-interval"}),
]


class Delivery(Section, frozen=True, kw_only=True):
    """How hard the hub tries to deliver a Message."""

    lease: Annotated[
        Duration, Meta(description="How long one sender may work on a group before another may take it over.")
    ] = "5m"
    give_up_after: Annotated[
        Duration, Meta(description="How long a Message is tried before another channel is told.")
    ] = "24h"
    tries: Annotated[
        int, Meta(ge=1, title="a number of tries, at least 1", description="How often a Message is tried.")
    ] = 20
    fallback: Annotated[
        tuple[Name, ...],
        Meta(
            title="a list of channels",
            description="Who tells what a dead channel could not, in order; every other channel when empty.",
        ),
    ] = ()


class DeadMan(Section, frozen=True, kw_only=True):
    """A ping after each round of the hub, to a service that speaks when it stays away."""

    url: Annotated[Secret, Meta(description="The ping URL of a check at healthchecks.io or its like.")]
    every: Annotated[Duration, Meta(description="How often it is pinged.")] = "1m"


class Configuration(Section, frozen=True, kw_only=True):
    """nephoscope.yaml."""

    version: Annotated[
        Literal[1], Meta(description="The version of this file's format.", extra_json_schema={"type": "integer"})
    ]
    hub: Annotated[Cloud, Meta(description="The cloud that owns the topic, the Alerts and the notifier.")] = "local"
    topic: Annotated[TopicUrl, Meta(description="The one central alert topic.")] = "sqlite:nephoscope.db"
    state: Annotated[StoreUrl, Meta(description="The hub's store: Alerts, groups and silences.")] = (
        "sqlite:nephoscope.db"
    )
    stores: Annotated[
        dict[Cloud, StoreUrl],
        Meta(
            description="Each cloud's own store: the ledger and the Baselines of the jobs that run there.",
            extra_json_schema={"propertyNames": {"enum": list(get_args(Cloud)), "title": "the name of a cloud"}},
        ),
    ] = field(default_factory=lambda: {"local": "sqlite:nephoscope.db"})
    datasets: Annotated[dict[Name, DataSet], Meta(description="The tables that are watched for drift.")] = field(
        default_factory=dict
    )
    tables: Annotated[Tables, Meta(description="What profiles landed tables.")] = Tables()
    metric_stores: Annotated[MetricStores, Meta(description="Where model metrics are kept.")] = MetricStores()
    models: Annotated[Models, Meta(description="The models that are watched.")] = field(default_factory=dict)
    features: Annotated[Features, Meta(description="The feature store.")] | UnsetType = UNSET
    bills: Annotated[Bills, Meta(description="Where each cloud tells what it charges.")] = Bills()
    budgets: Annotated[Budgets, Meta(description="What may be spent in a month.")] = field(default_factory=dict)
    exchange_rates: Annotated[ExchangeRates, Meta(description="How currencies are added.")] | UnsetType = UNSET
    security: Annotated[Security, Meta(description="What only some may touch.")] = Security()
    timers: Annotated[
        dict[TimedJob, Cron],
        Meta(
            description="When each job runs by itself.",
            extra_json_schema={"propertyNames": {"enum": list(get_args(TimedJob)), "title": "the name of a job"}},
        ),
    ] = field(default_factory=dict)
    channels: Annotated[dict[Name, Channel], Meta(description="Where people are told.")] = field(default_factory=dict)
    route: Annotated[RootRoute, Meta(description="Which Alerts go to which channels.")] | UnsetType = UNSET
    runbooks: Annotated[
        dict[CheckName, Runbook],
        Meta(description="The page for a check, or for all whose names begin so: {drift: https://…}."),
    ] = field(default_factory=dict)
    delivery: Annotated[Delivery, Meta(description="How hard the hub tries.")] = Delivery()
    inhibit_rules: Annotated[
        tuple[InhibitRule, ...], Meta(title="a list of rules", description="Which Alerts keep back which others.")
    ] = ()
    time_intervals: Annotated[
        dict[Name, Annotated[tuple[Interval, ...], Meta(min_length=1, title="a list of intervals")]],
        Meta(description="Named times, for a route's mute_time_intervals and active_time_intervals."),
    ] = field(default_factory=dict)
    silences: Annotated[
        tuple[
            Annotated[
                Silence,
                Meta(
                    title="a silence that names what it silences and ends within 30 days",
                    extra_json_schema={"format": "nephoscope-silence"},
                ),
            ],
            ...,
        ],
        Meta(title="a list of silences", description="Alerts that are not told for a while."),
    ] = ()
    dead_man: Annotated[DeadMan, Meta(description="Who notices when the hub itself is dead.")] | UnsetType = UNSET
