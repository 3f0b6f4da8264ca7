"""`nephoscope cost report`: exported bills, without a configuration."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nephoscope.cli.answer import Answer
from nephoscope.cli.paths import existing_file
from nephoscope.cost.anomaly import Anomaly
from nephoscope.cost.bill import KEYS, TAG
from nephoscope.cost.money import budget, plain
from nephoscope.cost.recommendations import recommendations
from nephoscope.cost.report import CostReport
from nephoscope.cost.rules.provider_share import provider_shares
from nephoscope.errors import BadUsage
from nephoscope.findings import Verdict

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare `cost report`."""
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    report = subcommands.add_parser(
        "report",
        parents=[options],
        help="roll up exported bills",
        description="Rolls up exported bills: FOCUS, AWS CUR, Azure, Google and OCI cost exports.",
    )
    report.add_argument("paths", nargs="+", metavar="PATH", help="files, folders and patterns")
    report.add_argument("--month", metavar="YYYY-MM", help="only this billing period (default: everything)")
    report.add_argument(
        "--by",
        metavar="KEYS",
        default="provider",
        help=f"the keys of the groups, with commas between them: {', '.join(KEYS)}, {TAG}KEY (default: provider)",
    )
    report.add_argument("--budget", metavar="MONEY", help="what may be spent: 1000, or '1000 USD'")
    report.set_defaults(run=run_report, name="cost.report")


def run_report(arguments: argparse.Namespace) -> Answer:
    """Read the bills, add them up, hold them against the budget."""
    by = keys(arguments.by)
    month = arguments.month
    if month is not None and not _MONTH.fullmatch(month):
        raise BadUsage(f"'{month}' is no month.", do="write it as 2026-05")
    for path in arguments.paths:
        if not path:
            raise BadUsage("A path is empty.", do="name files, folders or patterns; this folder is .")
        if Path(path).exists() and not Path(path).is_dir():
            existing_file(Path(path))
    allowed = budget(arguments.budget) if arguments.budget is not None else None
    at = getattr(arguments, "now", None) or datetime.now(UTC)

    from nephoscope.adapters.files.bills.rollup import BillFiles  # the engine is opened by this command alone
    from nephoscope.cost.anomalies import cost_anomalies

    tags = {key.removeprefix(TAG): () for key in by if key.startswith(TAG)}
    bill = BillFiles(arguments.paths).read(by=by, month=month, details=True, tags=tags)
    advice = [*recommendations(bill.uses), *provider_shares(bill, allowed)]
    anomalies = [one for one in cost_anomalies(bill.daily, tagged=bill.tagged) if _in_month(one, month)]
    report = CostReport.of(bill, at=at, budget=allowed, anomalies=anomalies, recommendations=advice)

    verdicts = [report.status.verdict, *([] if report.total.is_exact else [Verdict.UNKNOWN])]
    return Answer(report.document, lambda console: _print(console, report), verdicts)


def _in_month(anomaly: Anomaly, month: str | None) -> bool:
    """What is usual is learnt from all months; what is told is of the month that was asked for."""
    return month is None or f"{anomaly.start:%Y-%m}" <= month <= f"{anomaly.end:%Y-%m}"


def keys(text: str) -> tuple[str, ...]:
    """
    Read the keys of the groups.

    Raises:
        BadUsage: One of them is no key.

    >>> keys("provider,tag:Team")
    ('provider', 'tag:Team')
    """
    found = tuple(dict.fromkeys(key.strip() for key in text.split(",") if key.strip()))
    for key in found:
        if key not in KEYS and not (key.startswith(TAG) and len(key) > len(TAG)):
            raise BadUsage(f"'{key}' is no key of a bill.", do=f"choose from {', '.join(KEYS)} and {TAG}KEY")
    if not found:
        raise BadUsage("No key is named.", do=f"choose from {', '.join(KEYS)} and {TAG}KEY")
    return found


def _amount(amount: Decimal | None) -> str:
    return "unknown" if amount is None else plain(amount)


def _print(console: Console, report: CostReport) -> None:
    groups = report.bill.groups
    billed, effective = ([_amount(getattr(group, name)) for group in groups] for name in ("billed", "effective"))
    table = Table(*report.bill.by, box=None)
    for header, amounts in (("billed", billed), ("effective", effective)):
        # The names may be folded, the money never is.
        table.add_column(header, no_wrap=True, min_width=max(map(len, amounts), default=0))
    for header in ("currency", "rows"):
        table.add_column(header, no_wrap=True, min_width=len(header))
    for group, *amounts in zip(groups, billed, effective, strict=True):
        names = (escape(key or "-") for key in group.keys)
        table.add_row(*names, *amounts, group.currency, str(group.rows))
    console.print(table)
    for provider, cost in report.costs.items():
        if cost.status == "unknown":
            console.print(f"{escape(provider)} is unknown: {escape(cost.reason)}")
    for anomaly in report.anomalies:
        where = ", ".join(anomaly.keys.values())
        money = f"{plain(anomaly.impact)} {anomaly.currency}"
        console.print(escape(f"{anomaly.kind} of {where} since {anomaly.start}: {money}"))
    for recommendation in report.recommendations:
        console.print(f"• {escape(recommendation.text)}")
    console.print(f"Total: {report.total}")
    console.print(f"Status: {report.status}")
