"""What `validate` refuses of the hub's settings, each mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from nephoscope.errors import BadSettings
from nephoscope.settings import load

BAD = """\
version: 1
channels:
  chat: {type: console}
  bot: {type: slack-bot, token: xoxb-123-secret, room: general}
route:
  channels: [chat]
  routes:
    - {matchers: ['model=~"(a+)+b"'], channels: [pager], mute_time_intervals: [nights]}
silences:
  - {matchers: ['model=~".*"'], author: ada, reason: x, starts: "2026-11-24T00:00:00Z", ends: "2026-11-25T00:00:00Z"}
  - {matchers: [model=a], author: ada, reason: x, starts: "2026-11-24T00:00:00Z", ends: "2027-11-25T00:00:00Z"}
  - {matchers: [model=a], author: ada, reason: x, starts: "2026-11-24T00:00:00", ends: "2026-11-25T00:00:00Z"}
inhibit_rules:
  - {source_matchers: [], target_matchers: ['severity=~"("']}
time_intervals:
  days: [{times: [{start_time: "20:00", end_time: "08:00"}]}, {weekdays: ["monday:funday"]}, {location: Mars/Base}]
delivery: {fallback: [mail]}
"""

TOLD = [  # place, what is said of it
    ("4:26: channels.bot.token", "never the secret itself"),
    ("4:50: channels.bot.room", "a room's id such as C024BE91L"),
    ("8:19: route.routes[0].matchers[0]", "is refused: it repeats what can be read in two ways"),
    ("8:50: route.routes[0].channels[0]", "found 'pager', expected the name of a channel: chat, bot"),
    ("8:80: route.routes[0].mute_time_intervals[0]", "found 'nights', expected the name of a time interval: days"),
    ("10:5: silences[0]", "matches every Alert; name at least one label that must have a value"),
    ("11:5: silences[1]", "at most 30 days later"),
    ("12:51: silences[2].starts", "a time with its zone"),
    ("14:6: inhibit_rules[0].source_matchers", "a list of one matcher or more"),
    ("14:45: inhibit_rules[0].target_matchers[0]", "is no regular expression"),
    ("16:10: time_intervals.days[0]", "a time of day ends after it starts, not from 20:00 to 08:00"),
    ("16:63: time_intervals.days[1]", "'monday:funday' is no range"),
    ("16:94: time_intervals.days[2]", "'Mars/Base' is no time zone such as Europe/Berlin"),
    ("17:23: delivery.fallback[0]", "found 'mail', expected the name of a channel"),
]


@pytest.fixture
def told(tmp_path: Path) -> list[str]:
    """The mistakes of the bad configuration, a line each."""
    path = tmp_path / "nephoscope.yaml"
    path.write_text(BAD)
    with pytest.raises(BadSettings) as error:
        load(path)
    return [mistake.removeprefix(f"{path}:") for mistake in error.value.mistakes]


@pytest.mark.parametrize(("place", "said"), TOLD)
def test_each_mistake_is_told_with_its_place(told: list[str], place: str, said: str) -> None:
    """A channel that does not exist, a silence that matches all, an expression that blows up, times that are none."""
    (line,) = [each for each in told if each.startswith(f"{place}: ")]
    assert said in line
    assert "xoxb-123-secret" not in line
