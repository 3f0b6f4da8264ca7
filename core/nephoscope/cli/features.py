"""`nephoscope features`: the feature store of every cloud, applied, planned, synced and compared."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from nephoscope.adapters.local.clock import FixedClock
from nephoscope.cli.answer import Answer
from nephoscope.errors import BadUsage, NephoscopeError
from nephoscope.events import stable_id
from nephoscope.features.merge import Difference, difference
from nephoscope.features.plan import Step
from nephoscope.features.registry import views
from nephoscope.features.view import View
from nephoscope.findings import Finding, Verdict
from nephoscope.registries import Applied, version_of
from nephoscope.wiring.features import FeatureStore
from nephoscope.wiring.local import Local


def add(group: argparse.ArgumentParser, options: argparse.ArgumentParser) -> None:
    """Declare the commands."""
    subcommands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def declare(name: str, run: Callable[[argparse.Namespace], Answer], about: str) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = subcommands.add_parser(name, parents=[options], help=about)
        command.set_defaults(run=run, name=f"features.{name}")
        return command

    applied = declare("apply", apply, "register the repository, and promote the registry to every cloud")
    applied.add_argument("--prune", action="store_true", help="remove what the repository does not define any more")
    applied.add_argument("--rollback", metavar="VERSION", help="make an earlier version count again instead")
    previewed = declare("plan", plan, "what apply would change and what sync would read; nothing is written")
    for command in (applied, previewed):
        command.add_argument(
            "--registry", type=Path, metavar="FILE", help="a registry that Feast wrote elsewhere, not the repository"
        )
    synced = declare("sync", sync, "bring every cloud's online store up to date")
    synced.add_argument("--dry-run", action="store_true", help="say what would be read; write nothing")
    compared = declare("parity", parity, "the same keys, read from every cloud's store")
    compared.add_argument("--keys", type=int, metavar="N", help="how many, drawn anew from the source")
    aged = declare("freshness", freshness, "the age of the newest row of each view in each cloud")
    for command in (synced, compared, aged):
        command.add_argument("--view", action="append", default=[], metavar="VIEW", help="only this view; repeatable")


def apply(arguments: argparse.Namespace) -> Answer:
    """Put the repository's objects into the registry at home, then take it over everywhere."""
    store = _store(arguments)
    home = store.registry(store.clouds[0])
    if arguments.rollback:
        outcome = home.rollback(arguments.rollback)
    else:
        outcome = home.apply(_wanted(store, arguments), prune=arguments.prune)
    registries = [_registry(store.clouds[0], outcome)]
    registries += [_promoted(store, cloud) for cloud in store.clouds[1:]]
    document = {
        "project": store.written.project,
        "difference": msgspec.to_builtins(outcome.difference),
        "registries": registries,
    }
    unknown = any(registry["reason"] for registry in registries)

    def text(console: Console) -> None:
        _show_difference(console, outcome.difference)
        for registry in registries:
            told = registry["reason"] or f"version {registry['version']}"
            console.print(escape(f"{registry['cloud']}: {told}"), highlight=False)

    return Answer(document, text, [Verdict.UNKNOWN] if unknown else [])


def plan(arguments: argparse.Namespace) -> Answer:
    """Say what an apply would change and what a sync would read."""
    store = _store(arguments)
    current = store.registry(store.clouds[0]).current()
    changes = difference(current, _wanted(store, arguments))
    steps = _steps(store, store.views) if current is not None else ()
    history = store.registry(store.clouds[0]).history()
    document = {
        "project": store.written.project,
        "version": None if current is None else version_of(current),
        "history": [{"version": entry.version, "at": entry.at.isoformat()} for entry in history.counted],
        "difference": msgspec.to_builtins(changes),
        "steps": [_step(step) for step in steps],
    }

    def text(console: Console) -> None:
        _show_difference(console, changes)
        _show_steps(console, steps)

    return Answer(document, text)


def sync(arguments: argparse.Namespace) -> Answer:
    """Bring the stores up to date, or say what that would read."""
    from nephoscope.jobs import features

    store = _store(arguments)
    chosen = _views(store, arguments.view)
    if arguments.dry_run:
        steps = _steps(store, chosen)
        document = {"project": store.written.project, "steps": [_step(step) for step in steps], "findings": []}
        return Answer(document, lambda console: _show_steps(console, steps))
    owner = stable_id("features sync", store.clock.now().isoformat())
    findings = features.sync_all(owner, store.each_cloud, chosen, store.clock, store.written)
    return _answer(store, findings, steps=[])


def parity(arguments: argparse.Namespace) -> Answer:
    """Compare what every cloud's store holds for the same keys."""
    from nephoscope.jobs import feature_look, features

    store = _store(arguments)
    chosen = _views(store, arguments.view)
    if arguments.keys is None:
        looks = features.look_at_all(store.each_cloud, chosen, store.written)
    elif arguments.keys < 1:
        raise BadUsage(f"{arguments.keys} keys cannot be compared.", do="give --keys a number of at least 1")
    else:
        looks = features.draw_and_look(store.each_cloud, chosen, store.clock.now(), arguments.keys)
    return _answer(store, tuple(feature_look.alike(looks, store.written)))


def freshness(arguments: argparse.Namespace) -> Answer:
    """Tell the age of the newest row of each view in each cloud."""
    from nephoscope.jobs import feature_look, features

    store = _store(arguments)
    chosen = _views(store, arguments.view)
    looks = features.look_at_all(store.each_cloud, chosen, store.written)
    return _answer(store, tuple(feature_look.fresh(looks, chosen, store.clock.now(), store.written)))


def _store(arguments: argparse.Namespace) -> FeatureStore:
    now = getattr(arguments, "now", None)
    return Local.from_file(getattr(arguments, "config", None), clock=FixedClock(now) if now else None).features


def _wanted(store: FeatureStore, arguments: argparse.Namespace) -> bytes:
    """The registry that a repository makes, here or elsewhere."""
    if arguments.registry is None:
        return store.repository.registry()
    try:
        written: bytes = arguments.registry.read_bytes()
    except OSError as error:
        raise BadUsage(f"{arguments.registry} cannot be read: {error.strerror}.", do="name another file") from error
    if not views(written, store.written.project):
        raise BadUsage(
            f"{arguments.registry} has no feature view of the project '{store.written.project}'.",
            do="name the registry.db that Feast wrote for it",
        )
    return written


def _views(store: FeatureStore, names: Sequence[str]) -> tuple[View, ...]:
    known = {view.name: view for view in store.views}
    if missing := [name for name in names if name not in known]:
        raise BadUsage(
            f"The project '{store.written.project}' has no feature view {', '.join(missing)}.",
            do=f"choose of {', '.join(known) or 'none: apply a repository first'}",
        )
    return tuple(known[name] for name in names) if names else tuple(known.values())


def _steps(store: FeatureStore, chosen: Sequence[View]) -> tuple[Step, ...]:
    from nephoscope.jobs import features

    return features.planned(store.each_cloud, chosen, store.clock.now(), store.written)


def _promoted(store: FeatureStore, cloud: str) -> dict[str, Any]:
    try:
        return _registry(cloud, store.registry(cloud).promote(store.registry(store.clouds[0])))
    except NephoscopeError as error:
        return {"cloud": cloud, "version": None, "reason": error.what}


def _registry(cloud: str, outcome: Applied) -> dict[str, Any]:
    return {"cloud": cloud, "version": outcome.version, "reason": ""}


def _step(step: Step) -> dict[str, Any]:
    return {
        "view": step.view,
        "cloud": step.cloud,
        "since": _told(step.since),
        "start": None if step.window is None else _told(step.window.start),
        "end": None if step.window is None else _told(step.window.end),
        "reason": step.reason,
    }


def _told(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _answer(store: FeatureStore, findings: Sequence[Finding], **more: Any) -> Answer:
    document = {"project": store.written.project, **more, "findings": msgspec.to_builtins(list(findings))}
    return Answer(document, lambda console: _show(console, findings), [each.verdict for each in findings])


def _show(console: Console, findings: Sequence[Finding]) -> None:
    table = Table("verdict", "view", "cloud", Column("reason", overflow="fold"), box=None)
    for finding in findings:
        table.add_row(*map(escape, (finding.verdict, finding.subject, finding.labels.get("cloud", ""), finding.reason)))
    console.print(table)


def _show_steps(console: Console, steps: Sequence[Step]) -> None:
    table = Table("view", "cloud", "from", "to", Column("why not", overflow="fold"), box=None)
    for step in steps:
        told = _step(step)
        table.add_row(step.view, step.cloud, told["start"] or "", told["end"] or "", escape(step.reason))
    console.print(table)


def _show_difference(console: Console, changes: Difference) -> None:
    for sign, names in (("+", changes.added), ("~", changes.changed), ("-", changes.removed)):
        for name in names:
            console.print(escape(f"{sign} {name}"), highlight=False)
    if not changes:
        console.print("the registry is as the repository wants it")
