"""Bills that the tests write themselves, and the command line that reads them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from nephoscope.cli.main import main

Row = dict[str, Any]

FOCUS_ROW: Row = {
    "BilledCost": "1.25",
    "EffectiveCost": "1.25",
    "BillingAccountId": "payer",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-05-01T00:00:00Z",
    "BillingPeriodEnd": "2026-06-01T00:00:00Z",
    "ChargePeriodStart": "2026-05-03T00:00:00Z",
    "ChargePeriodEnd": "2026-05-04T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ServiceName": "Compute",
    "ServiceCategory": "Compute",
    "ProviderName": "AWS",
    "SubAccountId": "account",
    "RegionId": "eu-west-1",
    "ResourceId": "vm-1",
    "Tags": '{"team": "fraud"}',
}


@pytest.fixture
def focus_row() -> Callable[..., Row]:
    """A FOCUS row, with some columns changed and those set to None left out."""

    def make(**changes: Any) -> Row:
        return {name: value for name, value in {**FOCUS_ROW, **changes}.items() if value is not None}

    return make


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a CSV file."""

    def write(name: str, rows: Sequence[Row], *, delimiter: str = ",", bom: bool = False) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def report(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., dict[str, Any]]:
    """Run `cost report` and parse the one JSON document it prints."""

    def run(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
        assert main(["--output", "json", "cost", "report", *map(str, arguments)]) == code
        return json.loads(capsysbinary.readouterr().out)

    return run
