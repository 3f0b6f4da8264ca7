"""Parity over stores that keep times more and less exactly."""

import pytest
from nephoscope.features.parity import Held, Sampled, parity
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
