"""What the configuration watches: the streams its timers make come, and whether it still has what an Alert names."""

from datetime import UTC, datetime

import msgspec
import pytest
from nephoscope.settings import DataSet, Features, LimitSetting, MetricStores, Model
from nephoscope.settings.bills import Bills, Budget, CostExplorer, CostManagement
from nephoscope.settings.channels import Console
from nephoscope.settings.configuration import Configuration
from nephoscope.settings.features import RedisStore
from nephoscope.settings.metric_stores import AzureMonitor, CloudWatch, LocalMetrics
from nephoscope.settings.security import Security, WatchedPlaces
from nephoscope.settings.watched import Expected, expected, watches

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
REDIS = RedisStore(connection_string="redis:6379")
WHOLE = Configuration(
    version=1,
    hub="aws",
    datasets={
        "flights": DataSet(objects="s3://b/flights", columns={"dep_delay": {"ks": LimitSetting(at_most=0.1)}}),
        "scores": DataSet(objects="s3://b/scores", preset="default"),
    },
    metric_stores=MetricStores(aws=CloudWatch(), azure=AzureMonitor(workspace="w")),
    models={"fraud": Model(), "churn": Model(clouds=["aws"])},
    features=Features(project="shop", stores={"aws": REDIS, "azure": REDIS}),
    bills=Bills(aws=CostExplorer(), azure=CostManagement(scope="/subscriptions/s")),
    budgets={"all": Budget(amount="1000 USD")},
    channels={"chat": Console()},
    security=Security(watched={"artefacts": WatchedPlaces(places=["s3://acme-models"])}),
    timers={"monitoring": "5 * * * *", "cost": "0 6 * * *", "features": "*/10 * * * *", "rollup": "0 * * * *"},
)


def test_every_timer_in_every_cloud_is_awaited() -> None:
    """Each job with a timer is awaited in each cloud that has something for it, once, at its interval."""
    assert expected(WHOLE, NOW) == [
        Expected("monitoring", "aws", "models", 3600),
        Expected("monitoring", "azure", "models", 3600),
        Expected("cost", "aws", "bill", 86_400),
        Expected("cost", "azure", "bill", 86_400),
        Expected("features", "aws", "shop", 600),
        Expected("features", "azure", "shop", 600),
        Expected("rollup", "aws", "all", 3600),
    ]


def test_nobody_waits_for_a_laptop() -> None:
    """Where the hub is in a cloud, stores of one machine are asked by hand, and nothing is awaited of them."""
    away = msgspec.structs.replace(
        WHOLE,
        metric_stores=MetricStores(local=LocalMetrics()),
        models={"fraud": Model()},
        features=Features(project="shop"),
        bills=Bills(),
    )
    assert [(each.job, each.cloud) for each in expected(away, NOW)] == [("rollup", "aws")]


def test_nothing_is_awaited_before_its_second_slot() -> None:
    """On a Friday evening a job of weekday mornings is not late on Sunday: the first slot is far, so is the wait."""
    weekdays = Configuration(version=1, bills=Bills(aws=CostExplorer()), timers={"cost": "0 6 * * 1-5"})
    (only,) = expected(weekdays, datetime(2026, 11, 27, 18, 0, tzinfo=UTC))
    assert only.interval_seconds == 60 * 3600


def test_one_machine_is_awaited_in_its_own_name() -> None:
    """A laptop that asks two clouds' metric stores and bills sends those Reports itself."""
    home = Configuration(
        version=1,
        metric_stores=WHOLE.metric_stores,
        models={"fraud": Model()},
        bills=WHOLE.bills,
        timers={"monitoring": "5 * * * *", "cost": "0 6 * * *"},
    )
    found = [(each.job, each.cloud, each.scope) for each in expected(home, NOW)]
    assert found == [
        ("monitoring", "local", "models in aws"),
        ("monitoring", "local", "models in azure"),
        ("cost", "local", "bill"),
    ]
    assert all(watches(home, {"job": job, "cloud": cloud, "scope": scope}) for job, cloud, scope in found)


@pytest.mark.parametrize(
    ("watched", "about"),
    [
        (True, {"job": "drift", "scope": "flights"}),
        (False, {"job": "drift", "scope": "gone"}),
        (True, {"job": "drift", "dataset": "flights", "check": "drift.ks", "subject": "flights/dep_delay"}),
        (False, {"job": "drift", "dataset": "flights", "check": "drift.psi", "subject": "flights/dep_delay"}),
        (False, {"job": "drift", "dataset": "flights", "check": "drift.ks", "subject": "flights/arr_delay"}),
        (True, {"job": "drift", "dataset": "flights", "check": "drift.table", "subject": "flights"}),
        (True, {"job": "drift", "dataset": "scores", "check": "drift.ks", "subject": "scores/any"}),
        (True, {"job": "monitoring", "cloud": "aws", "scope": "models"}),
        (False, {"job": "monitoring", "cloud": "gcp", "scope": "models"}),
        (False, {"job": "monitoring", "cloud": "local", "scope": "models in aws"}),
        (True, {"job": "security", "cloud": "aws", "scope": "access 1", "watched": "artefacts"}),
        (False, {"job": "security", "cloud": "aws", "scope": "access 1", "watched": "gone"}),
        (True, {"job": "security", "cloud": "aws", "scope": "event key_rotated"}),
        (True, {"job": "monitoring", "cloud": "aws", "scope": "models", "model": "churn"}),
        (False, {"job": "monitoring", "cloud": "aws", "scope": "models", "model": "gone"}),
        (True, {"job": "cost", "cloud": "aws", "scope": "bill"}),
        (False, {"job": "cost", "cloud": "gcp", "scope": "bill"}),
        (True, {"job": "cost", "cloud": "gcp", "scope": "bill/exports/focus"}),
        (True, {"job": "cost", "cloud": "aws", "scope": "bill", "check": "cost.budget", "subject": "all"}),
        (False, {"job": "cost", "cloud": "aws", "scope": "bill", "check": "cost.budget", "subject": "gone"}),
        (False, {"job": "rollup", "cloud": "aws", "scope": "all", "check": "cost.forecast", "subject": "gone"}),
        (True, {"job": "rollup", "cloud": "aws", "scope": "all", "check": "cost.unit", "model": "only a tag"}),
        (False, {"job": "rollup", "cloud": "aws", "scope": "all", "check": "monitoring.spread", "model": "gone"}),
        (True, {"job": "features", "cloud": "azure", "scope": "shop"}),
        (False, {"job": "features", "cloud": "gcp", "scope": "shop"}),
        (False, {"job": "features", "cloud": "aws", "scope": "gone"}),
        (True, {"job": "hub", "channel": "chat"}),
        (False, {"job": "hub", "channel": "gone"}),
        (True, {"job": "monitoring", "cloud": "aws", "scope": "models", "check": "hub.heartbeat"}),
        (False, {"job": "drift", "cloud": "aws", "scope": "flights", "check": "hub.heartbeat"}),
        (True, {"job": "security", "scope": "access 1f"}),
    ],
)
def test_what_left_the_configuration_is_not_watched(watched: bool, about: dict[str, str]) -> None:
    """What a configuration names and no longer has is not watched; what it never names is."""
    assert watches(WHOLE, about) is watched
