"""Where model metrics are kept in each cloud, and how that store spells a model; the defaults are the example's."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, UnsetType, field

from nephoscope.settings.durations import Duration
from nephoscope.settings.section import Section, Text
from nephoscope.settings.urls import StoreUrl

LAG = "How long the store takes until what was written can be read; windows end that long ago."
DEADLINE = "How long it may take to answer; then it is unknown."
MODEL_LABEL = "The label that holds a model's name."
VERSION_LABEL = "The label that holds a model's version."

Table: TypeAlias = Annotated[
    str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", title="the name of a table: letters, digits and '_'")
]


class CloudWatch(Section, frozen=True, kw_only=True):
    """Amazon CloudWatch."""

    region: Annotated[Text, Meta(description="The region; that of the environment when absent.")] | UnsetType = UNSET
    namespace: Annotated[Text, Meta(description="The namespace of the metrics.")] = "MLOps/Models"
    model_label: Annotated[Text, Meta(description=MODEL_LABEL)] = "ModelName"
    version_label: Annotated[Text, Meta(description=VERSION_LABEL)] = "ModelVersion"
    lag: Annotated[Duration, Meta(description=LAG)] = "2m"
    deadline: Annotated[Duration, Meta(description=DEADLINE)] = "30s"


class Ingestion(Section, frozen=True, kw_only=True):
    """The data collection rule that `metrics put` writes through."""

    endpoint: Annotated[Text, Meta(description="The URL of the data collection endpoint.")]
    rule: Annotated[Text, Meta(description="The rule's immutable id: dcr-…")]
    stream: Annotated[Text, Meta(description="The rule's stream.")] = "Custom-NephoscopeMetrics_CL"


class AzureMonitor(Section, frozen=True, kw_only=True):
    """A Log Analytics workspace, and the metrics of Azure resources."""

    workspace: Annotated[Text, Meta(description="The workspace's id.")] | UnsetType = UNSET
    tables: Annotated[list[Table], Meta(min_length=1, description="The tables that hold the metrics, read as one.")] = (
        field(default_factory=lambda: ["AppMetrics"])
    )
    region: Annotated[Text, Meta(description="The region of the resources whose own metrics are read.")] | UnsetType = (
        UNSET
    )
    model_label: Annotated[Text, Meta(description=MODEL_LABEL)] = "ModelName"
    version_label: Annotated[Text, Meta(description=VERSION_LABEL)] = "ModelVersion"
    lag: Annotated[Duration, Meta(description=LAG)] = "5m"
    deadline: Annotated[Duration, Meta(description=DEADLINE)] = "30s"
    ingestion: Annotated[Ingestion, Meta(description="What `metrics put` writes through.")] | UnsetType = UNSET


class CloudMonitoring(Section, frozen=True, kw_only=True):
    """Google Cloud Monitoring."""

    project: Annotated[Text, Meta(description="The project whose metrics are read.")]
    prefix: Annotated[Text, Meta(description="The metric types' path before the last '/'.")] = (
        "custom.googleapis.com/mlops/models"
    )
    model_label: Annotated[Text, Meta(description=MODEL_LABEL)] = "model_name"
    version_label: Annotated[Text, Meta(description=VERSION_LABEL)] = "model_version"
    lag: Annotated[Duration, Meta(description=LAG)] = "4m"
    deadline: Annotated[Duration, Meta(description=DEADLINE)] = "30s"


class LocalMetrics(Section, frozen=True, kw_only=True):
    """Metrics in a file on this machine."""

    path: Annotated[StoreUrl, Meta(description="The SQLite file.")] = "sqlite:nephoscope.db"
    lag: Annotated[Duration, Meta(description=LAG)] = "0s"
    deadline: Annotated[Duration, Meta(description=DEADLINE)] = "30s"


class MetricStores(Section, frozen=True, kw_only=True):
    """One store a cloud; a cloud without one is not asked."""

    aws: Annotated[CloudWatch, Meta(description="Amazon CloudWatch.")] | UnsetType = UNSET
    azure: Annotated[AzureMonitor, Meta(description="Azure Monitor.")] | UnsetType = UNSET
    gcp: Annotated[CloudMonitoring, Meta(description="Google Cloud Monitoring.")] | UnsetType = UNSET
    local: Annotated[LocalMetrics, Meta(description="A file on this machine.")] | UnsetType = UNSET
