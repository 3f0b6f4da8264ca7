"""`cost report` over FOCUS exports: every version, every shape, to the last digit."""

from __future__ import annotations

import csv
import gzip
import json
import random
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nephoscope.adapters.files.bills.rollup import BillFiles
from nephoscope.cli.main import main
from nephoscope.cost.money import total
from nephoscope.cost.totals import grand_total, provider_costs

VERSIONS = {
    "1.0": {},
    "1.1": {"SkuMeter": "m", "ServiceSubcategory": "s"},
    "1.2": {"InvoiceId": "i", "BillingAccountType": "t", "SubAccountType": "t"},
    "1.3": {"ServiceProviderName": "AWS", "HostProviderName": "AWS", "ProviderName": "Somebody else"},
    "1.4": {"ServiceProviderName": "AWS", "ProviderName": None, "InvoiceDetailId": "d"},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_told_and_read(version, focus_row, write_csv, report):
    """Exports of FOCUS 1.0 to 1.4 are read, also without ProviderName, and the version is told for each file."""
    answer = report(write_csv("bill.csv", [focus_row(**VERSIONS[version])]))
    assert answer["sources"][0]["dialect"] == f"FOCUS {version}"
    assert answer["monthly_costs"]["aws"]["billed"] == "1.25"
    assert answer["schema"] == "nephoscope.cost.report/1"


@pytest.mark.parametrize("version", ["1.3", "1.4"])
def test_a_marketplace_seller_counts_to_the_cloud_that_hosts_it(version, focus_row, write_csv, report):
    """What a seller charges by a cloud's bill is the cloud's, as in the versions before; without a host it stands."""
    old = {"ProviderName": None} if version == "1.4" else {}
    rows = [
        focus_row(ServiceProviderName=name, HostProviderName=host, BilledCost=cost, **old)
        for name, host, cost in (
            ("AWS", "Amazon Web Services", "700"),
            ("Databricks", "Amazon Web Services", "900"),
            ("Amazon Web Services", "Microsoft", "1"),
            ("Snowflake", "", "5"),
        )
    ]
    answer = report(write_csv("bill.csv", rows), "--by", "provider")
    assert {name: cost["billed"] for name, cost in answer["monthly_costs"].items()} == {"aws": "1601", "Snowflake": "5"}
    assert {group["keys"]["provider"] for group in answer["groups"]} == {"aws", "Snowflake"}


AZURE_1_0 = {"x_SkuMeterName": "m", "x_InvoiceId": "", "x_PricingCurrency": "USD", "BillingAccountType": "t"}


@pytest.mark.parametrize(
    ("start", "kind", "told"),
    [
        ("2026-05-01T00:00Z", "csv", "1.0"),
        ("2026-05-01T00:00:00Z", "csv", "1.0r2"),
        (datetime(2026, 5, 1), "parquet-text", "1.0 or 1.0r2"),  # noqa: DTZ001  # a column without a zone
    ],
)
def test_the_two_releases_of_azures_first_version(start, kind, told, tmp_path, focus_row, report):
    """Azure's 1.0 and 1.0r2 differ in how a time is written; where it is no text, both are named. Neither is 1.2."""
    rows = [focus_row(ProviderName="Microsoft", BillingPeriodStart=start, Tags="", **AZURE_1_0)]
    answer = report(_write(tmp_path / "bill", kind, rows))
    assert answer["sources"][0]["dialect"] == f"FOCUS {told}"


def _write(path: Path, kind: str, rows: list[dict]) -> Path:
    table = pa.Table.from_pylist(rows)
    if kind.startswith("parquet"):
        kinds = (float, pa.float64()) if kind == "parquet-double" else (Decimal, pa.decimal128(30, 12))
        amounts = pa.array([kinds[0](row["BilledCost"]) for row in rows], kinds[1])
        if kind != "parquet-text":
            for name in ("BilledCost", "EffectiveCost"):
                table = table.set_column(table.schema.get_field_index(name), name, amounts)
        pq.write_table(table, path, compression="zstd" if kind == "parquet-zstd" else "snappy")
    elif kind.startswith("jsonl"):
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        lines = [",".join(rows[0])] + [",".join(f'"{v}"'.replace('"{"', '"{""') for v in row.values()) for row in rows]
        path.write_text("\n".join(lines) + "\n")
    if kind.endswith(".gz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    if kind.endswith(".zst"):
        path.write_bytes(pa.Codec("zstd").compress(path.read_bytes(), asbytes=True))
    return path


FORMATS = [
    "csv",
    "csv.gz",
    "csv.zst",
    "jsonl",
    "jsonl.gz",
    "parquet-zstd",
    "parquet-snappy",
    "parquet-double",
    "parquet-text",
]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_digits(kind, tmp_path, focus_row, report):
    """Parquet, CSV and JSON Lines, compressed or not, whatever the type of the amounts, add up to the same digits."""
    amounts = ["0.1", "0.2", "1234.56", "-0.000000123456", "99999.99"]
    rows = [focus_row(BilledCost=amount, EffectiveCost=amount, Tags="") for amount in amounts]
    answer = report(_write(tmp_path / "bill", kind, rows), "--by", "service,day,region,resource")
    assert answer["total_cost"] == "101234.849999876544"
    assert answer["groups"] == [
        {
            "keys": {"service": "Compute", "day": "2026-05-03", "region": "eu-west-1", "resource": "vm-1"},
            "billed": "101234.849999876544",
            "effective": "101234.849999876544",
            "currency": "USD",
            "rows": 5,
        }
    ]


def test_a_column_that_comes_late_in_json_lines_is_read(tmp_path, focus_row, report):
    """Tags that stand in the last of many rows alone are read."""
    rows = [focus_row(Tags=None)] * 300 + [focus_row()]
    answer = report(_write(tmp_path / "bill", "jsonl.gz", rows), "--by", "tag:team")
    assert [(group["keys"]["tag:team"], group["rows"]) for group in answer["groups"]] == [("fraud", 1), (None, 300)]


@example(amounts=[Decimal("100000000.0"), Decimal("99999900000000.0")], parts=1, order=random.Random(1))
@example(amounts=[Decimal(9 * 10**12)] * 30, parts=2, order=random.Random(1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15).filter(
            lambda value: value.as_tuple().exponent > -300
        )
        | st.floats(allow_nan=False, allow_infinity=False, width=64).map(lambda value: Decimal(repr(value))),
        min_size=1,
        max_size=30,
    ),
    parts=st.integers(1, 4),
    order=st.randoms(use_true_random=False),
)
def test_sums_are_exact_whatever_the_order_and_the_files(amounts, parts, order, tmp_path_factory, focus_row):
    """Any amounts, in any order and any number of files, add up to the exact sum: no digit is ever rounded away."""
    folder = tmp_path_factory.mktemp("bills")
    shuffled = list(amounts)
    order.shuffle(shuffled)
    for part in range(parts):
        rows = [focus_row(BilledCost=str(amount), EffectiveCost="NULL", Tags="") for amount in shuffled[part::parts]]
        if rows:
            _write(folder / f"{part}.csv", "csv", rows)
    bill = BillFiles([str(folder)]).read()
    assert grand_total(provider_costs(bill.answers)).sums == {"USD": total(amounts)}


@pytest.mark.parametrize("cost", [".12345678901", "-.1234567890", "+.1234567890", "0.1234567891"])
def test_an_amount_without_a_digit_before_its_point(cost, focus_row, write_csv):
    """Text of twelve characters may have eleven places: none of them is cut off."""
    bill = BillFiles([str(write_csv("bill.csv", [focus_row(BilledCost=cost)]))]).read()
    assert grand_total(provider_costs(bill.answers)).amount == Decimal(cost)


def test_a_decimal_that_is_wider_than_the_engines_is_unknown(tmp_path, focus_row, report):
    """Parquet's decimals of 76 digits come as doubles, whose digits are others: they are no amounts."""
    table = pa.Table.from_pylist([focus_row()])
    amounts = pa.array([Decimal("0.10000000000000000000000000001")], pa.decimal256(76, 38))
    pq.write_table(table.set_column(0, "BilledCost", amounts), tmp_path / "bill.parquet")
    answer = report(tmp_path)
    assert (answer["status"], answer["total_cost"]) == ("UNKNOWN", None)
    assert "DECIMAL(76,38)" in answer["monthly_costs"]["unknown"]["reason"]


def test_a_double_is_its_shortest_decimal(tmp_path, focus_row):
    """An amount that was stored as a binary float counts as the shortest decimal that names it, tiny ones too."""
    floats = [0.1, 0.2, 1e-7, 3.3e-12, 5.551115123125783e-17, 1234567.891, -0.3]
    rows = [focus_row(BilledCost=repr(value), Tags="") for value in floats]
    _write(tmp_path / "bill.parquet", "parquet-double", rows)
    bill = BillFiles([str(tmp_path)]).read()
    exact = total(Decimal(repr(value)) for value in floats)
    assert grand_total(provider_costs(bill.answers)).amount == exact


def test_purchases_are_billed_once_and_spread_by_effective_cost(focus_row, write_csv, report):
    """A commitment's purchase is billed in full with nothing effective; the usage it covers is the other way round."""
    rows = [
        focus_row(ChargeCategory="Purchase", BilledCost="300", EffectiveCost="0"),
        focus_row(CommitmentDiscountId="c", BilledCost="0", EffectiveCost="10"),
        focus_row(CommitmentDiscountId="c", CommitmentDiscountStatus="Unused", BilledCost="0", EffectiveCost="2.5"),
        focus_row(ChargeCategory="Credit", BilledCost="-40", EffectiveCost="-40"),
        focus_row(ChargeClass="Correction", BilledCost="-1.5", EffectiveCost="-1.5"),
        focus_row(ChargeCategory="Tax", BilledCost="20", EffectiveCost="20"),
    ]
    keys = dict.fromkeys(key for row in rows for key in row)
    answer = report(write_csv("bill.csv", [{key: row.get(key, "") for key in keys} for row in rows]))
    assert answer["total_cost"] == "278.5"
    assert answer["monthly_costs"]["aws"]["effective"] == "-9"


def test_the_text_null_dates_without_seconds_and_names_in_another_case(focus_row, write_csv, report):
    """The text NULL is nothing, a date needs neither seconds nor a zone, and a header's case does not matter."""
    odd = {
        "2026-05-31T23:00Z": "2026-05-31",
        "2026-05-31": "2026-05-31",
        "2026-05-31 23:59:59": "2026-05-31",
        "2026-06-01T01:00:00+02:00": "2026-05-31",
        "5/31/26": "2026-05-31",
        "05/31/2026": "2026-05-31",
    }
    rows = [focus_row(ChargePeriodStart=start, ServiceName="NULL", ProviderName="aws", Tags="NULL") for start in odd]
    rows = [{name.swapcase(): value for name, value in row.items()} for row in rows]
    answer = report(write_csv("bill.csv", rows, bom=True), "--by", "provider,day,service,tag:team")
    keys = [group["keys"] for group in answer["groups"]]
    assert keys == [{"provider": "aws", "day": "2026-05-31", "service": None, "tag:team": None}]
    assert answer["groups"][0]["rows"] == len(odd)


def test_a_month_is_that_of_the_billing_period_in_utc(focus_row, write_csv, report):
    """`--month` asks for BillingPeriodStart in UTC, not for the charge's own day."""
    path = write_csv(
        "bill.csv",
        [
            focus_row(BillingPeriodStart="2026-06-01T01:00:00+02:00", BilledCost="1"),
            focus_row(BillingPeriodStart="2026-06-01", ChargePeriodStart="2026-05-31", BilledCost="5"),
        ],
    )
    assert report(path, "--month", "2026-05")["total_cost"] == "1"
    assert report(path, "--month", "2026-06")["total_cost"] == "5"
    assert report(path)["total_cost"] == "6"


def test_a_month_that_no_bill_tells_of_is_unknown(focus_row, write_csv, report):
    """A month without a single charge is unknown, not free."""
    answer = report(write_csv("bill.csv", [focus_row()]), "--month", "2026-07", "--fail-on", "unknown", code=3)
    assert answer["total_cost"] is None
    assert answer["monthly_costs"]["aws"]["status"] == "unknown"
    assert "2026-05" in answer["monthly_costs"]["aws"]["reason"]


TAGS = [
    pa.array([[("team", "fraud"), ("env", "prod")]], pa.map_(pa.string(), pa.string())),
    pa.array(['{"team": "fraud", "env": "prod"}']),
    pa.array([[{"Key": "team", "Value": "fraud"}, {"Key": "env", "Value": "prod"}]]),
    pa.array([[(" team", "fraud")]], pa.map_(pa.string(), pa.string())),
    pa.array(['{" team": "fraud"}']),
    pa.array([[{"Key": " team", "Value": "fraud"}]]),
]


@pytest.mark.parametrize("tags", TAGS, ids=lambda tags: str(tags.type))
def test_tags_are_read_in_each_of_their_shapes(tags, tmp_path, focus_row, report):
    """A tag is found in a map, in JSON text and in a list of structs, with a space before its key too."""
    table = pa.Table.from_pylist([focus_row(Tags=None)]).append_column("Tags", tags)
    pq.write_table(table, tmp_path / "bill.parquet")
    answer = report(tmp_path, "--by", "tag:team,tag:absent")
    assert answer["groups"][0]["keys"] == {"tag:team": "fraud", "tag:absent": None}


def test_a_tag_key_with_quotes_is_only_a_key(focus_row, write_csv, report):
    """A key with quotation marks is looked up as it is, and breaks nothing."""
    path = write_csv("bill.csv", [focus_row(Tags=json.dumps({"a\"b'c": "x"}))])
    assert report(path, "--by", "tag:a\"b'c")["groups"][0]["keys"] == {"tag:a\"b'c": "x"}


def test_two_currencies_are_never_added(focus_row, write_csv, report):
    """With two currencies there is one total each, and no number that adds them."""
    path = write_csv("bill.csv", [focus_row(), focus_row(BillingCurrency="eur", ProviderName="Microsoft")])
    answer = report(path, "--budget", "1")
    assert (answer["currency"], answer["total_cost"]) == (None, None)
    assert answer["totals"] == {"EUR": "1.25", "USD": "1.25"}
    assert answer["status"] == "UNKNOWN"
    assert report(path, "--budget", "1 USD")["status"] == "ALERT"


@pytest.mark.parametrize(("money", "status", "code"), [("1.24", "ALERT", 1), ("1.25", "OK", 0), ("1000", "OK", 0)])
def test_a_budget_is_breached_by_more_than_it(money, status, code, focus_row, write_csv, report):
    """A bill over its budget is an ALERT and exits with 1 where asked; a bill that equals it is not."""
    path = write_csv("bill.csv", [focus_row()])
    assert report(path, "--budget", money, "--fail-on", "breach", code=code)["status"] == status


def test_what_cannot_be_read_makes_the_total_at_least(focus_row, write_csv, tmp_path, report):
    """A broken file beside good ones is named, the total is 'at least', and nothing of it reads as 0."""
    good = write_csv("good.csv", [focus_row()])
    whole = gzip.compress(good.read_bytes() * 50)
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) - 20])
    (tmp_path / "empty.csv").touch()
    write_csv("header.csv", [focus_row(Extra="x")])
    (tmp_path / "header.csv").write_text((tmp_path / "header.csv").read_text().splitlines()[0] + "\n")
    answer = report(tmp_path, "--budget", "1000")
    assert (answer["total_cost"], answer["total_is"], answer["status"]) == ("1.25", "at_least", "UNKNOWN")
    bad = {source["name"] for source in answer["sources"] if source["status"] == "unknown"}
    assert bad == {"cut.csv.gz", "empty.csv", "header.csv"}
    assert answer["monthly_costs"]["unknown"]["billed"] is None


@pytest.mark.parametrize("bad", ["NULL", "", "nan", "Infinity", "1,2,3", "1,234", "1.234,5", "abc", "1e99999"])
def test_a_row_without_an_amount_is_never_free(bad, focus_row, write_csv, report):
    """A cost that is missing or no number makes its file unknown."""
    answer = report(write_csv("bill.csv", [focus_row(), focus_row(BilledCost=bad)]))
    assert (answer["status"], answer["total_cost"]) == ("UNKNOWN", None)
    assert "bill.csv" in answer["monthly_costs"]["unknown"]["reason"]


def test_a_file_that_is_no_bill_is_told_what_it_lacks(write_csv, report):
    """The sentence for a file of another kind names the columns that a bill needs."""
    answer = report(write_csv("other.csv", [{"BilledCost": "1", "Currency": "USD"}]))
    reason = answer["monthly_costs"]["unknown"]["reason"]
    assert "BillingCurrency, BillingPeriodStart" in reason
    assert "ServiceProviderName or ProviderName" in reason


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31T23:00:00Z", "9999-12-31", "2026-02-30", "garbage"])
def test_a_day_that_cannot_be_does_not_spoil_the_bill(day, focus_row, write_csv, report):
    """A charge of the year 1, or of no day at all, is charged all the same, and takes no time to read."""
    rows = [focus_row(Tags=""), focus_row(ChargePeriodStart=day, ChargePeriodEnd=day, Tags="")]
    answer = report(write_csv("bill.csv", rows), "--by", "day", "--month", "2026-05")
    assert (answer["total_cost"], answer["total_is"]) == ("2.5", "exact")


def test_what_is_wrong_with_a_row_is_said_without_its_data(focus_row, write_csv, report):
    """A row with a field too many is named by its line and what was expected, not by what stands in it."""
    path = write_csv("bill.csv", [focus_row(ResourceId="secret")])
    path.write_text(path.read_text().rstrip() + ",one more\n")
    reason = report(path)["sources"][0]["reason"]
    assert "Line: 2, Expected Number of Columns: 17 Found: 18" in reason
    assert "secret" not in reason


def test_columns_that_nobody_declared_are_accepted(focus_row, write_csv, report):
    """`x_` columns and unknown ones do no harm, and the optional ones may all be missing."""
    needed = ("BilledCost", "BillingCurrency", "BillingPeriodStart", "ProviderName")
    row = {name: focus_row()[name] for name in needed} | {"x_Discounts": "{}", "Whatever": "1"}
    answer = report(write_csv("bill.csv", [row]), "--by", "provider,region,tag:team")
    assert answer["total_cost"] == "1.25"
    assert answer["monthly_costs"]["aws"]["effective"] is None


def test_a_bill_of_many_groups_takes_more_memory_rather_than_being_unknown(focus_row, write_csv):
    """Where the little memory that a roll-up is given does not do, it is given more: the bill is still known."""
    rows = [focus_row(ResourceId=f"resource {number} {'x' * 300}", Tags="") for number in range(4_000)]
    bill = BillFiles([str(write_csv("bill.csv", rows))], memory="6MB").read(by=("resource",))
    assert [source.status for source in bill.sources] == ["known"]
    assert len(bill.groups) == 4_000


def test_no_digit_is_cut_from_a_table(focus_row, write_csv, capsys):
    """On a narrow terminal names are folded, and amounts are not."""
    path = write_csv("bill.csv", [focus_row(BilledCost="5039.13441949491231", ServiceName="A long name " * 6)])
    assert main(["cost", "report", str(path), "--by", "provider,service,category,region"]) == 0
    assert "5039.13441949491231" in capsys.readouterr().out


def test_azure_ids_are_the_same_in_any_case(focus_row, write_csv, report):
    """Azure spells one resource in several cases; its cost stands on one line."""
    rows = [focus_row(ProviderName="Microsoft", ResourceId=name) for name in ("/Sub/VM1", "/sub/vm1")]
    groups = report(write_csv("bill.csv", rows), "--by", "resource")["groups"]
    assert [(group["billed"], group["rows"]) for group in groups] == [("2.5", 2)]


@pytest.mark.parametrize("arguments", [["absent.csv"], ["--by", "colour"], ["--month", "May"], ["--budget", "much"]])
def test_what_cannot_be_asked_is_a_sentence_and_exit_code_2(arguments, focus_row, write_csv, capsys):
    """A path that is not there and an option without meaning exit with 2 and one sentence on stderr."""
    path = str(write_csv("bill.csv", [focus_row()]))
    paths = arguments if arguments == ["absent.csv"] else [path, *arguments]
    assert main(["cost", "report", *paths]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "To do:" in captured.err


def test_three_clouds_as_a_generator_writes_them(tmp_path, report):
    """The bills that an independent generator makes for three clouds add up as a decimal reader adds them."""
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for provider in ("aws", "azure", "gcp"):
        for version in ("1.2", "1.3"):
            command = ["generate", "--provider", provider, "--focus-version", version, "--rows", "300"]
            out = tmp_path / provider / version
            subprocess.run(
                [sys.executable, "-m", "focus_data_toolkit", *command, "--seed", "7", "--out", str(out)],
                check=True,
                capture_output=True,
            )
            for path in out.rglob("*cost_and_usage*.csv"):
                with path.open(newline="") as file:
                    for row in csv.DictReader(file):
                        expected[provider] += Decimal(row["BilledCost"])
    answer = report(*(str(path) for path in tmp_path.rglob("*cost_and_usage*.csv")))
    billed = {provider: Decimal(cost["billed"]) for provider, cost in answer["monthly_costs"].items()}
    assert billed == expected
    assert answer["total_is"] == "exact"
