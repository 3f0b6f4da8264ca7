"""What was given up is tried again: dead letters by the topic, a dead Channel's Messages by their groups."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from nephoscope import records
from nephoscope.alerts.due import Marker
from nephoscope.alerts.groups import Delivery, Group, Notification, Status
from nephoscope.errors import NephoscopeError, Transient
from nephoscope.jobs.desk import Desk, read_all
from nephoscope.ports import DeadLetters, Waiting

LOOK_BACK = timedelta(days=7)


def letters(place: DeadLetters, *, dry_run: bool = False) -> Waiting:
    """
    Give what waits now new tries, each letter once: one that comes back meanwhile waits for the next time.

    Args:
        place: Where they wait.
        dry_run: Only look.

    Returns:
        What got new tries, and what stays.

    Raises:
        Transient: The place stopped answering; what got new tries until then keeps them.
    """
    found = place.waiting()
    done = 0
    try:
        for letter in () if dry_run else found.letters:
            place.redrive(letter)
            done += 1
    except NephoscopeError as error:
        with suppress(NephoscopeError):  # what is not given back comes back by itself, after a while
            place.leave(found.letters[done:])
        raise Transient(
            f"{done} of {len(found.letters)} dead letters got new tries. {error.what}",
            do="set right what it says, and redrive the others",
        ) from error
    place.leave(found.letters[done:])
    return found


def deliveries(channel: str, desk: Desk, *, dry_run: bool = False) -> int:
    """
    Let a Channel have what it missed in the last seven days, as far as the groups remember it.

    Args:
        channel: Its name.
        desk: The hub's.
        dry_run: Only count.

    Returns:
        How many Messages are sent again.

    Raises:
        Transient: A group's record cannot be read; what the others missed is sent again all the same.
    """
    since = desk.clock.now() - LOOK_BACK

    def missed(notification: Notification) -> bool:
        delivery = notification.deliveries.get(channel)
        return delivery is not None and delivery.status is Status.DEAD and notification.at >= since

    found = 0
    keys = list(desk.state.list("groups/"))
    groups = read_all(desk.state, keys, Group, readable=True)
    for key, group in groups.items():
        its = [n for n in (*group.closed, *group.open) if missed(n)]
        found += len(its)
        if its and not dry_run:
            records.change(desk.state, key, Group, lambda old: None if old is None else _reopened(old, channel, missed))
            desk.state.create(Marker(desk.clock.now(), group.id, "", "redrive").key, b"{}")
    for key in (key for key in keys if key not in groups):
        try:
            records.read(desk.state, key, Group)
        except records.NewerRecord as error:
            verb = "wait for" if dry_run else "get"
            raise Transient(f"{found} other messages {verb} new tries. {error.what}", do=error.do) from error
    return found


def _reopened(group: Group, channel: str, missed: Callable[[Notification], bool]) -> Group:
    again = [
        replace(n, deliveries={**n.deliveries, channel: Delivery()}) for n in (*group.closed, *group.open) if missed(n)
    ]
    names = {n.id for n in again}
    return replace(
        group,
        closed=tuple(n for n in group.closed if n.id not in names),
        open=tuple(sorted((*(n for n in group.open if n.id not in names), *again), key=lambda n: n.at)),
    )
