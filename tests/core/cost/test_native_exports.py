"""The providers' own exports, recognised by their header and mapped onto FOCUS."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CUR = {
    "bill/BillingPeriodStartDate": "2026-05-01T00:00:00Z",
    "bill/PayerAccountId": "111",
    "lineItem/UsageAccountId": "222",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-05-03T01:00:00Z",
    "lineItem/UsageEndDate": "2026-05-03T02:00:00Z",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "2",
    "lineItem/BlendedCost": "99",
    "lineItem/ResourceId": "i-1",
    "product/region": "eu-west-1",
    "reservation/ReservationARN": "",
    "reservation/EffectiveCost": "",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
    "reservation/UnusedRecurringFee": "",
    "savingsPlan/SavingsPlanARN": "",
    "savingsPlan/SavingsPlanEffectiveCost": "",
    "savingsPlan/TotalCommitmentToDate": "",
    "savingsPlan/UsedCommitment": "",
    "resourceTags/user:Team": "fraud",
}
# Each kind of line: what is invoiced, the columns of its amortised cost, and that cost.
CUR_LINES = [
    ("Usage", "2", {}, "2"),
    ("Tax", "0.5", {}, "0.5"),
    ("Credit", "-0.25", {}, "-0.25"),
    ("Fee", "100", {"reservation/ReservationARN": "ri"}, "0"),
    ("Fee", "7", {}, "7"),
    (
        "RIFee",
        "30",
        {"reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "1.5", "reservation/UnusedRecurringFee": "2.25"},
        "3.75",
    ),
    ("DiscountedUsage", "0", {"reservation/EffectiveCost": "4.125"}, "4.125"),
    ("SavingsPlanCoveredUsage", "6", {"savingsPlan/SavingsPlanEffectiveCost": "5"}, "5"),
    ("SavingsPlanNegation", "-6", {}, "0"),
    ("SavingsPlanUpfrontFee", "50", {}, "0"),
    (
        "SavingsPlanRecurringFee",
        "9",
        {"savingsPlan/TotalCommitmentToDate": "9.000000000000000000000000001", "savingsPlan/UsedCommitment": "8"},
        "1.000000000000000000000000001",
    ),
]


def _cur_rows() -> list[dict]:
    return [
        CUR | {"lineItem/LineItemType": kind, "lineItem/UnblendedCost": cost} | columns
        for kind, cost, columns, _ in CUR_LINES
    ]


def test_a_legacy_cur_is_billed_unblended_and_amortised_by_the_rules_of_aws(write_csv, report):
    """Unblended cost is billed; commitments are spread as AWS spreads them, each kind of line by its own rule."""
    path = write_csv("cur.csv", _cur_rows())
    answer = report(path, "--by", "provider,service,account,region,tag:Team")
    assert answer["sources"][0]["dialect"] == "CUR"
    assert answer["total_cost"] == "198.25"
    assert answer["monthly_costs"]["aws"]["effective"] == "23.125000000000000000000000001"
    assert answer["groups"][0]["keys"] == {
        "provider": "aws",
        "service": "AmazonEC2",
        "account": "222",
        "region": "eu-west-1",
        "tag:Team": "fraud",
    }


def test_a_legacy_cur_with_tags_that_differ_in_case(write_csv, report):
    """Two columns of tags whose keys differ in case only are two tags; asked in a third case, the first is read."""
    path = write_csv("cur.csv", [CUR | {"resourceTags/user:team": "research"}])
    keys = report(path, "--by", "tag:Team,tag:team,tag:TEAM")["groups"][0]["keys"]
    assert keys == {"tag:Team": "fraud", "tag:team": "research", "tag:TEAM": "fraud"}


def _zipped(path, *members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_legacy_cur_in_a_zip_archive(compression, write_csv, tmp_path, report):
    """An archive of one CSV, as AWS packs it, is read as the CSV is, also by the manifest that lists it."""
    content = write_csv("plain/cur.csv", _cur_rows() * 500).read_bytes()
    archive = tmp_path / "cur/20260501-20260601/cur-1.csv.zip"
    archive.parent.mkdir(parents=True)
    _zipped(archive, ("cur-1.csv", content), compression=compression)
    answer = report(archive)
    assert (answer["total_cost"], answer["total_is"]) == ("99125", "exact")
    assert answer["sources"] == [{"name": "cur-1.csv.zip", "dialect": "CUR", "status": "known", "reason": None}]
    manifest = {
        "assemblyId": "a",
        "billingPeriod": {"start": "20260501T000000.000Z"},
        "reportKeys": ["cur/cur-1.csv.zip"],
    }
    (archive.parent / "cur-Manifest.json").write_text(json.dumps(manifest))
    assert report(tmp_path / "cur")["total_cost"] == "99125"


def test_an_archive_that_is_not_one_whole_file_is_unknown(write_csv, tmp_path, report):
    """Several files, none, an archive that is cut or has a flipped bit, one packed otherwise: none is a bill of 0."""
    content = write_csv("plain/cur.csv", _cur_rows() * 500).read_bytes()
    whole = _zipped(tmp_path / "a.zip", ("cur.csv", content)).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) - 30])
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(bytes(flipped))
    _zipped(tmp_path / "two.zip", ("a.csv", content), ("b.csv", content))
    _zipped(tmp_path / "none.zip")
    _zipped(tmp_path / "other.zip", ("cur.csv", content), compression=zipfile.ZIP_LZMA)
    _zipped(tmp_path / "inner.zip", ("a.zip", whole))
    for name in ("cut", "flipped", "two", "none", "other", "inner"):
        answer = report(tmp_path / f"{name}.zip")
        assert (answer["status"], answer["total_cost"]) == ("UNKNOWN", None)
        assert f"{name}.zip" in answer["monthly_costs"]["unknown"]["reason"]


def test_an_archive_of_nothing_but_zeros_is_refused_without_unpacking_it(tmp_path, report):
    """A bomb of a quarter of a gigabyte is unknown at once, and takes neither memory nor disk."""
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("b", "w") as file:
        for _ in range(256):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    answer = report(tmp_path / "bomb.zip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer["status"] == "UNKNOWN"
    assert peak < 64 * 1024**2


def test_cur_2_in_parquet_reads_the_same(tmp_path, report):
    """CUR 2.0, with its own names, doubles and a map of tags, adds up as the legacy report does."""
    rows = []
    for row in _cur_rows():
        renamed = {}
        for name, value in row.items():
            if not name.startswith("resourceTags"):
                snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name.replace("/", "_"))
                amount = "Cost" in name or "Fee" in name or "Commitment" in name
                renamed[snake.replace("__", "_").replace("_a_r_n", "_arn")] = (
                    (float(value) if value else None) if amount else value
                )
        rows.append(renamed)
    table = pa.Table.from_pylist(rows)
    tags = pa.array([[("user_team", "fraud")]] * len(rows), pa.map_(pa.string(), pa.string()))
    pq.write_table(table.append_column("resource_tags", tags), tmp_path / "cur2.parquet")
    answer = report(tmp_path, "--by", "tag:Team")
    assert answer["sources"][0]["dialect"] == "CUR 2.0"
    assert answer["total_cost"] == "198.25"
    assert answer["monthly_costs"]["aws"]["effective"] == "23.125"
    assert answer["groups"][0]["keys"] == {"tag:Team": "fraud"}


AZURE = {
    "EA": {
        "SubscriptionId": "sub",
        "Date": "05/03/2026",
        "MeterCategory": "Virtual Machines",
        "CostInBillingCurrency": "3.5",
        "BillingCurrencyCode": "EUR",
        "BillingPeriodStartDate": "05/01/2026",
        "ChargeType": "Usage",
        "PricingModel": "OnDemand",
        "ResourceId": "/subscriptions/sub/vm",
        "ResourceLocation": "westeurope",
        "Tags": '"team": "fraud","env": "prod"',
    },
    "MCA": {
        "subscriptionId": "sub",
        "date": "05/03/2026",
        "meterCategory": "Virtual Machines",
        "costInBillingCurrency": "3.5",
        "costInPricingCurrency": "4",
        "costInUsd": "4",
        "billingCurrency": "EUR",
        "billingPeriodStartDate": "05/01/2026",
        "chargeType": "Usage",
        "pricingModel": "OnDemand",
        "resourceId": "/subscriptions/sub/vm",
        "resourceLocation": "westeurope",
        "tags": '{"team": "fraud"}',
    },
    "pay-as-you-go": {
        "SubscriptionGuid": "sub",
        "Date": "2026-05-03",
        "MeterCategory": "Virtual Machines",
        "Cost": "3.5",
        "BillingCurrency": "EUR",
        "InstanceId": "/subscriptions/sub/vm",
        "ResourceLocation": "westeurope",
        "Tags": '{"team": "fraud"}',
    },
}


@pytest.mark.parametrize("agreement", AZURE)
def test_azure_cost_exports_of_each_agreement(agreement, write_csv, report):
    """EA, MCA and pay-as-you-go exports are read, with a byte order mark, camelCase and tags without braces."""
    path = write_csv("export.csv", [AZURE[agreement]], bom=True)
    answer = report(path, "--by", "provider,service,account,region,day,resource,tag:team", "--month", "2026-05")
    assert (answer["currency"], answer["total_cost"], answer["total_is"]) == ("EUR", "3.5", "exact")
    assert answer["groups"][0]["keys"] == {
        "provider": "azure",
        "service": "Virtual Machines",
        "account": "sub",
        "region": "westeurope",
        "day": "2026-05-03",
        "resource": "/subscriptions/sub/vm",
        "tag:team": "fraud",
    }


@pytest.mark.parametrize("language", ["de", "fr", "zh"])
def test_an_azure_export_in_another_language(language, write_csv, report):
    """A translated header keeps each English name in parentheses and is read by it, with semicolons too."""
    names = {
        "de": ("Abonnement-GUID", "Datum", "Kategorie der Verbrauchseinheit", "Kosten", "Währung"),
        "fr": ("GUID d'abonnement", "Date", "Catégorie de compteur", "Coût", "Devise"),
        "zh": ("订阅", "日期", "计量类别", "费用", "货币"),
    }[language]
    english = ("SubscriptionGuid", "UsageDateTime", "MeterCategory", "PreTaxCost", "Currency")
    values = ("sub", "2026-05-03", "Virtual Machines", "3.5", "EUR")
    row = {f"{own} ({name})": value for own, name, value in zip(names, english, values, strict=True)}
    answer = report(write_csv("export.csv", [row], delimiter=";", bom=True), "--by", "account,service,day")
    assert (answer["total_cost"], answer["currency"]) == ("3.5", "EUR")
    assert list(answer["groups"][0]["keys"].values()) == ["sub", "Virtual Machines", "2026-05-03"]


def _views(write_csv, name: str = "part"):
    row = AZURE["EA"]
    committed = row | {"PricingModel": "Reservation"}
    actual = write_csv(
        f"{name}-a.csv",
        [
            row,
            committed | {"ChargeType": "Purchase", "CostInBillingCurrency": "100"},
            committed | {"CostInBillingCurrency": "0"},
        ],
    )
    amortised = write_csv(
        f"{name}-b.csv",
        [
            row,
            committed | {"CostInBillingCurrency": "8"},
            committed | {"ChargeType": "UnusedReservation", "CostInBillingCurrency": "2"},
        ],
    )
    return actual, amortised


def test_actual_and_amortised_views_are_never_added(write_csv, report):
    """Both views of one bill give billed cost from the one and effective cost from the other, never their sum."""
    answer = report(*_views(write_csv))
    assert answer["monthly_costs"]["azure"]["billed"] == "103.5"
    assert answer["monthly_costs"]["azure"]["effective"] == "13.5"
    assert (answer["total_cost"], answer["total_is"]) == ("103.5", "exact")
    assert [(group["billed"], group["effective"]) for group in answer["groups"]] == [("103.5", "13.5")]


def test_one_bill_in_two_dialects_is_not_added_up(write_csv, focus_row, report):
    """A Cost and Usage Report and a FOCUS export of the same account and month count once, and that is said."""
    cur = write_csv("cur.csv", [CUR])
    focus = write_csv("focus.csv", [focus_row(SubAccountId="222", BilledCost="2")])
    answer = report(cur, focus)
    assert (answer["total_cost"], answer["total_is"]) == ("2", "at_least")
    assert "stands in" in answer["monthly_costs"]["unknown"]["reason"]
    other = write_csv("other.csv", [focus_row(SubAccountId="333", BilledCost="2")])
    assert report(cur, other)["total_is"] == "exact"


def test_an_amortised_view_alone_leaves_the_bill_unknown(write_csv, report):
    """What was invoiced cannot be read from an amortised export, and is not guessed."""
    answer = report(_views(write_csv)[1])
    assert answer["status"] == "UNKNOWN"
    assert answer["monthly_costs"]["azure"]["billed"] is None
    assert answer["monthly_costs"]["azure"]["effective"] == "13.5"


def test_equal_views_without_a_commitment_are_told_apart_by_their_names(write_csv, report):
    """Where nothing is committed both views hold the same rows; their names keep them from being added."""
    row = AZURE["EA"]
    paths = [write_csv(f"{name}/part_0.csv", [row]) for name in ("daily-ActualCost", "daily-AmortizedCost")]
    answer = report(*paths)
    assert answer["total_cost"] == "3.5"
    assert answer["monthly_costs"]["azure"]["effective"] == "3.5"


GOOGLE = {
    "billing_account_id": "01-AB",
    "service": {"id": "s", "description": "Vertex AI"},
    "usage_start_time": "2026-04-30T23:00:00Z",
    "usage_end_time": "2026-05-01T00:00:00Z",
    "project": {"id": "ml", "name": "ml"},
    "labels": [{"key": "team", "value": "fraud"}],
    "location": {"location": "europe-west1", "region": "europe-west1"},
    "cost": 10.1,
    "currency": "USD",
    "credits": [{"name": "SUD", "amount": -1.1}, {"name": "promo", "amount": -2.0e-7}],
    "invoice": {"month": "202605"},
    "cost_type": "regular",
    "export_time": "2026-05-02T00:00:00Z",
}
GOOGLE_ROWS = [GOOGLE, GOOGLE | {"cost": 5, "credits": [], "project": None, "labels": [], "cost_type": "tax"}]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_google_rows_cost_what_their_credits_leave(kind, tmp_path, report):
    """A row's net is its cost plus all its credits; the invoice's month is not the usage's; tax has no project."""
    if kind == "jsonl":
        (tmp_path / "rows.json.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, GOOGLE_ROWS)).encode()))
    else:
        rows = [row | {"cost": float(row["cost"])} for row in GOOGLE_ROWS]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    answer = report(tmp_path, "--month", "2026-05", "--by", "service,account,day,tag:team")
    assert answer["total_cost"] == "13.9999998"
    assert answer["monthly_costs"]["gcp"]["billed"] == "13.9999998"
    assert [group["keys"]["account"] for group in answer["groups"]] == ["01-AB", "ml"]
    assert answer["groups"][1]["keys"] == {
        "service": "Vertex AI",
        "account": "ml",
        "day": "2026-04-30",
        "tag:team": "fraud",
    }


FLAT = {
    "billing_account_id": "01-AB",
    "invoice.month": "202605",
    "cost_type": "regular",
    "usage_start_time": "2026-05-03 00:00:00 UTC",
    "usage_end_time": "2026-05-03 01:00:00 UTC",
    "cost": "100",
    "currency": "USD",
}


@pytest.mark.parametrize(
    ("told", "total"),
    [
        ({"credits": '[{"name": "CUD", "amount": -30.5}]'}, "69.5"),
        ({"credits": '[{"amount": "-30.5"}]'}, "69.5"),
        ({"credits.amount": "-30.5", "credits.name": "CUD"}, "69.5"),
        ({"credits": ""}, "100"),
        ({"credits": "[]"}, "100"),
        ({"credits": "[{'name': 'CUD', 'amount': -30.5}]"}, None),
        ({"credits": '[{"name": "CUD", "amount": -30.5'}, None),
        ({"credits": '{"name": "CUD", "amount": -30.5}'}, None),
        ({"credits": '[{"name": "CUD"}]'}, None),
        ({"credits": "[-30.5]"}, None),
        ({"credits": "-30.5"}, None),
        ({"credits.amount": "[-30.5]"}, None),
        ({}, None),
    ],
)
def test_credits_that_cannot_be_read_are_not_left_out(told, total, write_csv, report):
    """A flat export tells its credits as JSON or as `credits.amount`; told otherwise, what is left is unknown."""
    answer = report(write_csv("bill.csv", [FLAT | told]))
    assert (answer["total_cost"], answer["status"]) == (total, "OK" if total else "UNKNOWN")


def test_credits_without_an_amount_in_parquet_are_not_left_out(tmp_path, report):
    """A list of credits whose entries have no amount, in a column of its own type, leaves the bill unknown."""
    rows = [GOOGLE | {"credits": [{"name": "SUD"}]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert report(tmp_path)["total_cost"] is None


@pytest.mark.parametrize("rows_before", [200, 6_000])
def test_a_field_that_comes_late_in_json_lines_is_read(rows_before, tmp_path, report):
    """Rows leave out the fields that are empty: those that first come after many rows are read all the same."""
    early = {name: GOOGLE[name] for name in ("billing_account_id", "usage_start_time", "currency", "invoice")}
    early |= {"cost": 10, "padding": "x" * 200}
    late = early | {name: GOOGLE[name] for name in ("project", "labels")} | {"credits": [{"amount": -10}]}
    lines = [json.dumps(early)] * rows_before + [json.dumps(late)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    answer = report(tmp_path / "rows.jsonl", "--by", "account,tag:team")
    assert (answer["total_cost"], answer["total_is"]) == (str(10 * rows_before), "exact")
    assert {(group["keys"]["account"], group["keys"]["tag:team"]): group["billed"] for group in answer["groups"]} == {
        ("01-AB", None): str(10 * rows_before),
        ("ml", "fraud"): "0",
    }


def test_an_oci_cost_report(write_csv, report):
    """Oracle's cost report is billed by cost/myCost."""
    row = {
        "lineItem/referenceNo": "r",
        "lineItem/tenantId": "ocid1.tenancy",
        "lineItem/intervalUsageStart": "2026-05-03T00:00Z",
        "lineItem/intervalUsageEnd": "2026-05-03T01:00Z",
        "product/service": "COMPUTE",
        "product/compartmentId": "ocid1.compartment",
        "product/region": "eu-frankfurt-1",
        "cost/currencyCode": "USD",
        "cost/myCost": "0.75",
        "cost/myCostOverage": "0",
        "tags/team": "fraud",
    }
    answer = report(write_csv("oci.csv", [row]), "--by", "provider,service,tag:team", "--month", "2026-05")
    assert answer["total_cost"] == "0.75"
    assert answer["groups"][0]["keys"] == {"provider": "oci", "service": "COMPUTE", "tag:team": "fraud"}
