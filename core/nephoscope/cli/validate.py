"""`validate` checks a configuration and says what is in it; every mistake is told at once, with exit code 2."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import Console

from nephoscope.cli import configuration
from nephoscope.cli.answer import Answer
from nephoscope.settings import RootRoute, Route, Settings, load


def add(command: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command.set_defaults(run=validate, name="validate")


def validate(arguments: argparse.Namespace) -> Answer:
    """
    Read the configuration and sum it up.

    Raises:
        BadUsage, BadSettings: It is not there, or has mistakes.
    """
    path = configuration.find(arguments)
    settings = load(path)
    document = {"path": str(path), **summary(settings)}

    def text(console: Console) -> None:
        for line in _lines(document):
            console.print(line, highlight=False, soft_wrap=True, markup=False)

    return Answer(document, text)


def summary(settings: Settings) -> dict[str, Any]:
    """What a configuration holds, by name."""
    routes = [] if settings.route is msgspec.UNSET else list(_routes(settings.route))
    routed = {name for route in routes if route.channels is not msgspec.UNSET for name in route.channels}
    return {
        "version": settings.version,
        "hash": settings.hash,
        "hub": settings.hub,
        "datasets": sorted(settings.datasets),
        "models": sorted(settings.models),
        "timers": dict(settings.timers),
        "channels": sorted(settings.channels),
        "unrouted_channels": sorted(settings.channels.keys() - routed),
        "routes": len(routes),
    }


def _routes(route: RootRoute | Route) -> Iterator[RootRoute | Route]:
    yield route
    for child in route.routes:
        yield from _routes(child)


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield f"ok: {document['path']} (version {document['version']}, hash {document['hash']}, hub {document['hub']})"
    yield f"  routes    {document['routes']}"
    for kind in ("datasets", "models", "timers", "channels"):
        yield f"  {kind:9} {', '.join(document[kind]) or 'none'}"
    if document["unrouted_channels"]:
        yield f"  no route goes to {', '.join(document['unrouted_channels'])}"
