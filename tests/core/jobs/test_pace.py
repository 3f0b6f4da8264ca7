"""A look that grows dear is taken less often."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from nephoscope.adapters.local.clock import FixedClock
from nephoscope.errors import Transient
from nephoscope.jobs.pace import Pace

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands."""
    return FixedClock(datetime(2026, 11, 24, 6, tzinfo=UTC))


def look(clock: FixedClock, seconds: float, found: list[str]) -> Callable[[], list[str]]:
    """A look that takes so long."""

    def take() -> list[str]:
        clock.at += seconds * SECOND
        return found

    return take


def looks(clock: FixedClock, *, seconds: float, rounds: int = 60) -> int:
    """How many rounds of one each five seconds look, of which each takes so long."""
    pace, count = Pace(clock), 0
    for _ in range(rounds):
        before = clock.at
        pace.look(look(clock, seconds, []))
        count += clock.at > before
        clock.at += 5 * SECOND
    return count


@pytest.mark.parametrize(("seconds", "taken"), [(0.1, 60), (0.5, 60), (1, 30), (4, 8), (60, 3)])
def test_a_look_takes_a_tenth_of_the_time(seconds: float, taken: int, clock: FixedClock) -> None:
    """Quick ones are taken in each round, those of a second in each second one; none rests for over two minutes."""
    assert looks(clock, seconds=seconds) == taken


def test_what_was_found_is_looked_after_in_the_next_round(clock: FixedClock) -> None:
    """Where one was left behind others may be."""
    pace = Pace(clock)
    assert pace.look(look(clock, 5, ["one"])) == ["one"]
    assert pace.look(look(clock, 5, ["two"])) == ["two"]


def test_what_failed_is_tried_in_the_next_round(clock: FixedClock) -> None:
    """A store that did not answer is asked again."""

    def fail() -> list[str]:
        clock.at += 5 * SECOND
        raise Transient("no answer")

    pace = Pace(clock)
    with pytest.raises(Transient):
        pace.look(fail)
    assert pace.look(look(clock, 1, ["one"])) == ["one"]


def test_a_clock_that_goes_back_prolongs_no_rest(clock: FixedClock) -> None:
    """It would be hours until the next look."""
    pace = Pace(clock)
    pace.look(look(clock, 5, []))
    assert pace.look(look(clock, 5, ["one"])) == []
    clock.at -= timedelta(hours=3)
    assert pace.look(look(clock, 5, ["one"])) == ["one"]
