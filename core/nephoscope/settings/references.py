"""
What a configuration says of itself: names that must exist, places that must not overlap, clouds that must agree.

It walks plain data (mappings, lists, scalars), whatever is wrong with it elsewhere, so that these mistakes are told
together with all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nephoscope.monitoring.adaptive import least_points
from nephoscope.settings.durations import duration, whole_minutes
from nephoscope.settings.mistakes import At, Mistake, shown
from nephoscope.settings.urls import STORE_OF, TOPIC_OF, inside, located


def mistakes(plain: Any, folder: Path) -> Iterator[Mistake]:
    """Every mistake of meaning in a configuration; `folder` is what relative paths are relative to."""
    yield from _unknown_channels(plain)
    yield from _unknown_intervals(plain)
    yield from _untold(plain)
    yield from _overlaps(plain, folder)
    yield from _foreign_places(plain)
    yield from _models(plain)
    yield from _belongings(plain)
    yield from _passwords(plain)


def _unknown_channels(plain: Any) -> Iterator[Mistake]:
    names = tuple(str(name) for name in mapping(plain, "channels"))
    for at, route in _routes(mapping(plain, "route"), ("route",)):
        for index, name in enumerate(sequence(route, "channels")):
            if isinstance(name, str) and name not in names:
                yield Mistake((*at, "channels", index), shown(name), "the name of a channel", names, name)
    for index, name in enumerate(sequence(mapping(plain, "delivery"), "fallback")):
        if isinstance(name, str) and name not in names:
            yield Mistake(("delivery", "fallback", index), shown(name), "the name of a channel", names, name)


def _unknown_intervals(plain: Any) -> Iterator[Mistake]:
    names = tuple(str(name) for name in mapping(plain, "time_intervals"))
    for at, route in _routes(mapping(plain, "route"), ("route",)):
        for key in ("mute_time_intervals", "active_time_intervals"):
            for index, name in enumerate(sequence(route, key)):
                if isinstance(name, str) and name not in names:
                    yield Mistake((*at, key, index), shown(name), "the name of a time interval", names, name)


def _routes(route: Mapping[str, Any], at: At) -> Iterator[tuple[At, Mapping[str, Any]]]:
    yield at, route
    for index, child in enumerate(sequence(route, "routes")):
        if isinstance(child, dict):
            yield from _routes(child, (*at, "routes", index))


def _untold(plain: Any) -> Iterator[Mistake]:
    if mapping(plain, "channels") and "route" not in plain:
        yield Mistake(("channels",), "channels and no route to them", "a 'route' that says which Alerts go where")


def _overlaps(plain: Any, folder: Path) -> Iterator[Mistake]:
    places = {
        name: located(dataset["objects"], folder)
        for name, dataset in mapping(plain, "datasets").items()
        if isinstance(dataset, dict) and isinstance(dataset.get("objects"), str)
    }
    # Sorted by whole segments, a place is followed by all that lie in it.
    outer, outer_place = "", ""
    for name, place in sorted(places.items(), key=lambda item: f"{item[1].rstrip('/')}/"):
        if outer and inside(place, outer_place):
            found = f"a place that overlaps with that of '{outer}'"
            yield Mistake(("datasets", name, "objects"), found, "a place of its own for each data set")
        else:
            outer, outer_place = name, place


def _foreign_places(plain: Any) -> Iterator[Mistake]:
    hub = plain.get("hub", "local") if isinstance(plain, dict) else ""
    if isinstance(hub, str) and hub in STORE_OF:
        yield from _foreign(("topic",), plain.get("topic", "sqlite:"), TOPIC_OF[hub], f"because the hub is '{hub}'")
        yield from _foreign(("state",), plain.get("state", "sqlite:"), STORE_OF[hub], f"because the hub is '{hub}'")
    for cloud, url in mapping(plain, "stores").items():
        if cloud in STORE_OF:
            yield from _foreign(("stores", cloud), url, STORE_OF[cloud], f"because it is the store of '{cloud}'")


def _foreign(at: At, url: Any, scheme: str, why: str) -> Iterator[Mistake]:
    if isinstance(url, str) and not url.startswith(scheme):
        yield Mistake(
            at, f"a place that starts with '{url.partition(':')[0]}:'", f"one that starts with '{scheme}', {why}"
        )


def _models(plain: Any) -> Iterator[Mistake]:
    stores = tuple(mapping(plain, "metric_stores"))
    if not stores and not all(_joins(model) for model in mapping(plain, "models").values()):
        yield Mistake(("models",), "models and no store of their metrics", "a store under 'metric_stores'")
    for name, model in mapping(plain, "models").items():
        at: At = ("models", name)
        yield from _foreign_clouds(at, model, stores)
        yield from _unknown_metrics(at, model)
        yield from _mean_of_a_count(at, model)
        for metric_name, metric in mapping(model, "metrics").items():
            yield from _metric((*at, "metrics", metric_name), metric)


def _joins(model: Any) -> bool:
    """Whether a model says what is told with it, which needs no metric store."""
    return bool(sequence(model, "datasets") or sequence(model, "feature_views"))


def _belongings(plain: Any) -> Iterator[Mistake]:
    """Data sets that there are not, and what belongs to two models."""
    datasets = tuple(map(str, mapping(plain, "datasets")))
    owners: dict[tuple[str, str], str] = {}
    for model, written in mapping(plain, "models").items():
        for key in ("datasets", "feature_views"):
            for index, name in enumerate(sequence(written, key)):
                at: At = ("models", model, key, index)
                if key == "datasets" and name not in datasets:
                    yield Mistake(at, shown(name), "the name of a data set", datasets, str(name))
                owner = owners.setdefault((key, str(name)), str(model))
                if owner != model:
                    yield Mistake(at, f"what belongs to '{owner}' already", "one model for each")


def _passwords(plain: Any) -> Iterator[Mistake]:
    """Passwords in the connection strings of online stores: as a parameter, or before the host."""
    for cloud, store in mapping(mapping(plain, "features"), "stores").items():
        string = store.get("connection_string") if isinstance(store, dict) else None
        if isinstance(string, str) and re.search(r"password\s*=|@", string, re.IGNORECASE):
            at: At = ("features", "stores", cloud, "connection_string")
            expected = "host:port,db=0,ssl=true, and a reference to the password under 'password'"
            yield Mistake(at, "a password that is written out", expected)


def _foreign_clouds(at: At, model: Any, stores: tuple[str, ...]) -> Iterator[Mistake]:
    for index, cloud in enumerate(sequence(model, "clouds")):
        if stores and cloud not in stores:
            yield Mistake((*at, "clouds", index), shown(cloud), "a cloud with a metric store", stores, str(cloud))


def _unknown_metrics(at: At, model: Any) -> Iterator[Mistake]:
    metrics = tuple(mapping(model, "metrics")) or ("accuracy",)
    canary = mapping(model, "canary")
    named = {
        (*at, "weight"): model.get("weight", metrics[0]) if isinstance(model, dict) else metrics[0],
        (*at, "serving"): model.get("serving", metrics[0]) if isinstance(model, dict) else metrics[0],
        (*at, "canary", "metric"): canary.get("metric", "accuracy") if canary else metrics[0],
    }
    for place, name in named.items():
        if name not in metrics:
            yield Mistake(place, shown(name), "a metric", metrics, str(name))


def _mean_of_a_count(at: At, model: Any) -> Iterator[Mistake]:
    weight = model.get("weight") if isinstance(model, dict) else None
    metric = mapping(model, "metrics").get(weight) if isinstance(weight, str) else None
    if isinstance(metric, dict) and (statistic := metric.get("statistic", "mean")) != "sum":
        expected = "'sum', because it counts the predictions"
        yield Mistake((*at, "metrics", str(weight), "statistic"), shown(statistic), expected)


def _metric(at: At, metric: Any) -> Iterator[Mistake]:
    if not isinstance(metric, dict):
        return
    breaches, of = metric.get("breaches", 1), metric.get("of", 1)
    if isinstance(breaches, int) and isinstance(of, int) and breaches > of:
        yield Mistake((*at, "breaches"), f"{breaches} of {of} periods", "no more than are judged")
    period = metric.get("period", "1h")
    with suppress(ValueError, TypeError):
        if not whole_minutes(period):
            yield Mistake((*at, "period"), shown(period), "whole minutes, at least one")
        elif isinstance(metric.get("adaptive"), dict):
            yield from _short_past((*at, "adaptive", "past"), metric["adaptive"].get("past", "4w"), period)


def _short_past(at: At, past: str, period: str) -> Iterator[Mistake]:
    """A past by which nothing could ever be judged."""
    least = least_points(duration(period))
    if (known := duration(past) // duration(period)) < least:
        yield Mistake(at, f"{shown(past)}, which is {known} periods", f"{least} periods of {period} at least")


def mapping(plain: Any, key: str) -> Mapping[str, Any]:
    """A mapping in a mapping; an empty one where there is none."""
    value = plain.get(key) if isinstance(plain, dict) else None
    return value if isinstance(value, dict) else {}


def sequence(plain: Any, key: str) -> list[Any]:
    """A list in a mapping; an empty one where there is none."""
    value = plain.get(key) if isinstance(plain, dict) else None
    return value if isinstance(value, list) else []
