"""
What people are told: a snapshot of a group in words, neutral of any Channel.

A Message says what happened, where, since when, the value and the limit, shows the newest values, leads to the
evidence and says what to do next; of what resolved it says how long it lasted. Text from outside is made harmless
here, and escaped once more by each Channel in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from nephoscope.alerts.advice import advice
from nephoscope.alerts.groups import Snapshot, Why, snapshot_key
from nephoscope.alerts.life import Alert, Phase
from nephoscope.alerts.links import evidence_link
from nephoscope.alerts.sparkline import sparkline
from nephoscope.findings import Number

TEXT_MOST = 200  # characters of any one field that came from outside
REASON_MOST = 400
TITLE_MOST = 140
NAMED = 3  # subjects that a title names

_WORD = {
    Why.FIRING: "FIRING",
    Why.RESOLVED: "RESOLVED",
    Why.UNKNOWN: "UNKNOWN",
    Why.MOVED: "MOVED",
    Why.REPEAT: "STILL OPEN",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One Alert in words; every text is one harmless line, "" where there is nothing to say."""

    alert: Alert
    news: bool
    state: str  # "firing", "unknown", "resolved" or "moved"
    what: str  # "flights/dep_delay"
    check: str  # "drift.ks"
    where: str  # "aws, team risk"
    reason: str
    measured: str  # "0.137 (at most 0.1)"
    chart: str  # "▁▂▁▃█ 0.02 → 0.137"
    values: tuple[float, ...]  # those of the chart
    when: str  # "since 2026-11-24 06:00 UTC (2 h 5 min)" or "lasted 4 min"
    evidence: str  # a link or a path
    advice: str  # what to do next


@dataclass(frozen=True, slots=True)
class Message:
    """A group of Alerts rendered for people, on its way to one Channel."""

    id: str  # the delivery's id: the same on each retry
    why: Why
    title: str
    items: tuple[Item, ...]  # the news first
    group: str  # the group's id: what an e-mail thread is made from
    labels: Mapping[str, str]  # the group's labels
    at: datetime
    notes: tuple[str, ...] = ()  # what is to be said beside the Alerts, or the lines of a notice
    record: str = ""  # where the whole of it is kept
    retry: int = 0
    thread: str = ""  # the Channel's receipt for the first Message of this episode

    @property
    def correlation_ids(self) -> tuple[str, ...]:
        """The ids that lead from this Message back to the Events behind it."""
        any_news = any(item.news for item in self.items)
        return tuple(sorted({item.alert.correlation_id for item in self.items if item.news or not any_news}))

    @property
    def headline(self) -> str:
        """The title, with "retry k" where the Channel may have it already."""
        return f"{self.title} (retry {self.retry})" if self.retry else self.title

    def split(self, most: int) -> tuple[tuple[Item, ...], int]:
        """The first Items, and how many are left out; what several say alike, only the first of them says."""
        said = {""}
        shown = []
        for item in self.items[:most]:
            advice = "" if item.advice in said else item.advice
            evidence = "" if item.evidence in said else item.evidence
            said |= {advice, evidence}
            shown.append(replace(item, advice=advice, evidence=evidence))
        return tuple(shown), max(0, len(self.items) - most)


def message(
    snapshot: Snapshot,
    *,
    channel: str,
    group: str,
    stores: Mapping[str, str] | None = None,
    runbook: Callable[[Mapping[str, str]], str] = lambda _: "",
    retry: int = 0,
    thread: str = "",
    instead_of: str = "",
) -> Message:
    """
    The Message that one Channel gets of a snapshot.

    Args:
        snapshot: What is told.
        channel: The Channel's name.
        group: The group's id.
        stores: Each cloud's store, to lead to the evidence.
        runbook: The page that says what to do about an Alert of some labels, "" for none.
        retry: How often this Channel may have got it already.
        thread: The Channel's receipt for the first Message of this episode.
        instead_of: The dead Channel that this one stands in for.
    """
    notes = list(snapshot.lines)
    if snapshot.held_back:
        notes.append(f"{snapshot.held_back} more {'is' if snapshot.held_back == 1 else 'are'} silenced or inhibited.")
    if instead_of:
        notes.append(f"Told here because the channel '{plain(instead_of)}' could not be told.")
    items = [_item(alert, snapshot, stores or {}, runbook(alert.all_labels)) for alert in snapshot.alerts]
    return Message(
        id=f"{snapshot.id}/{channel}",
        why=snapshot.why,
        title=title(snapshot),
        items=tuple(sorted(items, key=lambda item: (not item.news, item.state, item.check, item.what))),
        group=group,
        labels=snapshot.labels,
        at=snapshot.at,
        notes=tuple(plain(note, most=REASON_MOST) for note in notes),
        record=snapshot_key(snapshot.at, snapshot.id),
        retry=retry,
        thread=thread,
    )


def title(snapshot: Snapshot) -> str:
    """
    One line for the first glance: what kind of news, of what, and what was seen.

    FIRING: flights/dep_delay: KS distance 0.137 to the baseline, at most 0.1 was expected
    """
    if snapshot.why is Why.NOTICE:
        return plain(snapshot.title, most=TITLE_MOST)
    word = _WORD[snapshot.why]
    news = [a for a in snapshot.alerts if a.fingerprint in snapshot.news] or list(snapshot.alerts)
    told = [a for a in news if _matches(a, snapshot)] or news
    if len(news) != 1:
        return plain(f"{word}: {_several(told, snapshot.labels, beside=len(news) - len(told))}", most=TITLE_MOST)
    alert = told[0]
    if snapshot.why is Why.RESOLVED:
        return plain(f"{word} after {_lasted(alert)}: {alert.subject} ({alert.check})", most=TITLE_MOST)
    return plain(f"{word}: {alert.subject}: {alert.blind or alert.reason}".rstrip(". "), most=TITLE_MOST)


def _matches(alert: Alert, snapshot: Snapshot) -> bool:
    """Whether an Alert is of the kind that the title's word names."""
    kinds = {Why.FIRING: Phase.FIRING, Why.UNKNOWN: Phase.UNKNOWN, Why.RESOLVED: Phase.RESOLVED}
    wanted = kinds.get(snapshot.why, alert.state)
    return alert.state is wanted or (snapshot.why is Why.UNKNOWN and bool(alert.blind))


def _several(alerts: list[Alert], labels: Mapping[str, str], *, beside: int) -> str:
    about = ", ".join(labels.values()) or "everything"
    subjects = list(dict.fromkeys(alert.subject.removeprefix(f"{about}/") for alert in alerts))
    left = len(subjects) - NAMED
    count = "1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts"
    named = ", ".join(subjects[:NAMED]) + (f" and {left} more" if left > 0 else "")
    return f"{count} of {about}: {named}{f'; {beside} other news' if beside else ''}"


def _item(alert: Alert, snapshot: Snapshot, stores: Mapping[str, str], page: str) -> Item:
    moved = snapshot.moved.get(alert.fingerprint, "")
    values = snapshot.recent.get(alert.fingerprint, ())
    reason = alert.reason
    if moved:
        reason += f" It is told by {moved} now."
    if alert.blind:
        reason += f" It can no longer be seen: {alert.blind}"
    return Item(
        alert=alert,
        news=alert.fingerprint in snapshot.news,
        state=str(Why.MOVED) if moved else str(alert.state),
        what=plain(alert.subject),
        check=plain(alert.check),
        where=plain(
            ", ".join(alert.labels[name] for name in ("cloud", "account", "region", "team") if alert.labels.get(name))
        ),
        reason=plain(reason, most=REASON_MOST),
        measured="" if alert.value is None else short(alert.value) + (f" ({alert.limit})" if alert.limit else ""),
        chart=f"{sparkline(values)} {short(values[0])} → {short(values[-1])}" if len(values) > 1 else "",
        values=values,
        when=_when(alert, snapshot.at),
        evidence=plain(evidence_link(stores.get(alert.labels.get("cloud", ""), ""), alert.evidence_url)),
        advice=plain("" if alert.state is Phase.RESOLVED or moved else _to_do(alert, page), most=REASON_MOST),
    )


def _to_do(alert: Alert, page: str) -> str:
    """What to do next: the configured page first, then what is known of the check."""
    return " · ".join(filter(None, (page and f"Runbook: {page}", advice(alert))))


def short(value: Number) -> str:
    """
    A measured value for people: four digits that matter, whole from a thousand on; money in full.

    >>> short(0.103209), short(29327.0), short(float("inf"))
    ('0.1032', '29,327', 'inf')
    """
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def _when(alert: Alert, now: datetime) -> str:
    if alert.state is Phase.RESOLVED:
        return f"lasted {_lasted(alert)}"
    began = alert.began or alert.since
    return f"since {began:%Y-%m-%d %H:%M} UTC ({duration(now - began)})"


def _lasted(alert: Alert) -> str:
    return duration(alert.since - (alert.began or alert.since))


def duration(span: timedelta) -> str:
    """
    A span for people, two units at most.

    >>> duration(timedelta(minutes=135)), duration(timedelta(seconds=42)), duration(timedelta(days=3))
    ('2 h 15 min', '42 s', '3 d')
    """
    seconds = max(0, int(span.total_seconds()))
    units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
    told = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            told.append(f"{count} {name}")
    return " ".join(told[:2]) or "0 s"


def plain(text: str, *, most: int = TEXT_MOST) -> str:
    """
    Text from outside as one harmless line: control and format characters are shown, not obeyed, and the length is
    capped.

    >>> plain("a\\r\\nb\\u202ec")
    'a\\\\r\\\\nb\\\\u202ec'
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"
