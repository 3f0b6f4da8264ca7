"""Which Alerts go where, in Alertmanager's words; a child inherits what it does not set."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from msgspec import UNSET, Meta, UnsetType, field

from nephoscope.alerts import matchers as alert_matchers
from nephoscope.alerts import routes as alert_routes
from nephoscope.settings.durations import Duration, duration
from nephoscope.settings.section import Name, Section

Matcher: TypeAlias = Annotated[
    str,
    Meta(
        title='a matcher such as severity="high", model!="a", model=~"fraud.*" or model!~"test.*"',
        extra_json_schema={"format": "nephoscope-matcher"},
    ),
]
Label: TypeAlias = Annotated[
    str,
    Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]*|\.\.\.)$", title="a label's name, or '...' alone for all of them"),
]
ChannelNames: TypeAlias = Annotated[
    tuple[Name, ...], Meta(min_length=1, title="a list of channels", description="The channels that are told.")
]
GroupBy: TypeAlias = Annotated[
    tuple[Label, ...],
    Meta(title="a list of labels", description="Alerts that agree in these labels are told together."),
]
GroupWait: TypeAlias = Annotated[Duration, Meta(description="How long a new group waits for more Alerts.")]
GroupInterval: TypeAlias = Annotated[
    Duration, Meta(description="How long a told group waits before news of it is told.")
]
IntervalNames: TypeAlias = Annotated[tuple[Name, ...], Meta(title="a list of time intervals")]
Mute: TypeAlias = Annotated[IntervalNames, Meta(description="Nothing is told while one of these lasts.")]
Active: TypeAlias = Annotated[IntervalNames, Meta(description="Something is told only while one of these lasts.")]
RepeatInterval: TypeAlias = Annotated[Duration, Meta(description="How long until what still fires is told again.")]


class Route(Section, frozen=True, kw_only=True):
    """A branch of the tree: the Alerts that its matchers choose, among those its parent chose."""

    matchers: Annotated[
        tuple[Matcher, ...], Meta(title="a list of matchers", description="All of them must hold.")
    ] = ()
    continue_: Annotated[bool, Meta(description="Whether later siblings are asked too.")] = field(
        name="continue", default=False
    )
    channels: ChannelNames | UnsetType = UNSET
    group_by: GroupBy | UnsetType = UNSET
    group_wait: GroupWait | UnsetType = UNSET
    group_interval: GroupInterval | UnsetType = UNSET
    repeat_interval: RepeatInterval | UnsetType = UNSET
    mute_time_intervals: Mute = ()
    active_time_intervals: Active = ()
    routes: Annotated[tuple[Route, ...], Meta(title="a list of routes", description="Branches of this branch.")] = ()

    def __post_init__(self) -> None:
        for matcher in self.matchers:
            alert_matchers.parse(matcher)


class RootRoute(Section, frozen=True, kw_only=True):
    """The root of the tree, which every Alert passes and which inherits nothing."""

    channels: ChannelNames
    group_by: GroupBy = ("about",)
    group_wait: GroupWait = "30s"
    group_interval: GroupInterval = "5m"
    repeat_interval: RepeatInterval = "4h"
    routes: Annotated[
        tuple[Route, ...], Meta(title="a list of routes", description="The branches, asked in order.")
    ] = ()

    def tree(self) -> alert_routes.Route:
        """The route tree as the hub walks it, with what is inherited filled in."""
        return _node(self, path="route", inherited={})


def _node(written: Route | RootRoute, *, path: str, inherited: dict[str, Any]) -> alert_routes.Route:
    own = {
        "channels": written.channels,
        "group_by": written.group_by,
        "group_wait": written.group_wait,
        "group_interval": written.group_interval,
        "repeat_interval": written.repeat_interval,
    }
    filled = inherited | {name: value for name, value in own.items() if value is not UNSET}
    return alert_routes.Route(
        channels=filled["channels"],
        group_by=filled["group_by"],
        group_wait=duration(filled["group_wait"]),
        group_interval=duration(filled["group_interval"]),
        repeat_interval=duration(filled["repeat_interval"]),
        matchers=tuple(alert_matchers.parse(text) for text in written.matchers) if isinstance(written, Route) else (),
        continues=isinstance(written, Route) and written.continue_,
        routes=tuple(
            _node(child, path=f"{path}.routes[{index}]", inherited=filled) for index, child in enumerate(written.routes)
        ),
        path=path,
        mute_time_intervals=written.mute_time_intervals if isinstance(written, Route) else (),
        active_time_intervals=written.active_time_intervals if isinstance(written, Route) else (),
    )
