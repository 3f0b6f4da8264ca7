"""Where a message leads to: the page of the watched thing, else of the check, and https alone."""

from __future__ import annotations

import pytest
from fakes.hub import AT_ONCE, Hub, breach
from nephoscope.errors import BadSettings
from nephoscope.settings import DataSet, Model, loads_json
from nephoscope.settings.bills import Budget
from nephoscope.settings.configuration import Configuration
from nephoscope.settings.runbooks import runbook

PAGES = Configuration(
    version=1,
    datasets={"flights": DataSet(objects="f", runbook="https://wiki/flights"), "scores": DataSet(objects="s")},
    models={"fraud": Model(runbook="https://wiki/fraud")},
    budgets={"all": Budget(amount="1 USD", runbook="https://wiki/budget")},
    runbooks={"drift": "https://wiki/drift", "drift.ks": "https://wiki/ks", "cost": "https://wiki/cost"},
)


@pytest.mark.parametrize(
    ("page", "about"),
    [
        ("flights", {"check": "drift.ks", "dataset": "flights", "model": "fraud"}),
        ("fraud", {"check": "drift.ks", "dataset": "scores", "model": "fraud"}),
        ("ks", {"check": "drift.ks", "dataset": "scores"}),
        ("drift", {"check": "drift.ks_p", "dataset": "scores"}),
        ("budget", {"check": "cost.budget", "subject": "all"}),
        ("cost", {"check": "cost.bill", "subject": "all"}),
        ("", {"check": "drifting", "subject": "all"}),
    ],
)
def test_the_page_of_the_thing_goes_before_the_check_s(page: str, about: dict[str, str]) -> None:
    """The nearest page is named: the budget's, the data set's, the model's, then the check's own, then its family's."""
    assert runbook(PAGES, about) == (f"https://wiki/{page}" if page else "")


def test_a_message_begins_what_to_do_with_the_page() -> None:
    """What people are told leads to their own page, and goes on with what is known of the check."""
    hub = Hub(AT_ONCE, runbook=lambda about: f"https://wiki/{about['dataset']}")
    hub.sees(breach())
    advice = hub.chat.got[0].items[0].advice
    assert advice.startswith("Runbook: https://wiki/flights · Look at it: nephoscope drift compare")


@pytest.mark.parametrize("address", ["http://wiki/x", "https://", "javascript:alert(1)", "https://a b", "https:///x"])
def test_only_https_is_accepted(address: str) -> None:
    """Anything but an https address is refused."""
    with pytest.raises(BadSettings):
        loads_json(b'{"version": 1, "runbooks": {"drift": "%b"}}' % address.encode())
