"""The whole file: one strict mapping for all clouds."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import UNSET, Meta, UnsetType, field

from nephoscope.settings.channels import Channel
from nephoscope.settings.datasets import DataSet
from nephoscope.settings.durations import Duration
from nephoscope.settings.metric_stores import MetricStores
from nephoscope.settings.models import Models
from nephoscope.settings.routes import RootRoute
from nephoscope.settings.section import Cloud, Name, Section
from nephoscope.settings.urls import StoreUrl, TopicUrl

TimedJob: TypeAlias = Literal["monitoring", "cost", "drift", "features", "rollup", "sweep"]

Cron: TypeAlias = Annotated[
    str,
    Meta(title="a cron expression such as '*/5 * * * *', in UTC", extra_json_schema={"format": "nephoscope-cron"}),
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
    metric_stores: Annotated[MetricStores, Meta(description="Where model metrics are kept.")] = MetricStores()
    models: Annotated[Models, Meta(description="The models that are watched.")] = field(default_factory=dict)
    timers: Annotated[
        dict[TimedJob, Cron],
        Meta(
            description="When each job runs by itself.",
            extra_json_schema={"propertyNames": {"enum": list(get_args(TimedJob)), "title": "the name of a job"}},
        ),
    ] = field(default_factory=dict)
    channels: Annotated[dict[Name, Channel], Meta(description="Where people are told.")] = field(default_factory=dict)
    route: Annotated[RootRoute, Meta(description="Which Alerts go to which channels.")] | UnsetType = UNSET
    delivery: Annotated[Delivery, Meta(description="How hard the hub tries.")] = Delivery()
