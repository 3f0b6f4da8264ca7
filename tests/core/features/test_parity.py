"""Parity over stores that keep times more and less exactly, hold sets in other orders, or came later than others."""

import pytest
from nephoscope.features.parity import Held, Sampled, parity
from nephoscope.features.rows import Stored
from nephoscope.features.sampled import sampled
from nephoscope.findings import Verdict

SECOND = 1_000_000
NOON = 1_700_000_000 * SECOND


def exact(digest: str) -> Sampled:
    """A store that keeps microseconds."""
    return Sampled({"1": Held(NOON + 123_456, digest), "2": Held(NOON + 7 * SECOND + 654_321, digest)})


def whole_seconds(digest: str) -> Sampled:
    """A store that keeps whole seconds, of the same rows."""
    return Sampled({"1": Held(NOON, digest), "2": Held(NOON + 7 * SECOND, digest)})


@pytest.mark.parametrize("tolerance", [0, 1])
@pytest.mark.parametrize("order", [1, -1])
def test_a_store_of_whole_seconds_is_compared_by_whole_seconds(tolerance: float, order: int) -> None:
    """What SQLite cuts off a time is no difference, and the values are compared all the same."""
    coarse = ("sqlite", whole_seconds("a"))
    alike = parity("users", dict([coarse, ("redis", exact("a"))][::order]), tolerance_seconds=tolerance)
    assert (alike.verdict, alike.evidence["other_times"]) == (Verdict.OK, 0)
    other = parity("users", dict([coarse, ("redis", exact("b"))][::order]), tolerance_seconds=tolerance)
    assert (other.value, other.evidence["other_values"]) == (1.0, 2)


def test_exact_stores_are_compared_exactly_beside_one_of_whole_seconds() -> None:
    """Two stores that keep microseconds may not differ by one, whatever a third store keeps."""
    late = Sampled({key: row and Held(row.event_us + 1, row.digest) for key, row in exact("a").rows.items()})
    finding = parity("users", {"aws": exact("a"), "gcp": late, "local": whole_seconds("a")})
    assert (finding.value, finding.evidence["other_times"]) == (1.0, 2)


def test_a_second_is_a_difference_where_seconds_are_kept() -> None:
    """Rows that lie a second apart are not the same row in a store of whole seconds."""
    late = Sampled({key: row and Held(row.event_us + SECOND, "b") for key, row in whole_seconds("a").rows.items()})
    samples = {"aws": whole_seconds("a"), "gcp": late}
    assert parity("users", samples).evidence["other_times"] == 2
    assert parity("users", samples, tolerance_seconds=1).verdict is Verdict.OK


def test_a_cloud_that_came_later_is_not_blamed_for_what_is_too_old() -> None:
    """A key whose newest row no sync reads any more is left out and counted; another that is missing breaks parity."""
    rows = {"1": Held(NOON - SECOND, "a"), "2": Held(NOON, "a")}
    aws = Sampled(rows, from_us=NOON - 9 * SECOND)
    finding = parity("users", {"aws": aws, "gcp": Sampled({"2": rows["2"]}, from_us=NOON)})
    assert (finding.verdict, finding.evidence["keys"], finding.evidence["aged"]) == (Verdict.OK, 1, 1)
    assert "1 left out" in finding.reason
    assert parity("users", {"aws": aws, "gcp": Sampled({}, from_us=NOON)}).value == 1.0


def test_one_store_with_a_row_that_is_still_served_keeps_its_key() -> None:
    """A key is as old as its newest row over all stores: what one cloud alone was given anew is a difference."""
    samples = {"aws": Sampled({"1": Held(NOON, "b")}, from_us=NOON), "gcp": Sampled({"1": Held(0, "a")}, from_us=NOON)}
    assert parity("users", samples).evidence["other_times"] == 1


def test_nothing_but_rows_that_are_too_old_is_unknown() -> None:
    """Where no key is left to compare, nothing is proven, and the Finding says why."""
    sample = Sampled({"1": Held(0, "a")}, from_us=NOON)
    finding = parity("users", {"aws": sample, "gcp": sample})
    assert (finding.verdict, "1 are beyond their age" in finding.reason) == (Verdict.UNKNOWN, True)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("ba01060a01610a0162", "ba01060a01620a0161", True),  # STRING_SET
        ("ca01050a03ac0202", "ca01050a0302ac02", True),  # INT64_SET: 300 and 2
        ("da010a0a080000803f00000040", "da010a0a08000000400000803f", True),  # FLOAT_SET
        ("ba01060a01610a0162", "ba01060a01610a0163", False),
        ("62060a01610a0162", "62060a01620a0161", False),  # STRING_LIST, whose order counts
        ("ba0106", "ba0107", False),  # nothing of Feast's
    ],
)
def test_the_order_of_a_set_is_no_difference(one: str, other: str, alike: bool) -> None:
    """Rows that Feast itself wrote hold a set in the order of the process that wrote them."""
    first, second = (sampled([b"key"], [Stored(NOON, {"tags": bytes.fromhex(value)})]) for value in (one, other))
    assert (first == second) is alike
