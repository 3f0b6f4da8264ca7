"""What is not told for a while: silences, inhibition rules and time intervals, in Alertmanager's words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Meta

from nephoscope.alerts import matchers as alert_matchers
from nephoscope.alerts.inhibition import InhibitRule as Rule
from nephoscope.alerts.intervals import MONTHS, WEEKDAYS, Interval, number_range, time_range
from nephoscope.alerts.silences import Silence as Made
from nephoscope.alerts.silences import silence
from nephoscope.settings.routes import Matcher
from nephoscope.settings.section import Section, Text

SomeMatchers: TypeAlias = Annotated[tuple[Matcher, ...], Meta(min_length=1, title="a list of one matcher or more")]
Instant: TypeAlias = Annotated[
    str,
    Meta(
        title="a time with its zone, such as 2026-11-24T06:00:00Z", extra_json_schema={"format": "nephoscope-instant"}
    ),
]


def instant(text: str) -> datetime:
    """
    Read a time with its zone.

    Raises:
        ValueError: It is none, or has no zone.
    """
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError(f"'{text}' has no zone")
    return at


class Silence(Section, frozen=True, kw_only=True):
    """Alerts that nobody wants to be told of for a while."""

    matchers: Annotated[SomeMatchers, Meta(description="All must hold; one of them must need a value.")]
    author: Annotated[Text, Meta(description="Who wants this.")]
    reason: Annotated[Text, Meta(description="Why.")]
    starts: Annotated[Instant, Meta(description="From when on.")]
    ends: Annotated[Instant, Meta(description="Until when, at most 30 days later.")]

    def __post_init__(self) -> None:
        self.silence()

    def silence(self) -> Made:
        """
        The silence as the hub holds it.

        Raises:
            ValueError: It would silence everything, or does not end in time.
        """
        return silence(
            self.matchers,
            author=self.author,
            reason=self.reason,
            starts=instant(self.starts),
            ends=instant(self.ends),
        )


class InhibitRule(Section, frozen=True, kw_only=True):
    """While one Alert fires, others that follow from it are not told."""

    source_matchers: Annotated[SomeMatchers, Meta(description="Which Alerts keep others back.")]
    target_matchers: Annotated[SomeMatchers, Meta(description="Which Alerts are kept back.")]
    equal: Annotated[
        tuple[Text, ...], Meta(title="a list of labels", description="Labels in which both must agree.")
    ] = ()

    def rule(self) -> Rule:
        """The rule as the hub applies it."""
        sources, targets = (
            tuple(alert_matchers.parse(text) for text in texts)
            for texts in (self.source_matchers, self.target_matchers)
        )
        return Rule(sources, targets, self.equal)


class TimeRange(Section, frozen=True, kw_only=True):
    """A span of each day."""

    start_time: Annotated[Text, Meta(description="The first minute, such as 09:00.")]
    end_time: Annotated[Text, Meta(description="The minute after the last one; 24:00 is the end of the day.")]


Ranges: TypeAlias = Annotated[tuple[Text, ...], Meta(title="a list of ranges such as 'monday:friday' or '1:15'")]


class TimeInterval(Section, frozen=True, kw_only=True):
    """One of the alternatives of a time interval; all that is given must hold."""

    times: Annotated[tuple[TimeRange, ...], Meta(title="a list of spans", description="Times of day.")] = ()
    weekdays: Annotated[Ranges, Meta(description="Days of the week.")] = ()
    days_of_month: Annotated[Ranges, Meta(description="Days of the month; negative ones count from its end.")] = ()
    months: Annotated[Ranges, Meta(description="Months, by name or number.")] = ()
    years: Annotated[Ranges, Meta(description="Years.")] = ()
    location: Annotated[Text, Meta(description="The time zone, such as Europe/Berlin.")] = "UTC"

    def __post_init__(self) -> None:
        self.interval()

    def interval(self) -> Interval:
        """
        The interval as the hub looks at it.

        Raises:
            ValueError: A time, a range or the zone is none.
        """
        try:
            zone = ZoneInfo(self.location)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"'{self.location}' is no time zone such as Europe/Berlin") from error
        return Interval(
            times=tuple(time_range(span.start_time, span.end_time) for span in self.times),
            weekdays=tuple(number_range(text, WEEKDAYS, low=0, high=6) for text in self.weekdays),
            days_of_month=tuple(number_range(text, low=-31, high=31) for text in self.days_of_month),
            months=tuple(number_range(text, MONTHS, low=1, high=12) for text in self.months),
            years=tuple(number_range(text, low=1970, high=9999) for text in self.years),
            zone=zone,
        )
