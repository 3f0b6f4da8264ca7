"""Every command's real answer, held against the schema that is published for it."""

from __future__ import annotations

import argparse
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes.hub import breach, report
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.main import main, parser
from nephoscope.cli.schema import schema_of
from nephoscope.cli.schemas import ANSWERS
from nephoscope.features.values import tag
from nephoscope.features.varint import encoded
from nephoscope.report import to_cloudevents
from nephoscope.wiring.local import Local
from nephoscope.wiring.runner import HubLoop

NEPHOSCOPE = (sys.executable, "-m", "nephoscope")
BILL = (
    "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,ServiceName,ServiceCategory,ProviderName\n"
    "1.25,1.5,USD,2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,2026-05-03T00:00:00Z,2026-05-04T00:00:00Z,"
    "Usage,Compute,Compute,AWS\n"
)


def answer(*arguments: str) -> bytes:
    """What a command prints in the current folder."""
    with redirect_stdout(io.TextIOWrapper(io.BytesIO())) as printed:
        assert main([*arguments, "--output", "json"]) == 0
    return printed.buffer.getvalue()


def init() -> bytes:
    """Start a configuration."""
    return answer("init")


def doctor() -> bytes:
    """Run `doctor` on what `init` wrote."""
    answer("init")
    return answer("doctor")


def validate() -> bytes:
    """Check it."""
    init()
    return answer("validate")


def cost_report() -> bytes:
    """Read a bill of one row, and a file that is no bill."""
    Path("bill.csv").write_text(BILL)
    Path("other.csv").write_text("a,b\n1,2\n")
    return answer("cost", "report", "bill.csv", "other.csv", "--budget", "1")


def series_anomalies() -> bytes:
    """Score a series with a gap and a spike."""
    rows = (f"2026-05-01T{n % 24:02}:00:00Z," for n in range(10))
    Path("series.csv").write_text("timestamp,value\n" + "\n".join(f"{row}{n or ''}" for n, row in enumerate(rows)))
    return answer("series", "anomalies", "series.csv")


def drift_compare() -> bytes:
    """Compare a table of two columns with one that lacks a column, has a new one and moved in another."""
    Path("baseline.csv").write_text("x,c,old\n" + "".join(f"{n % 7},{'ab'[n % 2]},1\n" for n in range(40)))
    Path("window.csv").write_text("x,c,new\n" + "".join(f"{n % 7 + 3},{'ab'[n % 2]},\n" for n in range(40)))
    return answer("drift", "compare", "baseline.csv", "window.csv")


def drift_compare_unreadable() -> bytes:
    """Compare with a file that is cut."""
    drift_compare()
    Path("window.csv").write_bytes(b"PAR1cut")
    return answer("drift", "compare", "baseline.csv", "window.csv")


def drift_profile_unreadable() -> bytes:
    """Profile an empty file."""
    Path("empty.csv").touch()
    return answer("drift", "profile", "empty.csv", "-o", "empty.json")


def drift_profile() -> bytes:
    """Profile a table."""
    drift_compare()
    return answer("drift", "profile", "baseline.csv", "-o", "baseline.json")


def drift_merge() -> bytes:
    """Add a Profile to itself."""
    drift_profile()
    return answer("drift", "merge", "baseline.json", "baseline.json", "-o", "sum.json")


def baseline_list() -> bytes:
    """List the Baselines of a data set that has two."""
    baseline_promote()
    return answer("baseline", "list", "user_features")


def baseline_promote() -> bytes:
    """Promote two Profiles, one after the other."""
    init()
    drift_merge()
    answer("baseline", "promote", "user_features", "baseline.json")
    return answer("baseline", "promote", "user_features", "sum.json")


def baseline_rollback() -> bytes:
    """Take the second one back."""
    baseline_promote()
    return answer("baseline", "rollback", "user_features")


def demo() -> bytes:
    """Play the demo."""
    return answer("demo")


def up() -> bytes:
    """Run the local runner until it has handled a file, then ask it to stop."""
    init()
    Path("landing/user_features").mkdir(parents=True)
    Path("landing/user_features/cut.parquet").write_bytes(b"PAR1")
    with subprocess.Popen(
        [*NEPHOSCOPE, "up", "--output", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as runner:
        try:
            assert runner.stderr is not None
            assert runner.stderr.readline()  # the log line of its first run
            runner.send_signal(signal.SIGTERM)
            return runner.communicate(timeout=30)[0]
        finally:
            runner.kill()


def run_monitoring() -> bytes:
    """Ask a metric store that has nothing about one model."""
    Path("nephoscope.yaml").write_text("version: 1\nmetric_stores: {local: {}}\nmodels: {fraud_detection_v2: {}}\n")
    return answer("run", "monitoring")


def metrics_put() -> bytes:
    """Write two values of a model's metrics on this machine."""
    Path("nephoscope.yaml").write_text("version: 1\nmetric_stores: {local: {}}\n")
    return answer("metrics", "put", "fraud_detection_v2", "accuracy=0.91", "predictions=1200")


def run_cost() -> bytes:
    """Judge bills where the configuration names no source for any: nothing is known, and nothing is said to be 0."""
    init()
    return answer("run", "cost", "--dry-run")


def security_log() -> bytes:
    """Record a security event."""
    init()
    return answer("security", "log", "unauthorized_access", "--detail", "user=mallory")


def run_drift() -> bytes:
    """Compare a landed file with its Baseline, which it becomes."""
    init()
    Path("landing/user_features").mkdir(parents=True)
    Path("landing/user_features/1.csv").write_text("activity_score,age\n0.5,30\n")
    landed = {"provider": "local", "bucket": str(Path("landing/user_features").resolve()), "key": "1.csv"}
    Path("event.json").write_text(json.dumps({"id": "1", "at": "2026-11-24T06:30:00Z", "object": landed}))
    return answer("run", "drift", "--event", "event.json", "--dry-run")


def field(number: int, value: bytes | str | int) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return tag(number, 0) + encoded(value)
    body = value.encode() if isinstance(value, str) else value
    return tag(number, 2) + encoded(len(body)) + body


def feature_store() -> None:
    """A feature store of one view in two files, with the registry that Feast would write for it."""
    at = datetime.now(UTC) - timedelta(hours=1)
    pq.write_table(
        pa.table({"user_id": [1234], "age": [41], "at": pa.array([at], pa.timestamp("us", "UTC"))}), "u.parquet"
    )
    source = field(3, "at") + field(11, field(2, str(Path("u.parquet").resolve())))
    key, age = (field(1, name) + field(2, 4) for name in ("user_id", "age"))
    spec = [field(1, "user_features"), field(2, "shop"), field(4, age), field(7, source), field(8, 1), field(12, key)]
    Path("registry.db").write_bytes(field(6, field(1, b"".join(spec))))
    stores = {cloud: {"type": "sqlite", "path": f"{cloud}.db"} for cloud in ("local", "aws")}
    Path("nephoscope.yaml").write_text(json.dumps({"version": 1, "features": {"project": "shop", "stores": stores}}))


def features_apply() -> bytes:
    """Apply a registry and promote it."""
    feature_store()
    return answer("features", "apply", "--registry", "registry.db")


def features_plan() -> bytes:
    """Plan what is applied already and not synced yet."""
    features_apply()
    return answer("features", "plan", "--registry", "registry.db")


def features_sync() -> bytes:
    """Sync two stores."""
    features_apply()
    return answer("features", "sync")


def features_sync_dry() -> bytes:
    """Say what a sync would read."""
    features_apply()
    return answer("features", "sync", "--dry-run")


def features_parity() -> bytes:
    """Compare two stores."""
    features_sync()
    return answer("features", "parity")


def features_freshness() -> bytes:
    """Tell the age of what two stores hold."""
    features_sync()
    return answer("features", "freshness")


def run_features() -> bytes:
    """Run the job."""
    features_apply()
    return answer("run", "features")


def hub(*words: str) -> Callable[[], bytes]:
    """A command of the hub's desk, where a Report was taken in, a silence made, and one Alert is open."""

    def run() -> bytes:
        alerted()
        named = {"FINGERPRINT": json.loads(answer("alerts", "list"))["alerts"][0]["fingerprint"]}
        made = json.loads(answer("silence", "add", "model=other", "--for", "1h", "--reason", "x", "--author", "a"))
        named |= {"SILENCE": made["id"], "REPORT": "report.json"}
        return answer(*(named.get(word, word) for word in words))

    return run


def alerted() -> None:
    """A hub that took one Report in."""
    started = datetime(2026, 11, 24, 6, tzinfo=UTC)
    Path("nephoscope.yaml").write_text(
        "version: 1\ndatasets: {flights: {objects: landed, preset: default}}\nchannels: {c: {type: console}}\n"
        "route: {channels: [c], group_wait: 0s}\n"
    )
    local = Local.from_file(Path("nephoscope.yaml"), clock=FixedClock(started))
    (body,) = to_cloudevents(report(breach(), at=started, cloud="local"))
    Path("report.json").write_bytes(body)
    local.topic.publish(body, attributes={})
    HubLoop(local).turn()


RUNS: list[tuple[str, Callable[[], bytes]]] = [
    ("alerts.list", hub("alerts", "list")),
    ("alerts.show", hub("alerts", "show", "FINGERPRINT")),
    ("redrive", hub("redrive", "--dry-run")),
    ("replay", hub("replay", "REPORT")),
    ("routes.test", hub("routes", "test", "severity=high")),
    ("run.rollup", hub("run", "rollup")),
    ("silence.add", hub("silence", "add", "model=m", "--for", "1h", "--reason", "x", "--author", "a")),
    ("silence.expire", hub("silence", "expire", "SILENCE", "--author", "a")),
    ("silence.list", hub("silence", "list")),
    ("cost.report", cost_report),
    ("doctor", doctor),
    ("drift.compare", drift_compare),
    ("drift.compare", drift_compare_unreadable),
    ("drift.merge", drift_merge),
    ("baseline.list", baseline_list),
    ("baseline.promote", baseline_promote),
    ("baseline.rollback", baseline_rollback),
    ("drift.profile", drift_profile),
    ("drift.profile", drift_profile_unreadable),
    ("features.apply", features_apply),
    ("features.freshness", features_freshness),
    ("features.parity", features_parity),
    ("features.plan", features_plan),
    ("features.sync", features_sync),
    ("features.sync", features_sync_dry),
    ("init", init),
    ("metrics.put", metrics_put),
    ("run.cost", run_cost),
    ("run.drift", run_drift),
    ("run.features", run_features),
    ("run.monitoring", run_monitoring),
    ("security.log", security_log),
    ("series.anomalies", series_anomalies),
    ("up", up),
    ("validate", validate),
    pytest.param("demo", demo, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_an_answer_is_what_its_schema_says(
    name: str, run: Callable[[], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People who script against a command's JSON find what `nephoscope schema` promised, and no key more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEPHOSCOPE_CONFIG", raising=False)
    document = json.loads(run(), parse_constant=pytest.fail)
    schema = schema_of(ANSWERS[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["schema"] == f"nephoscope.{name}/1"


def names(command: argparse.ArgumentParser) -> Iterator[str]:
    """The name that each command's answer carries."""
    groups: list[Any] = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for subcommand in group.choices.values():
            yield from names(subcommand)
    if not groups:
        yield command.get_default("name")


def test_every_command_has_a_schema() -> None:
    """There is no command whose JSON is not described and tried, and no description without a command."""
    tried = {getattr(run, "values", run)[0] for run in RUNS}
    assert set(names(parser())) == {*ANSWERS, "schema"} == {*tried, "schema"}
