"""`make deploy-check` says what a configuration costs to run, by a model that is told with it."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nephoscope.settings import load

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "deploy" / "tests" / "configs"


@pytest.fixture(scope="module")
def price():
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("price", ROOT / "deploy" / "price.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["price"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["price"]


def priced(config, *options):
    """What it prints of a configuration, and each amount by its name."""
    command = [sys.executable, str(ROOT / "deploy" / "price.py"), str(config), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    amounts = re.findall(r"^(aws|azure|gcp|total) +([0-9.]+) USD a month", done.stdout, re.MULTILINE)
    return done.stdout, {name: float(amount) for name, amount in amounts}


def test_the_sum_is_of_the_clouds():
    """Each cloud with a store has a line; the total is their sum; the prices' dates and the model are told."""
    said, amounts = priced(CONFIGS / "aws.yaml")
    assert amounts["total"] == pytest.approx(sum(amounts.values()) - amounts["total"], abs=0.02)
    assert set(amounts) == {"aws", "azure", "gcp", "total"}
    assert re.search(r"List prices of \d{4}-\d{2} to \d{4}-\d{2}", said)
    assert "24 tables a day" in said


def test_more_landings_cost_more():
    """What is paid for grows with what is done."""
    _, few = priced(CONFIGS / "aws.yaml", "--landings", "1")
    _, many = priced(CONFIGS / "aws.yaml", "--landings", "1000")
    assert all(many[cloud] > few[cloud] for cloud in few)


def test_the_hub_takes_in_what_all_clouds_tell():
    """Each Report is one call of notify, in the hub alone."""
    said, _ = priced(CONFIGS / "gcp.yaml")
    notifying = [line for line in said.splitlines() if "notify" in line]
    assert len(notifying) == 1
    assert "gcp" in said.splitlines()[said.splitlines().index(notifying[0]) - 1]


def test_a_configuration_with_mistakes_costs_nothing(tmp_path):
    """One sentence and exit code 2, as everywhere."""
    config = tmp_path / "nephoscope.yaml"
    config.write_text("version: 2\n")
    command = [sys.executable, str(ROOT / "deploy" / "price.py"), str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "version" in done.stderr


ALONE = """\
version: 1
hub: {cloud}
topic: {topic}
state: {scheme}hub/state
stores: {{{cloud}: "{scheme}own/records"}}
datasets: {{flights: {{objects: "{scheme}landing/flights", columns: {{dep_delay: {{ks: {{at_most: 0.1}}}}}}}}}}
channels: {{oncall: {{type: slack, url: "{secret}"}}}}
route: {{channels: [oncall]}}
"""
TOPICS = {
    "aws": ("sns:arn:aws:sns:eu-central-1:123456789012:n", "s3://", "aws-sm:slack"),
    "azure": ("eventgrid:https://n.westeurope-1.eventgrid.azure.net/api/events", "az://", "azure-kv:kv/slack"),
    "gcp": ("pubsub:projects/acme/topics/n", "gs://", "gcp-sm:projects/acme/secrets/slack"),
}
FEATURES = """\
features:
  project: acme
  stores: {{{cloud}: {{type: redis, connection_string: "cache:6379"}}}}
  sources: {{{cloud}: {{user_features: "{scheme}landing/user_features"}}}}
timers: {{features: "0 * * * *"}}
"""


@pytest.fixture
def month(price, tmp_path):
    """What a month of one cloud alone takes, with ten tables a day: the quantities by name."""

    def take(cloud, more=""):
        topic, scheme, secret = TOPICS[cloud]
        config = tmp_path / f"{cloud}.yaml"
        config.write_text(ALONE.format(cloud=cloud, topic=topic, scheme=scheme, secret=secret) + more)
        settings = load(config)
        return price.quantities(cloud, price.calls(settings, 10)[cloud], settings, 10)

    return take


# A month of thirty days: 43,200 sweeps, 2,880 rollups, 300 tables; each table and each rollup is one Report for notify.
def test_amazon_by_hand(month):
    """Seconds, requests and what is there, added up by hand from the model's assumptions."""
    assert month("aws") == pytest.approx(
        {
            "calls": 43_200 + 2_880 + 300 + 3_180,
            # 43,200 × 0.6 × 0.5; 2,880 × 1.5 × 0.5; 300 × 6 × 2.9375; 3,180 × 0.5 × 0.5
            "gib_seconds": 12_960 + 2_160 + 5_287.5 + 795,
            "writes": 2 * 2_880 + 2 * 300 + 3 * 3_180,
            "reads": 4 * 43_200 + 20 * 2_880 + 2 * 300 + 4 * 3_180,
            "log_gib": 49_560 * 1_200 / 1_073_741_824,
            "timer_calls": 43_200 + 2_880,
            "notifications": 3_180,
            # sent, received and deleted; three queues (tables, exports, Reports), each with 5 × 3 long polls a minute
            "queue_requests": 3 * (3_180 + 300) + 3 * 15 * 60 * 24 * 30,
            "metrics": 0,
            "bill_pages": 0,
            "keys": 2,
            "secrets": 1,
            # dead letters of sweep, drift, security, cost, notify and rollup; undelivered; two waiting; the hub's two
            "alarms": 6 + 1 + 2 + 2,
        }
    )


def test_features_on_azure_are_a_plan_that_is_always_on(month):
    """One EP1 of a processor and 3.5 GB for 720 hours, whatever is called: about 156 dollars, and no call."""
    without = month("azure")
    with_features = month("azure", FEATURES.format(cloud="azure", scheme="az://"))
    assert (without["plan_cpu_hours"], without["plan_gib_hours"]) == (0, 0)
    assert (with_features["plan_cpu_hours"], with_features["plan_gib_hours"]) == (720, 2_520)
    # What else grows is notify: 720 runs by the timer and 300 by what lands, a Report each, of a second at least.
    assert with_features["gib_seconds"] - without["gib_seconds"] == pytest.approx(1_020 * 1.0 * 0.5)
    assert with_features["calls"] - without["calls"] == 1_020


def test_features_on_google_are_paid_by_the_second(month):
    """A service of one processor and 2 GiB: 1,020 calls of a minute are 61,200 vCPU-seconds and 122,400 GiB-seconds."""
    without = month("gcp")
    with_features = month("gcp", FEATURES.format(cloud="gcp", scheme="gs://"))
    notified = 1_020 * 0.5
    grown = {name: with_features[name] - without[name] for name in ("vcpu_seconds", "gib_seconds", "schedules")}
    assert grown == pytest.approx(
        {"vcpu_seconds": 61_200 + notified * 0.333, "gib_seconds": 122_400 + notified * 0.5, "schedules": 1}
    )


def test_a_bill_is_asked_for_by_month_tag_and_account(month):
    """A run asks for three months, each by service, by the model's tag and by account: nine pages of a cent."""
    bills = 'bills: {aws: {}}\ntimers: {cost: "0 6 * * *"}\n'
    assert month("aws", bills)["bill_pages"] == 30 * 9


def test_every_price_has_its_list_region_and_date(price):
    """Nothing is multiplied by a number that nobody can look up, and no quantity goes without a price."""
    for cloud, lines in price.prices().items():
        settings = load(CONFIGS / f"{cloud}.yaml")
        assert set(lines) == set(price.quantities(cloud, price.calls(settings, 1)[cloud], settings, 1))
        for one in lines.values():
            assert one.list.startswith("https://")
            assert one.region
            assert re.fullmatch(r"\d{4}-\d{2}|undated", one.as_of)
            assert one.price > 0
            assert one.per in (1, 1_000, 10_000, 100_000, 1_000_000)


def test_prices_are_what_their_units_say(price):
    """What the lists write of one: a unit that is off by a thousand would show here."""
    each = {f"{cloud}.{name}": one.each for cloud, lines in price.prices().items() for name, one in lines.items()}
    assert each["aws.gib_seconds"] == pytest.approx(0.0000166667)
    assert each["azure.gib_seconds"] == pytest.approx(0.000026)
    assert each["gcp.vcpu_seconds"] == pytest.approx(0.0000336)
    assert each["gcp.gib_seconds"] == pytest.approx(0.0000035)
    assert 730 * each["azure.plan_cpu_hours"] == pytest.approx(126.29)
    assert 730 * 3.5 * each["azure.plan_gib_hours"] == pytest.approx(31.43, abs=0.005)
    assert 720 * each["azure.plan_cpu_hours"] + 2_520 * each["azure.plan_gib_hours"] == pytest.approx(155.56, abs=0.005)


def test_memory_is_what_is_deployed(price):
    """The model's memory of each entry point is the deployment's."""
    aws, azure, gcp = ((ROOT / "deploy" / cloud / "main.tf").read_text() for cloud in ("aws", "azure", "gcp"))
    gcp = re.sub(r"local\.features, \{", 'local.features, { memory = "2Gi", ', gcp)
    on_azure = {job: int(size) for job, size in re.findall(r"(\w+) = (\d+)", azure.partition("memory_mb = {")[2][:120])}
    for name, call in price.CALLS.items():
        job = name.partition("_on_")[0]
        if job in ("notify", "rollup"):
            continue  # of the hub: 512 MB in each cloud
        assert re.search(rf"{name} +=.*memory_mb = {round(call.gib['aws'] * 1024)},", aws)
        assert job == "features" or on_azure[job] == call.gib["azure"] * 1024
        written = re.search(rf"{name}\W.*?memory = \"(\w+)\"", gcp) or re.search(
            r"features = .*memory = \"(\w+)\"", gcp
        )
        assert _gib(written[1]) == call.gib["gcp"]
    for cloud in ("aws", "azure", "gcp"):
        hub = (ROOT / "deploy" / "hub" / cloud / "main.tf").read_text()
        assert set(re.findall(r'memory(?:_mb)? += "?(\d+)', hub)) == {"512"}
        assert price.CALLS["notify_on_message"].gib[cloud] == price.CALLS["rollup_on_timer"].gib[cloud] == 0.5


def _gib(text):
    return float(text[:-2]) / (1024 if text.endswith("Mi") else 1)


def test_prices_are_written_once():
    """The file is plain JSON that whoever updates a price edits by hand: one line a price."""
    text = (ROOT / "deploy" / "prices.json").read_text()
    lines = sum(len(names) for names in json.loads(text).values())
    assert text.count('"price":') == lines == sum('"list":' in line for line in text.splitlines())


def test_each_price_can_be_read_with_its_list():
    """--prices prints the amount, its unit, the list's address, its region and its date."""
    said, _ = priced(CONFIGS / "azure.yaml", "--prices")
    assert re.search(
        r"azure +plan cpu hours +0\.173 USD for 1 vCPU-hour .*https://.*, East US, undated; again in", said
    )
