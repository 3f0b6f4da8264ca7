"""Where dead letters wait, by the place that a person names, as whoever is signed in on this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from nephoscope.errors import BadSettings, BadUsage
from nephoscope.ports import Clock, DeadLetters

PLACES: Mapping[str, tuple[str, str, str]] = {  # by scheme: the cloud, what follows the scheme, and how it is told
    "sqs": ("aws", r"arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w.-]+", "sqs:arn:aws:sqs:REGION:ACCOUNT:QUEUE"),
    "pubsub": ("gcp", r"projects/[^/]+/subscriptions/[^/]+", "pubsub:projects/PROJECT/subscriptions/NAME"),
    "az": ("azure", r"//[a-z0-9]+/[a-z0-9-]+(/.*)?", "az://ACCOUNT/CONTAINER"),
    "az-queue": ("azure", r"//[a-z0-9]+/[a-z0-9-]+", "az-queue://ACCOUNT/QUEUE-poison"),
}


def dead_letters(place: str | None, topic: str, clock: Clock) -> DeadLetters:
    """
    A place of dead letters.

    Args:
        place: Where they are, such as "sqs:arn:aws:sqs:eu-central-1:123456789012:nephoscope-reports-dead"; without one
            it is the topic itself.
        topic: The configuration's.
        clock: Tells when a local topic hands out what it gave up.

    Raises:
        BadUsage: There is no such place, or it has to be said.
        BadSettings: Its cloud's extra is not installed, or nobody is signed in there.
    """
    if place is None:
        return _local(topic, clock)
    scheme, _, rest = place.partition(":")
    cloud, form, _ = PLACES.get(scheme, ("", "", ""))
    if not cloud or not re.fullmatch(form, rest):
        shapes = ", ".join(shape for *_, shape in PLACES.values())
        raise BadUsage(f"'{place}' is no place of dead letters.", do=f"name one such as {shapes}")
    try:
        from nephoscope.wiring.people import CLOUDS

        return CLOUDS[cloud]().dead_letters(place if cloud == "azure" else rest, topic)
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"Dead letters in '{cloud}' need '{error.name}', which is not installed.",
            do=f"pip install 'nephoscope[{cloud}]'",
        ) from error


def _local(topic: str, clock: Clock) -> DeadLetters:
    scheme, _, path = topic.partition(":")
    if scheme != "sqlite":
        raise BadUsage(
            f"The topic is {topic}, whose dead letters wait in a place of their own.",
            do="say where with --from; 'terraform output dead_letters' in deploy/ tells it",
        )
    from nephoscope.adapters.local.dead_letters import SqliteDeadLetters
    from nephoscope.adapters.local.topic import SqliteTopic

    return SqliteDeadLetters(SqliteTopic(Path(path), clock=clock))
