"""What a configuration with mistakes answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from nephoscope.drift.limits import CHECKS
from nephoscope.errors import BadSettings
from nephoscope.settings import Channel, Configuration, load

Refused = Callable[[str], list[str]]
Written = Callable[[str], Path]

TEN = """\
version: 2
datasts: {}
datasets:
  flights:
    objects: landing/flights
    format: parket
    columns:
      dep_delay:
        ks: {at_most: 0.1, at_least: 3}
        mean_dif: {at_most: 15}
  late_flights: {objects: ./landing/flights/late}
timers: {sweep: "61 * * * *"}
channels:
  oncall: {type: slak, url: env:SLACK_URL}
route:
  channels: [oncal]
  group_wait: 30 seconds
"""


SECTIONS = ", ".join(Configuration.__struct_encode_fields__)
TYPES = ", ".join(str(channel.__struct_config__.tag) for channel in get_args(Channel))
TOLD = [  # place, found, expected
    ("1:1: version", "2", "1."),
    ("2:1: datasts", "an unknown key", f"one of: {SECTIONS}. Did you mean 'datasets'?"),
    ("6:5: datasets.flights.format", "'parket'", "one of: csv, jsonl, parquet. Did you mean 'parquet'?"),
    (
        "9:9: datasets.flights.columns.dep_delay.ks",
        "at_most and at_least",
        "exactly one of: at_most, at_least, between.",
    ),
    (
        "10:9: datasets.flights.columns.dep_delay.mean_dif",
        "'mean_dif'",
        f"the name of a check: {', '.join(CHECKS)}. Did you mean 'mean_diff'?",
    ),
    (
        "11:18: datasets.late_flights.objects",
        "a place that overlaps with that of 'flights'",
        "a place of its own for each data set.",
    ),
    ("12:10: timers.sweep", "'61 * * * *' (Bad minute)", "a cron expression such as '*/5 * * * *', in UTC."),
    (
        "14:12: channels.oncall.type",
        "'slak'",
        f"one of: {TYPES}. Did you mean 'slack'?",
    ),
    ("16:14: route.channels[0]", "'oncal'", "the name of a channel: oncall. Did you mean 'oncall'?"),
    ("17:3: route.group_wait", "'30 seconds'", "a duration such as 30s, 5m, 1h30m or 1d, at most ten years."),
]


def test_ten_mistakes_are_ten_lines(refused: Refused) -> None:
    """Ten mistakes of ten kinds are told at once, in the order of the file, each with its place and what to write."""
    assert refused(TEN) == [f"{place}: found {found}, expected {expected}" for place, found, expected in TOLD]


# What stands in the valid configuration, what is written instead, and the mistake this makes.
ONE_MISTAKE = [
    ("version: 1", "version: 1.0", "1:1: version: found 1.0, expected 1."),
    ("version: 1", "version: true", "1:1: version: found true, expected 1."),
    ("version: 1\n", "", "1:1: version: found nothing, expected 1."),
    ("hub: local", "hub: lokal", "hub: found 'lokal', expected one of: aws, azure, gcp, local. Did you mean 'local'?"),
    ("hub: local", "topic: kafka:x", "topic: found 'kafka:x', expected a topic: sqlite:PATH, sns:ARN, "),
    (
        "hub: local",
        "state: s3://b",
        "state: found a place that starts with 's3:', expected one that starts with 'sqlite:', ",
    ),
    (
        "hub: local",
        "stores: {aws: gs://b}",
        "stores.aws: found a place that starts with 'gs:', expected one that starts with 's3:",
    ),
    (
        "hub: local",
        "stores: {asw: s3://b}",
        "stores.asw: found 'asw', expected the name of a cloud: local, aws, azure, gcp. ",
    ),
    ("at_most: 0.1", "at_most: .nan", "ks.at_most: found the number .nan, expected a finite number."),
    ("at_most: 0.1", "at_most: -.inf", "ks.at_most: found the number -.inf, expected a finite number."),
    ("at_most: 0.1", "at_most: '0.1'", "ks.at_most: found '0.1', expected a number."),
    ("at_most: 0.1", "", "ks: found none, expected exactly one of: at_most, at_least, between."),
    (
        "[-15, 15]",
        "[15, -15]",
        "between: found a list (an interval from 15 to -15 is empty), expected two numbers, the ",
    ),
    ("[-15, 15]", "[15]", "between: found a list, expected two numbers, the lower one first."),
    ("at_most: 0.1", "at_most: 1, at_limit: unknown", "at_limit: found 'unknown', expected one of: breach, ok."),
    ("flights:", "fl ights:", "datasets.fl ights: found 'fl ights', expected a name of letters, digits, "),
    (
        "objects: landing/flights",
        "objects: landing/flights\n    preset: nannyml",
        "preset: found 'nannyml', expected a preset that judges Profiles (nannyml needs rows: ",
    ),
    ("objects: landing/flights", "objects: ftp://a/b", "objects: found 'ftp://a/…', expected a folder or file, s3://"),
    ("format: parquet", "format: parquet\n    format: csv", "7:5: datasets.flights.format: found the key again that "),
    ('"* * * * *"', '"0 * * * * *"', "timers.sweep: found '0 * * * * *' (it has not five fields), expected a cron "),
    (
        '"* * * * *"',
        '"0 6 1-7 * MON"',
        "(days of the month and of the week together, which the clouds read each in its own way; write * for one of ",
    ),
    ('"* * * * *"', '"0 6 */2 * 1"', "(days of the month and of the week together, which "),
    (
        '"* * * * *"',
        '"0 6 L * *"',
        "('L' in the days of the month, which not all clouds know; write numbers), expected ",
    ),
    (
        '"* * * * *"',
        '"0 6 lw * *"',
        "('L' in the days of the month, which not all clouds know; write numbers), expected ",
    ),
    (
        '"* * * * *"',
        '"0 6 * * 5L"',
        "('L' in the days of the week, which not all clouds know; write numbers or names), ",
    ),
    (
        '"* * * * *"',
        '"0 6 * * wed#1"',
        "('#' in the days of the week, which not all clouds know; write numbers or names), ",
    ),
    ("sweep:", "swep:", "timers.swep: found 'swep', expected the name of a job: monitoring, cost, drift, features, "),
    (
        "env:SLACK_URL",
        "https://hooks.slack.com/T/B/x",
        "channels.oncall.url: found a value that is written out, expected",
    ),
    ("type: console", "kind: console", "channels.console.type: found nothing, expected one of: console, slack, "),
    ("{type: console}", "https://a/b", "channels.console: found text, expected a mapping."),
    ("port: 25", "port: 99999", "channels.mail.port: found 99999, expected a port from 1 to 65535."),
    ("port: 25", "port: 25.0", "channels.mail.port: found 25.0, expected a port from 1 to 65535."),
    ("[b@example.org]", "[]", "channels.mail.recipients: found a list, expected a list of addresses."),
    (
        "tls: none",
        "tls: no",
        "channels.mail.tls: found 'no', expected one of: none, starttls, tls. Did you mean 'none'?",
    ),
    ("channels: [console]\n", "\n", "route.channels: found nothing, expected a list of channels."),
    ("[oncall, mail]", "[oncall, mial]", "route.routes[0].channels[1]: found 'mial', expected the name of a channel: "),
    ("fl.*", "fl(.*", "route.routes[0].matchers[1]: found 'dataset=~\"fl(.*\"' ('fl(.*' is no regular expression: "),
    ("severity=", "severity ", "route.routes[0].matchers[0]: found 'severity \"high\"', expected a matcher such as "),
    ("continue: true", "continue: yes", "route.routes[0].continue: found 'yes', expected true or false."),
    ("lease: 2m", "lease: 2", "delivery.lease: found 2, expected a duration such as 30s, 5m, 1h30m or 1d, at most "),
    ("tries: 5", "tries: 0", "delivery.tries: found 0, expected a number of tries, at least 1."),
    ("tries: 5", "tries: 2013-01-01", "delivery.tries: found '2013-01-01', expected a number of tries, at least 1."),
    (
        "tries: 5",
        f"tries: {2**63}",
        "delivery.tries: found a number of 19 digits, expected a number that fits into ",
    ),
    ("tries: 5", f"tries: -{'9' * 5000}", "delivery.tries: found a number that cannot be read, expected a number."),
    ("tries: 5", f"tries: {'x' * 90}", f"delivery.tries: found '{'x' * 60}…', expected a number of tries, at least 1."),
    ("tries: 5", 'tries: "\\uD83D"', "delivery.tries: found half of a character, expected text in whole characters."),
    (
        "lease: 2m",
        "lease: &l 2m",
        "delivery.lease: found the anchor '&l', expected every value written where it belongs.",
    ),
    ("lease: 2m", "lease: !x 2m", "delivery.lease: found the tag '!x', expected a plain value."),
    ("lease: 2m", "1: 2m", "delivery: found a key that is no text, expected keys of text; put it into quotes."),
]


@pytest.mark.parametrize(("stands", "instead", "expected"), ONE_MISTAKE)
def test_each_mistake_names_its_place_and_what_was_expected(
    stands: str, instead: str, expected: str, valid: str, refused: Refused
) -> None:
    """One wrong value makes one mistake, told at the place where it stands, inside the right kind of channel."""
    assert stands in valid
    mistakes = refused(valid.replace(stands, instead, 1))
    assert expected in mistakes[0]
    assert len(mistakes) == 1


@pytest.mark.parametrize("timer", ["0 6 1-7 * *", "0 6 * JUL,APR *", "0 6 * * WED", "0 6 * jul mon-wed", "0 6 */2 * *"])
def test_days_of_one_kind_are_told_to_every_cloud(timer: str, valid: str, written: Callable[[str], Path]) -> None:
    """Either days of the month or days of the week, also by their names, are a timer."""
    assert load(written(valid.replace("* * * * *", timer))).timers == {"sweep": timer}


def test_a_missing_setting_is_told_where_its_section_stands(written: Callable[[str], Path]) -> None:
    """One mistake is counted as one; what is missing is told at the line of the section that lacks it."""
    path = written("version: 1\ndatasets:\n  flights:\n    format: csv\n")
    with pytest.raises(BadSettings) as caught:
        load(path)
    assert caught.value.what == f"{path} has 1 mistake."
    assert caught.value.mistakes[0].startswith(
        f"{path}:3:3: datasets.flights.objects: found nothing, expected a folder"
    )


def test_channels_without_a_route_are_a_mistake(valid: str, refused: Refused) -> None:
    """Channels that no route can reach would stay silent; the configuration is refused instead."""
    assert refused(valid[: valid.index("route:")]) == [
        "13:1: channels: found channels and no route to them, expected a 'route' that says which Alerts go where."
    ]


def test_a_hub_needs_its_own_topic_and_state(refused: Refused) -> None:
    """A hub in a cloud cannot keep its topic and its Alerts in a file."""
    found = "found a place that starts with 'sqlite:', expected one that starts with"
    assert refused("version: 1\nhub: azure\n") == [
        f"1:1: state: {found} 'az://', because the hub is 'azure'.",
        f"1:1: topic: {found} 'eventgrid:', because the hub is 'azure'.",
    ]


def test_a_models_mistakes_of_meaning_are_told(valid: str, refused: Refused) -> None:
    """A cloud without a store, a weight that is no metric, a period of half a minute and 4 of 3 periods are told."""
    text = valid.replace("clouds: [local]", "clouds: [azure]").replace("weight: predictions", "weight: prediction")
    text = text.replace("breaches: 2, of: 3", "breaches: 4, of: 3, period: 30s")
    hint = " Did you mean 'predictions'?"
    assert [mistake.partition("models.")[2] for mistake in refused(text)] == [
        "fraud_detection_v2.clouds[0]: found 'azure', expected a cloud with a metric store: local.",
        f"fraud_detection_v2.weight: found 'prediction', expected a metric: accuracy, predictions.{hint}",
        "fraud_detection_v2.metrics.accuracy.breaches: found 4 of 3 periods, expected no more than are judged.",
        "fraud_detection_v2.metrics.accuracy.period: found '30s', expected whole minutes, at least one.",
    ]


def test_metrics_that_a_model_names_must_be_its_own(valid: str, refused: Refused) -> None:
    """What tells the served version and what a canary is compared by are metrics of the model."""
    near = "Did you mean 'accuracy'?"
    roles = "serving: acuracy\n    canary: {stable: '3', canary: '4', metric: recall}\n    weight: predictions"
    assert [mistake.partition("models.")[2] for mistake in refused(valid.replace("weight: predictions", roles))] == [
        f"fraud_detection_v2.serving: found 'acuracy', expected a metric: accuracy, predictions. {near}",
        "fraud_detection_v2.canary.metric: found 'recall', expected a metric: accuracy, predictions.",
    ]


def test_what_counts_predictions_is_a_sum(valid: str, refused: Refused) -> None:
    """The mean of a count is no count: a weight whose statistic was left out is refused."""
    (mistake,) = refused(valid.replace("predictions: {statistic: sum}", "predictions: {}"))
    assert mistake.endswith("predictions.statistic: found 'mean', expected 'sum', because it counts the predictions.")


@pytest.mark.parametrize(
    ("period", "past", "told"),
    [
        ("5m", "past: 47h", "found '47h', which is 564 periods, expected 576 periods of 5m at least."),
        ("1d", "", "found '4w', which is 28 periods, expected 150 periods of 1d at least."),
    ],
)
def test_a_past_that_teaches_nothing_is_refused(
    period: str, past: str, told: str, valid: str, refused: Refused, written: Written
) -> None:
    """An adaptive limit whose past is shorter than the anomaly check learns would be unknown for ever."""
    (mistake,) = refused(valid.replace("of: 3", f"of: 3, period: {period}, adaptive: {{{past}}}", 1))
    assert mistake.partition("adaptive.past: ")[2] == told
    assert load(written(valid.replace("of: 3", "of: 3, period: 5m, adaptive: {past: 2d}", 1)))


def test_models_need_a_store(valid: str, refused: Refused) -> None:
    """Models whose metrics are kept nowhere could only ever be unknown; the configuration is refused instead."""
    text = valid.replace("metric_stores:\n  local: {path: sqlite:metrics.db}\n", "")
    assert "found models and no store of their metrics, expected a store under 'metric_stores'." in refused(text)[0]


def test_what_belongs_to_a_model_exists_and_belongs_to_no_other(refused: Refused) -> None:
    """A data set that there is not, and what two models claim, are refused with their places."""
    mistakes = refused(
        "version: 1\n"
        "datasets: {tx: {objects: landed}}\n"
        "models:\n"
        "  fraud: {datasets: [tx, ty], feature_views: [users]}\n"
        "  churn: {feature_views: [users]}\n"
    )
    assert mistakes == [
        "4:26: models.fraud.datasets[1]: found 'ty', expected the name of a data set: tx.",
        "5:27: models.churn.feature_views[0]: found what belongs to 'fraud' already, expected one model for each.",
    ]


@pytest.mark.parametrize(
    ("stands", "instead"),
    [
        ("group_wait: 0s", "group_wait: 999999w"),
        ("of: 3", "of: 3, period: 3654d"),
        ("path: sqlite:metrics.db", "path: sqlite:metrics.db, lag: 88000h"),
        ("of: 3", "of: 3, reference: {past: 522w}"),
        ("at_most: 0.1", "at_most: 0.1, for: 520w14d"),
    ],
)
def test_no_duration_is_longer_than_ten_years(stands: str, instead: str, valid: str, refused: Refused) -> None:
    """What no calendar could count with is told when the configuration is checked, not when an Alert is due."""
    (mistake,) = refused(valid.replace(stands, instead, 1))
    assert mistake.endswith("expected a duration such as 30s, 5m, 1h30m or 1d, at most ten years.")


@pytest.mark.parametrize(
    "string", ["h:1,password=hunter2", "h:1,ssl=true, PASSWORD = hunter2", "redis://:hunter2@h:1", "me:hunter2@h:1"]
)
def test_a_password_in_a_connection_string_is_refused_unseen(string: str, refused: Refused) -> None:
    """Redis' password is named under `password` and never written down; the mistake does not show it."""
    store = f'{{type: redis, connection_string: "{string}"}}'
    (mistake,) = refused(f"version: 1\nfeatures: {{project: p, stores: {{aws: {store}}}}}\n")
    assert mistake.partition(": ")[2] == (
        "features.stores.aws.connection_string: found a password that is written out, "
        "expected host:port,db=0,ssl=true, and a reference to the password under 'password'."
    )


@pytest.mark.parametrize(
    ("amount", "why"), [("0 USD", "it must be more than 0"), (f"{'9' * 900} USD", "is no finite amount of money")]
)
def test_a_budget_that_is_none_is_refused(amount: str, why: str, valid: str, refused: Refused) -> None:
    """It is told by `validate`, not by each run of the jobs that would hold a bill against it."""
    (mistake,) = refused(f"{valid}\nbudgets: {{all: {{amount: {amount}}}}}\n")
    assert "budgets.all" in mistake
    assert why in mistake
