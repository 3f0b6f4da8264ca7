"""
The roll-up of a FOCUS bill, against pandas and against the engine's bare read, in the same run.

Each path is a process of its own, side by side in pairs; a ratio is the median of the pairs' ratios, and memory is the
greatest resident set of the process. Both sides group by provider, service, day, account and a tag out of JSON text,
and add billed and effective cost. Ours adds DECIMAL; pandas is given the same amounts as doubles, which is the quicker
for it. Exits with 1 where

- 5M rows of Parquet are less than 6 times as fast as pandas, or take more than a fifth of its memory,
- 20M rows take more than 512 MB,
- 1M rows of csv.gz take more than 1.4 times a bare read of the same columns by the same engine,
- a total differs by a single digit from what pyarrow adds up over the DECIMAL column.

    python tests/bench/cost.py [--rows 5000000] [--pairs 3] [parquet] [large] [csv]

pandas comes out of an environment of its own, which the script makes beside the project's: .venv-cost-peers.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

LEAST_RATIO, MOST_MEMORY_SHARE, MOST_LARGE_MB, MOST_CSV_RATIO = 6.0, 0.2, 512.0, 1.4
PEERS = Path(".venv-cost-peers")
CATEGORIES = ("Compute", "Storage", "AI and Machine Learning", "Databases", "Networking")
KEYS = "provider,service,day,account,tag:team"

OURS = """
import sys
from nephoscope.adapters.files.bills.rollup import BillFiles
from nephoscope.cost.totals import grand_total, provider_costs
bill = BillFiles([sys.argv[1]]).read(by=sys.argv[2].split(","))
print(f"{grand_total(provider_costs(bill.answers)).amount:f}", len(bill.groups))
"""
PANDAS = """
import json, sys
import pandas as pd
keys = ["ProviderName", "ServiceName", "ChargePeriodStart", "SubAccountId", "Tags"]
bill = pd.read_parquet(sys.argv[1], columns=[*keys, "BilledCost", "EffectiveCost"])
bill["day"] = bill["ChargePeriodStart"].dt.floor("D")
bill["team"] = [json.loads(tags)["team"] for tags in bill["Tags"]]
by = ["ProviderName", "ServiceName", "day", "SubAccountId", "team"]
sums = bill.groupby(by)[["BilledCost", "EffectiveCost"]].sum()
print(sums["BilledCost"].sum(), len(sums))
"""
BARE = """
import sys
from nephoscope.adapters.files.bills import rollup
from nephoscope.adapters.files.bills.shapes import shape
from pathlib import Path
needed = ["ProviderName", "BillingCurrency", "BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd",
          "ServiceName", "ServiceCategory", "SubAccountId", "ChargeCategory", "ChargeClass", "BilledCost",
          "EffectiveCost",
          "CommitmentDiscountStatus", "Tags"]
with rollup.engine() as engine:
    its = shape(engine, Path(sys.argv[1]))
    counts = ", ".join(f"max({its.columns.expression(name)[0]})" for name in needed)
    print(its.read(engine, [sys.argv[1]]).aggregate(counts).fetchall()[0][0])
"""


# What the kernel counts for a child begins with what its parent held; its own greatest resident set is told by itself.
PEAK = """
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One process."""

    seconds: float
    megabytes: float
    out: str


def measured(python: str, code: str, *arguments: str) -> Measured:
    """Run one process to its end."""
    started = time.perf_counter()
    run = subprocess.run([python, "-c", code + PEAK, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - started
    *said, peak_kb = run.stdout.splitlines()
    return Measured(seconds, int(peak_kb) / 1024, " ".join(said))


def make_bill(path: Path, rows: int, money: str) -> None:
    """Write a FOCUS bill of 45 columns: three providers of 15 services and 8 accounts each, hourly, tagged."""
    categories = ", ".join(f"'{category}'" for category in CATEGORIES)
    spare = ", ".join(f"'value ' || (i % {number + 2}) AS x_Column{number}" for number in range(25))
    hour = "TIMESTAMP '2026-05-01' + to_hours((hash(i * 7) % 744)::BIGINT)"
    cloud, service = "(hash(i * 5) % 3)::BIGINT", "(hash(i * 11) % 15)::BIGINT"
    columns = f"""
      ((hash(i) % 1000000) / 1000000)::{money} AS BilledCost,
      ((hash(i + 1) % 1000000) / 1000000)::{money} AS EffectiveCost,
      'USD' AS BillingCurrency, TIMESTAMP '2026-05-01' AS BillingPeriodStart,
      TIMESTAMP '2026-06-01' AS BillingPeriodEnd, {hour} AS ChargePeriodStart,
      {hour} + INTERVAL 1 HOUR AS ChargePeriodEnd,
      CASE WHEN i % 1000 = 0 THEN 'Tax' WHEN i % 1000 = 1 THEN 'Purchase' ELSE 'Usage' END AS ChargeCategory,
      NULL::VARCHAR AS ChargeClass, ['AWS', 'Microsoft', 'Google Cloud'][{cloud} + 1] AS ProviderName,
      'service ' || {cloud} || '/' || {service} AS ServiceName, [{categories}][{service} % 5 + 1] AS ServiceCategory,
      'payer' AS BillingAccountId, 'account ' || {cloud} || '/' || hash(i * 13) % 8 AS SubAccountId,
      'region ' || hash(i * 17) % 20 AS RegionId, 'resource/' || hash(i * 19) % 200000 AS ResourceId,
      'Standard' AS PricingCategory, NULL::VARCHAR AS CommitmentDiscountStatus, 1.5 AS ConsumedQuantity,
      '{{"team": "team' || {cloud} || hash(i * 23) % 2 || '", "env": "prod"}}' AS Tags, {spare}"""
    engine = duckdb.connect(config={"preserve_insertion_order": "false"})
    table = engine.sql("SELECT * FROM range($rows) numbers(i)", params={"rows": rows}).project(columns)
    if path.name.endswith(".csv.gz"):
        table.write_csv(str(path), compression="gzip")
    else:
        table.write_parquet(str(path), compression="zstd")
    engine.close()


def peers() -> str:
    """The interpreter that has pandas, in an environment of its own."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        install = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*install, "pandas>=2.2", "pyarrow"], check=True)
    return str(python)


def exact_total(path: Path) -> Decimal:
    """What pyarrow adds up over the DECIMAL column."""
    table = pq.read_table(path, columns=["BilledCost"])
    return pc.sum(table.column("BilledCost").cast(pa.decimal128(38, 6))).as_py()  # type: ignore[no-any-return]


def parquet(folder: Path, rows: int, pairs: int) -> list[str]:
    """5M rows, DECIMAL here and doubles there, against pandas."""
    ours, theirs = folder / "decimal.parquet", folder / "double.parquet"
    make_bill(ours, rows, "DECIMAL(18, 6)")
    make_bill(theirs, rows, "DOUBLE")
    python = peers()
    runs = [
        (measured(sys.executable, OURS, str(ours), KEYS), measured(python, PANDAS, str(theirs))) for _ in range(pairs)
    ]
    ratio = statistics.median(peer.seconds / own.seconds for own, peer in runs)
    memory = statistics.median(own.megabytes / peer.megabytes for own, peer in runs)
    own, peer = runs[-1]
    print(
        f"{rows:,} rows of Parquet: ours {own.seconds:.2f} s {own.megabytes:.0f} MB, pandas {peer.seconds:.2f} s "
        f"{peer.megabytes:.0f} MB; {ratio:.1f} times as fast at {memory:.2f} of its memory"
    )
    total = own.out.split()[0]
    print(f"  ours, DECIMAL: {own.out}; pandas, doubles: {peer.out}; pyarrow, DECIMAL: {exact_total(ours)}")
    failures = []
    if ratio < LEAST_RATIO:
        failures.append(f"only {ratio:.1f} times as fast as pandas, {LEAST_RATIO} are promised")
    if memory > MOST_MEMORY_SHARE:
        failures.append(f"{memory:.2f} of the memory of pandas, {MOST_MEMORY_SHARE} is promised")
    if Decimal(total) != exact_total(ours):
        failures.append(f"the total is {total}, pyarrow adds up {exact_total(ours)}")
    double = measured(sys.executable, OURS, str(theirs), KEYS)
    print(f"  ours over doubles: {double.seconds:.2f} s {double.megabytes:.0f} MB")
    if Decimal(double.out.split()[0]) != Decimal(total):
        failures.append(f"over doubles the total is {double.out}")
    return failures


def large(folder: Path, rows: int, _: int) -> list[str]:
    """Four times the rows within 512 MB."""
    path = folder / "large.parquet"
    make_bill(path, rows * 4, "DECIMAL(18, 6)")
    run = measured(sys.executable, OURS, str(path), KEYS)
    print(f"{rows * 4:,} rows of Parquet: {run.seconds:.2f} s {run.megabytes:.0f} MB")
    return [f"{run.megabytes:.0f} MB for {rows * 4:,} rows"] if run.megabytes > MOST_LARGE_MB else []


def csv(folder: Path, rows: int, pairs: int) -> list[str]:
    """A fifth of the rows as csv.gz, against the engine's bare read of the same columns."""
    path = folder / "bill.csv.gz"
    make_bill(path, rows // 5, "DECIMAL(18, 6)")
    by = KEYS.rsplit(",", 1)[0]
    runs = [
        (measured(sys.executable, OURS, str(path), by), measured(sys.executable, BARE, str(path))) for _ in range(pairs)
    ]
    ratio = statistics.median(own.seconds / bare.seconds for own, bare in runs)
    print(
        f"{rows // 5:,} rows of csv.gz: ours {runs[-1][0].seconds:.2f} s, a bare read {runs[-1][1].seconds:.2f} s; "
        f"{ratio:.2f} times"
    )
    return [f"{ratio:.2f} times a bare read, {MOST_CSV_RATIO} are promised"] if ratio > MOST_CSV_RATIO else []


PARTS: dict[str, Callable[[Path, int, int], list[str]]] = {"parquet": parquet, "large": large, "csv": csv}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description="Measure the roll-up of a FOCUS bill.")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all of them when none is named")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args(argv)
    failures: list[str] = []
    with TemporaryDirectory(prefix="nephoscope-bench-") as folder:
        for part in arguments.parts or PARTS:
            failures += PARTS[part](Path(folder), arguments.rows, arguments.pairs)
    for failure in failures:
        print(f"FELL SHORT: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
