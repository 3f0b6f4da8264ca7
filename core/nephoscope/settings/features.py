"""The feature store: which online store each cloud serves from, and what is checked of them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias, get_args

from msgspec import UNSET, Meta, UnsetType, field

from nephoscope.settings.durations import Duration
from nephoscope.settings.section import Cloud, Name, Secret, Section, Text
from nephoscope.settings.urls import ObjectsUrl


class SqliteStore(Section, frozen=True, kw_only=True, tag="sqlite", tag_field="type"):
    """Feast's SQLite store, for one machine."""

    path: Annotated[ObjectsUrl, Meta(description="The file.")]


class RedisStore(Section, frozen=True, kw_only=True, tag="redis", tag_field="type"):
    """One Redis server; a cluster or a sentinel is a store of type feast."""

    connection_string: Annotated[
        Text, Meta(description="As Feast writes it: host:port,db=0,ssl=true; without the password.")
    ]
    password: Annotated[Secret, Meta(description="Where its password is kept.")] | UnsetType = UNSET
    key_ttl_seconds: Annotated[
        int, Meta(ge=0, title="seconds, 0 or more", description="When a whole entity expires; never when 0.")
    ] = 0


class DynamoDbStore(Section, frozen=True, kw_only=True, tag="dynamodb", tag_field="type"):
    """Amazon DynamoDB, one table a view."""

    region: Annotated[Text, Meta(description="The region of the tables.")]
    endpoint_url: Annotated[Text, Meta(description="Another endpoint than Amazon's.")] | UnsetType = UNSET
    table_name_template: Annotated[
        Text, Meta(description="How a table is named; {project} and {table_name} are replaced.")
    ] = "{project}.{table_name}"


class FeastStore(Section, frozen=True, kw_only=True, tag="feast", tag_field="type"):
    """Any other online store that Feast knows, written through Feast itself."""

    online_store: Annotated[
        dict[str, Any],
        Meta(description="Feast's own section `online_store`: {type: datastore, project_id: …}."),
    ]


Store: TypeAlias = SqliteStore | RedisStore | DynamoDbStore | FeastStore

Views: TypeAlias = dict[Name, Annotated[ObjectsUrl, Meta(description="The view's files.")]]


class Smoke(Section, frozen=True, kw_only=True):
    """What an application would ask for."""

    features: Annotated[list[Text], Meta(min_length=1, description="Features as Feast names them: user_features:age.")]
    entity: Annotated[dict[Text, str | int], Meta(description="One entity's join keys: {user_id: 1234}.")]


class Spark(Section, frozen=True, kw_only=True):
    """Views beyond one machine, materialised by Feast's own spark.engine."""

    views: Annotated[list[Name], Meta(min_length=1, description="The views that Spark materialises.")]
    conf: Annotated[dict[str, str], Meta(description="Spark's settings: {spark.master: 'local[2]'}.")] = field(
        default_factory=dict
    )
    partitions: Annotated[
        int, Meta(ge=0, title="a number of partitions, 0 or more", description="How many; Spark's own when 0.")
    ] = 0
    staging: Annotated[ObjectsUrl, Meta(description="Where Spark leaves files for its workers.")] | UnsetType = UNSET


class Features(Section, frozen=True, kw_only=True):
    """One Feast project, kept in step in every cloud."""

    project: Annotated[Name, Meta(description="The project's name, as in feature_store.yaml.")]
    repository: Annotated[ObjectsUrl, Meta(description="The Feast repository: feature_store.yaml and definitions.")] = (
        "feature_repo"
    )
    stores: Annotated[
        dict[Cloud, Store],
        Meta(
            description="Each cloud's online store.",
            extra_json_schema={"propertyNames": {"enum": list(get_args(Cloud)), "title": "the name of a cloud"}},
        ),
    ] = field(default_factory=lambda: {"local": SqliteStore(path="online.db")})
    sources: Annotated[
        dict[Cloud, Views], Meta(description="Views whose files a cloud reads from another place than the registry's.")
    ] = field(default_factory=dict)
    offline_store: Annotated[
        dict[str, Any],
        Meta(
            description="Feast's own section `offline_store`, for views whose source is no file: {type: bigquery, …}."
        ),
    ] = field(default_factory=dict)
    late: Annotated[
        Duration, Meta(description="How far before its watermark a sync reads again, for rows that arrive late.")
    ] = "1h"
    lease: Annotated[
        Duration, Meta(description="How long one run may hold a view of a store that cannot compare and write at once.")
    ] = "15m"
    sample: Annotated[
        int, Meta(ge=1, le=100_000, title="a number of keys", description="How many keys of a view are compared.")
    ] = 200
    differing: Annotated[
        float, Meta(ge=0, le=1, title="a share from 0 to 1", description="The largest good share of keys that differ.")
    ] = 0.0
    skew: Annotated[
        Duration, Meta(description="Event times of one key this close together do not count as different.")
    ] = "0s"
    freshness: Annotated[
        dict[Name, Duration], Meta(description="The largest good age of a view's newest row; its TTL when absent.")
    ] = field(default_factory=dict)
    smoke: Annotated[Smoke, Meta(description="What every run asks each cloud for.")] | UnsetType = UNSET
    spark: Annotated[Spark, Meta(description="What Spark materialises.")] | UnsetType = UNSET
    trusted: Annotated[bool, Meta(description="Whether code that is stored in this project's registry may be run.")] = (
        False
    )
