"""`baseline list`, `promote` and `rollback`: the stored versions of a data set's Baseline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from nephoscope.baselines import StoredBaselines
from nephoscope.cli.answer import Answer
from nephoscope.cli.paths import stored_profile
from nephoscope.errors import BadUsage
from nephoscope.wiring.local import Local


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the commands."""
    actions = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, run, told in (
        ("list", run_list, "every version, with what it was made from"),
        ("promote", run_promote, "make a Profile or a stored version the Baseline"),
        ("rollback", run_rollback, "go back to the version before"),
    ):
        command = actions.add_parser(name, parents=[options], help=told)
        command.add_argument("dataset", metavar="DATASET", help="its name in the configuration")
        if name == "promote":
            command.add_argument("version", metavar="PROFILE|VERSION", help="a Profile's file, or a version's name")
        command.set_defaults(run=run, name=f"baseline.{name}")


def run_list(arguments: argparse.Namespace) -> Answer:
    """Show every version."""
    return _listed(_baselines(arguments), arguments.dataset)


def run_promote(arguments: argparse.Namespace) -> Answer:
    """Make a Profile or a stored version the Baseline."""
    baselines, path = _baselines(arguments), Path(arguments.version)
    if path.exists():
        baselines.promote(arguments.dataset, stored_profile(path))
    else:
        baselines.promote_version(arguments.dataset, arguments.version)
    return _listed(baselines, arguments.dataset)


def run_rollback(arguments: argparse.Namespace) -> Answer:
    """Go back to the version before."""
    baselines = _baselines(arguments)
    baselines.rollback(arguments.dataset)
    return _listed(baselines, arguments.dataset)


def _baselines(arguments: argparse.Namespace) -> StoredBaselines:
    local = Local.from_file(getattr(arguments, "config", None))
    if arguments.dataset not in local.settings.datasets:
        known = ", ".join(local.settings.datasets) or "none"
        raise BadUsage(f"There is no data set '{arguments.dataset}'.", do=f"the configuration has {known}")
    return local.baselines


def _listed(baselines: StoredBaselines, dataset: str) -> Answer:
    history = baselines.history(dataset)
    current = history[-1].version if history else None
    versions = []
    for version in baselines.versions(dataset):
        profile = baselines.version(dataset, version)
        versions.append(
            {
                "version": version,
                "current": version == current,
                "promoted": [promotion.at.isoformat() for promotion in history if promotion.version == version],
                "rows": profile.rows,
                "columns": len(profile.columns),
                "sources": msgspec.to_builtins(profile.sources),
            }
        )
    versions.sort(key=lambda one: one["promoted"][-1:])
    document = {"dataset": dataset, "current": current, "versions": versions}
    return Answer(document, lambda console: _print(console, document))


def _print(console: Console, document: dict[str, Any]) -> None:
    title = f"Baselines of {escape(document['dataset'])}"
    promoted, sources = (Column(name, overflow="fold") for name in ("promoted", "made from"))
    table = Table("", "version", promoted, "rows", "columns", sources, title=title)
    for one in document["versions"]:
        table.add_row(
            "→" if one["current"] else "",
            one["version"],
            "\n".join(one["promoted"]),
            f"{one['rows']:,}",
            str(one["columns"]),
            escape("\n".join(source["url"] for source in one["sources"])),
        )
    console.print(table)
