"""What a provider delivers into a folder: manifests decide which files count."""

from __future__ import annotations

import json
import shutil

import pytest


def _azure_run(
    write_csv,
    focus_row,
    run: str,
    submitted: str,
    cost: str,
    *,
    month: str = "2026-05",
    days: tuple[str, str] = ("01", "31"),
    export: str = "focus",
    rows: int = 1,
):
    first, last = (f"{month}-{day}" for day in days)
    folder = f"{export}/{first.replace('-', '')}-{last.replace('-', '')}/{run}"
    row = focus_row(
        ProviderName="Microsoft",
        BilledCost=cost,
        BillingPeriodStart=f"{month}-01T00:00Z",
        ChargePeriodStart=f"{first}T00:00Z",
    )
    data = write_csv(f"{folder}/part_0_0001.csv", [row] * rows)
    period = {"startDate": f"{first}T00:00:00", "endDate": f"{last}T00:00:00"}
    manifest = {
        "blobCount": 1,
        "dataRowCount": rows,
        "exportConfig": {"exportName": export, "type": "FocusCost", "dataVersion": "1.0r2"},
        "runInfo": {"runId": run, "submittedTime": submitted, **period},
        "blobs": [{"blobName": f"{folder}/part_0_0001.csv", "byteCount": 1}],
    }
    (data.parent / "manifest.json").write_text(json.dumps(manifest))
    return data


def _aws_delivery(write_csv, row, tmp_path, *, month: str = "2026-05", run: str = "", export: str = "exp"):
    place = f"BILLING_PERIOD={month}{'/' if run else ''}{run}"
    data = write_csv(f"{export}/data/{place}/{export}-00001.csv", [row])
    manifest = tmp_path / f"{export}/metadata/{place}/{export}-Manifest.json"
    manifest.parent.mkdir(parents=True)
    listed = f"s3://bucket/prefix/{export}/data/{place}/{data.name}"
    manifest.write_text(json.dumps({"executionId": run or "e", "dataFiles": [listed]}))
    return data, manifest


def test_only_the_newest_azure_snapshot_of_a_month_counts(write_csv, focus_row, tmp_path, report):
    """Each run of an Azure export holds the whole month to date: an older run is not added to a newer one."""
    _azure_run(write_csv, focus_row, "b", "2026-05-03T06:00:00Z", "10")
    _azure_run(write_csv, focus_row, "a", "2026-05-04T06:00:00Z", "12")
    _azure_run(write_csv, focus_row, "c", "2026-06-01T06:00:00Z", "5", month="2026-04")
    answer = report(tmp_path)
    assert (answer["total_cost"], answer["total_is"]) == ("17", "exact")
    assert [source["status"] for source in answer["sources"]].count("superseded") == 1


def test_runs_of_other_weeks_are_added(write_csv, focus_row, tmp_path, report):
    """An Azure export of the last seven days tells a week in each run: none of them takes another's place."""
    for number, days in enumerate((("01", "07"), ("08", "14"), ("15", "21"))):
        _azure_run(write_csv, focus_row, f"run{number}", f"2026-05-{days[1]}T23:00:00Z", "100", days=days)
    _azure_run(write_csv, focus_row, "again", "2026-05-22T06:00:00Z", "120", days=("15", "21"))
    answer = report(tmp_path)
    assert (answer["total_cost"], answer["total_is"]) == ("320", "exact")


def test_a_month_that_two_exports_tell_counts_once(write_csv, focus_row, tmp_path, report):
    """A daily and a monthly export of one bill are not added; where they come to the same, the total is exact."""
    _azure_run(write_csv, focus_row, "a", "2026-05-31T06:00:00Z", "100", export="daily")
    _azure_run(write_csv, focus_row, "b", "2026-06-05T06:00:00Z", "100", export="monthly")
    answer = report(tmp_path)
    assert (answer["total_cost"], answer["total_is"]) == ("100", "exact")
    (said,) = [source["reason"] for source in answer["sources"] if source["status"] == "superseded"]
    assert "account, 2026-05-01, stands in FOCUS of 'monthly'" in said
    _azure_run(write_csv, focus_row, "b", "2026-06-05T06:00:00Z", "103", export="monthly")
    answer = report(tmp_path)
    assert (answer["total_cost"], answer["total_is"]) == ("103", "at_least")
    assert "read one of them" in answer["monthly_costs"]["unknown"]["reason"]


def test_exports_of_two_accounts_are_added(write_csv, focus_row, tmp_path, report):
    """Exports that have no account in common are two bills, also where their manifests have one name."""
    for account in ("111", "222"):
        _aws_delivery(write_csv, focus_row(SubAccountId=account, BilledCost="5"), tmp_path)
        shutil.move(tmp_path / "exp", tmp_path / account / "exp")
    answer = report(tmp_path)
    assert (answer["total_cost"], answer["total_is"]) == ("10", "exact")


def test_a_manifest_tells_the_release_of_its_data(write_csv, focus_row, tmp_path, report):
    """What the manifest says of the version goes before what the times of the rows look like."""
    data = _azure_run(write_csv, focus_row, "a", "2026-05-04T06:00:00Z", "12")
    header, row = data.read_text().splitlines()
    data.write_text(f"{header},x_SkuMeterName,x_InvoiceId,x_PricingCurrency\n{row},m,,USD\n")
    assert report(tmp_path)["sources"][0]["dialect"] == "FOCUS 1.0r2"


def test_a_manifest_whose_file_is_missing_leaves_the_total_at_least(write_csv, focus_row, tmp_path, report):
    """A delivery that is not whole is unknown, not smaller."""
    data = _azure_run(write_csv, focus_row, "a", "2026-05-04T06:00:00Z", "12")
    data.unlink()
    write_csv("other.csv", [focus_row()])
    answer = report(tmp_path)
    assert (answer["total_cost"], answer["total_is"]) == ("1.25", "at_least")
    assert "part_0_0001.csv" in answer["monthly_costs"]["unknown"]["reason"]


def test_another_months_file_does_not_stand_in_for_a_missing_one(write_csv, focus_row, tmp_path, report):
    """Each month's files have the same names: where May's is missing, June's is not counted twice."""
    lost, _ = _aws_delivery(write_csv, focus_row(BilledCost="900"), tmp_path)
    june = focus_row(BilledCost="2000", BillingPeriodStart="2026-06-01T00:00:00Z")
    _aws_delivery(write_csv, june, tmp_path, month="2026-06")
    lost.unlink()
    answer = report(tmp_path)
    assert (answer["total_cost"], answer["total_is"]) == ("2000", "at_least")
    assert "BILLING_PERIOD=2026-05/exp-00001.csv', which is not there" in answer["monthly_costs"]["unknown"]["reason"]


def test_an_older_runs_file_does_not_stand_in_for_a_missing_one(write_csv, focus_row, tmp_path, report):
    """Where the newest run's file did not come, the older run's of the same name is not taken for it."""
    _azure_run(write_csv, focus_row, "a", "2026-05-20T06:00:00Z", "100")
    _azure_run(write_csv, focus_row, "b", "2026-05-21T06:00:00Z", "700").unlink()
    assert report(tmp_path)["total_cost"] is None


def test_a_flat_folder_of_a_manifest_and_its_files(write_csv, focus_row, tmp_path, report):
    """Files that were downloaded beside their manifest, without their folders, are the ones that it lists."""
    data, manifest = _aws_delivery(write_csv, focus_row(BilledCost="3"), tmp_path)
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in (data, manifest):
        shutil.move(path, flat / path.name)
    assert report(flat)["total_cost"] == "3"


def test_a_newest_run_that_lists_no_file_is_unknown(write_csv, focus_row, tmp_path, report):
    """A run without a file has taken the place of the one before it, and leaves the total unknown, not smaller."""
    _azure_run(write_csv, focus_row, "a", "2026-05-03T06:00:00Z", "10")
    empty = _azure_run(write_csv, focus_row, "b", "2026-05-04T06:00:00Z", "12")
    manifest = empty.parent / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"blobs": [], "dataRowCount": 0}))
    empty.unlink()
    answer = report(tmp_path)
    assert answer["status"] == "UNKNOWN"
    assert "'manifest.json' lists no file" in answer["monthly_costs"]["unknown"]["reason"]


def test_an_azure_delivery_with_fewer_rows_than_its_manifest_counts_is_unknown(write_csv, focus_row, tmp_path, report):
    """The manifest says how many rows there are; a file with fewer was cut."""
    data = _azure_run(write_csv, focus_row, "a", "2026-05-04T06:00:00Z", "12", rows=2)
    data.write_text("\n".join(data.read_text().splitlines()[:2]) + "\n")
    answer = report(tmp_path)
    assert answer["status"] == "UNKNOWN"
    assert "2 rows" in answer["monthly_costs"]["unknown"]["reason"]


def test_an_aws_manifest_names_the_files_that_count(write_csv, focus_row, tmp_path, report):
    """Of an AWS data export the files that the manifest lists are read, and leftovers beside them are not."""
    good = write_csv("exp/data/BILLING_PERIOD=2026-05/exp-00001.csv", [focus_row(BilledCost="3")])
    write_csv("exp/data/BILLING_PERIOD=2026-05/old-00001.csv", [focus_row(BilledCost="100")])
    manifest = tmp_path / "exp/metadata/BILLING_PERIOD=2026-05/exp-Manifest.json"
    manifest.parent.mkdir(parents=True)
    listed = f"s3://bucket/prefix/exp/data/BILLING_PERIOD=2026-05/{good.name}"
    manifest.write_text(json.dumps({"executionId": "e", "billingPeriod": "2026-05", "dataFiles": [listed]}))
    assert report(tmp_path)["total_cost"] == "3"
    assert report(manifest)["total_cost"] == "3"
    shutil.rmtree(tmp_path / "exp/data")
    assert report(manifest)["status"] == "UNKNOWN"


def test_of_an_aws_export_that_keeps_its_runs_the_newest_counts(write_csv, focus_row, tmp_path, report):
    """Where each run writes into a folder of its own, the newest of a month counts, in whatever order they came."""
    newest, older = (f"202605{day}T061200Z-5f0c7a1e-1111-2222-3333-444455556666" for day in (11, 10))
    _, manifest = _aws_delivery(write_csv, focus_row(BilledCost="7"), tmp_path, run=newest)
    _aws_delivery(write_csv, focus_row(BilledCost="5"), tmp_path, run=older)
    for path in (tmp_path, manifest):
        answer = report(path)
        assert (answer["total_cost"], answer["total_is"]) == ("7", "exact")


def test_a_manifest_that_is_named_tells_of_its_own_month(write_csv, focus_row, tmp_path, report):
    """PATH may be a manifest: other months that lie beside its own are not read."""
    _, may = _aws_delivery(write_csv, focus_row(BilledCost="7"), tmp_path)
    _aws_delivery(write_csv, focus_row(BilledCost="5"), tmp_path, month="2026-06")
    assert report(may)["total_cost"] == "7"


@pytest.mark.parametrize(
    "content",
    [
        '{"blobs": [',
        "[" * 100_000,
        '{"dataFiles": [{}], "billingPeriod": "2026-05"}',
        '{"dataFiles": [5], "billingPeriod": "2026-05"}',
        '{"dataFiles": ["x"], "billingPeriod": {}}',
        '{"blobs": [{"blobName": 5}], "runInfo": {"startDate": "2026-05-01"}, "exportConfig": {"exportName": "x"}}',
        '{"blobs": [], "runInfo": {"startDate": 5}, "exportConfig": {"exportName": "x"}}',
        "[]",
        "{}",
    ],
    ids=lambda content: content[:40],
)
def test_a_broken_manifest_is_named(content, write_csv, focus_row, tmp_path, report):
    """A manifest that is no JSON, or has another shape, is a delivery nobody can judge, and spoils no other file."""
    write_csv("a/part.csv", [focus_row()])
    write_csv("b/good.csv", [focus_row()])
    (tmp_path / "a/manifest.json").write_text(content)
    answer = report(tmp_path)
    assert answer["total_cost"] == "2.5"
    assert answer["total_is"] == "at_least"
    assert "manifest.json" in answer["monthly_costs"]["unknown"]["reason"]
