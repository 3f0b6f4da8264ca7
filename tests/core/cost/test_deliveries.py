"""What a provider delivers into a folder: manifests decide which files count."""

from __future__ import annotations

import json
import shutil


def _azure_run(write_csv, focus_row, run: str, submitted: str, cost: str, *, month: str = "2026-05", rows: int = 1):
    folder = f"export/{month.replace('-', '')}01-{month.replace('-', '')}31/{run}"
    row = focus_row(ProviderName="Microsoft", BilledCost=cost, BillingPeriodStart=f"{month}-01T00:00Z")
    data = write_csv(f"{folder}/part_0_0001.csv", [row] * rows)
    manifest = {
        "blobCount": 1,
        "dataRowCount": rows,
        "exportConfig": {"exportName": "focus", "type": "FocusCost", "dataVersion": "1.0r2"},
        "runInfo": {"runId": run, "submittedTime": submitted, "startDate": f"{month}-01T00:00:00"},
        "blobs": [{"blobName": f"export/{data.parent.parent.name}/{run}/part_0_0001.csv", "byteCount": 1}],
    }
    (data.parent / "manifest.json").write_text(json.dumps(manifest))
    return data


def test_only_the_newest_azure_snapshot_of_a_month_counts(write_csv, focus_row, tmp_path, report):
    """Each run of an Azure export holds the whole month to date: an older run is not added to a newer one."""
    _azure_run(write_csv, focus_row, "b", "2026-05-03T06:00:00Z", "10")
    _azure_run(write_csv, focus_row, "a", "2026-05-04T06:00:00Z", "12")
    _azure_run(write_csv, focus_row, "c", "2026-06-01T06:00:00Z", "5", month="2026-04")
    answer = report(tmp_path)
    assert (answer["total_cost"], answer["total_is"]) == ("17", "exact")
    assert [source["status"] for source in answer["sources"]].count("superseded") == 1


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


def test_a_broken_manifest_is_named(write_csv, focus_row, tmp_path, report):
    """A manifest that is no JSON is a delivery nobody can judge."""
    write_csv("a/part.csv", [focus_row()])
    (tmp_path / "a/manifest.json").write_text('{"blobs": [')
    answer = report(tmp_path)
    assert answer["total_is"] == "at_least"
    assert "manifest.json" in answer["monthly_costs"]["unknown"]["reason"]
