"""One model in three clouds: what three jobs find out about it is one message."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
from fakes.hub import START, Hub
from nephoscope import settings as configuration
from nephoscope.adapters.files.tables import FileTables
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.adapters.local.memory import MemoryState
from nephoscope.adapters.local.topic import SqliteTopic
from nephoscope.alerts.routes import Route
from nephoscope.baselines import StoredBaselines
from nephoscope.cost.budgets import spent
from nephoscope.cost.totals import Total
from nephoscope.events import MessageReceived, ObjectRef, ObjectWritten, TimerFired
from nephoscope.findings import Finding, Verdict, at_least, measured
from nephoscope.jobs import drift, notify
from nephoscope.outbox import Outbox
from nephoscope.settings.belonging import models_of
from nephoscope.settings.spending import budget_limits

MODEL = "fraud_detection_v2"
CONFIGURATION = """\
version: 1
datasets:
  transactions:
    objects: landed
    columns: {amount: {mean_diff: {at_most: 0.1}}, age: {mean_diff: {at_most: 0.1}}}
models:
  fraud_detection_v2: {datasets: [transactions], feature_views: [user_features]}
budgets:
  fraud: {amount: 100 USD, model: fraud_detection_v2}
"""


def test_what_three_clouds_find_out_about_a_model_is_one_message(tmp_path: Path) -> None:
    """Accuracy down on AWS, two columns drifted on Azure, the budget spent on Google: one message about the model."""
    (tmp_path / "nephoscope.yaml").write_text(CONFIGURATION)
    written = configuration.load(tmp_path / "nephoscope.yaml")
    clock = FixedClock(START)
    topic = SqliteTopic(tmp_path / "topic.db", clock=clock)
    outboxes = {
        cloud: Outbox(MemoryState(), topic, clock, cloud, models=models_of(written))
        for cloud in ("aws", "azure", "gcp")
    }
    timer = TimerFired("t", START, "hourly")
    accuracy = measured(
        "monitoring.accuracy",
        f"{MODEL}/accuracy",
        0.79,
        at_least(0.85),
        reason="Accuracy 0.79.",
        labels={"model": MODEL},
    )
    outboxes["aws"].publish(timer, "monitoring", "models", (accuracy,))
    _land(tmp_path / "landed", outboxes["azure"], written, clock)
    (limit,) = budget_limits(written)
    outboxes["gcp"].publish(timer, "cost", "bill", (spent(limit, Total({"USD": Decimal(140)}, (), 1)),))

    hub = Hub(Route(("chat",), group_by=("model",), group_wait=timedelta(seconds=30)))
    for letter in topic.receive(100):
        event = MessageReceived(str(letter.id), START, letter.body)
        notify.run(event, state=hub.state, clock=hub.clock, route=hub.desk.route)
    hub.later(timedelta(minutes=1))
    hub.sweep()

    (message,) = hub.chat.got
    assert message.labels == {"model": MODEL}
    assert sorted((item.check, item.alert.labels["cloud"]) for item in message.items) == [
        ("cost.budget", "gcp"),
        ("drift.mean_diff", "azure"),
        ("drift.mean_diff", "azure"),
        ("monitoring.accuracy", "aws"),
    ]
    assert message.title.startswith(f"FIRING: 4 alerts of {MODEL}")


def _land(folder: Path, outbox: Outbox, written: configuration.Settings, clock: FixedClock) -> None:
    """Two tables land; the second has moved."""
    folder.mkdir()
    baselines = StoredBaselines(MemoryState(), clock)
    for number, values in enumerate(([0.5, 0.6, 0.55, 0.52], [0.8, 0.85, 0.82, 0.81])):
        path = folder / f"{number}.csv"
        csv.write_csv(pa.table({"amount": values, "age": values}), path)
        place = ObjectRef("local", str(folder), path.name, "1", path.stat().st_size)
        event = ObjectWritten(f"landed {number}", START + number * timedelta(seconds=1), place)
        drift.run(event, tables=FileTables(), baselines=baselines, outbox=outbox, settings=written)


def test_a_model_says_what_belongs_to_it() -> None:
    """A Finding of a data set or a view gets the model it belongs to; one that has a model, or none, stays as it is."""
    clock = FixedClock(START)
    models = {"drift/transactions": MODEL, "features/user_features": MODEL}
    outbox = Outbox(MemoryState(), SqliteTopic(Path(":memory:"), clock=clock), clock, "aws", models=models)
    seen = [
        Finding("drift.ks", "transactions/amount", Verdict.OK, "", labels={"dataset": "transactions"}),
        Finding("drift.ks", "transactions_2/amount", Verdict.OK, "", labels={"dataset": "transactions_2"}),
        Finding("features.parity", "user_features", Verdict.OK, "", labels={"cloud": "aws"}),
        Finding("features.parity", "user_features", Verdict.OK, "", labels={"model": "another"}),
    ]
    told = outbox.publish(TimerFired("t", START, "hourly"), "drift", "transactions", tuple(seen))
    assert [finding.labels.get("model") for finding in told.findings] == [MODEL, None, MODEL, "another"]
