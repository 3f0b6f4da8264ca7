"""An address that cannot be asked is said without telling it: it may be a Channel's secret."""

import pytest
from nephoscope.adapters.https import request
from nephoscope.errors import Transient


@pytest.mark.parametrize(
    "path", ["/services/T0/B0/SECRET more", "/w?sig=SECRET\nsecond", "/w?sig=SECRET\x00", "/SECRET/größe"]
)
def test_a_secret_that_is_no_address_is_not_told(path):
    """One that was pasted with a blank, a line break or a foreign letter fails by a sentence that has none of it."""
    with pytest.raises(Transient, match="letters that no address has") as told:
        request(f"https://hooks.example.invalid{path}")
    assert "SECRET" not in f"{told.value} {told.value.__cause__} {told.value.__context__}"
