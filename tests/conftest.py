"""Options and fixtures that every test may use."""

from datetime import UTC, datetime

import pytest
from nephoscope.adapters.local.clock import FixedClock

pytest_plugins = ("emulators",)

CLOUDS = ("local", "aws", "azure", "gcp")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--clouds=local,aws` runs the port suites on those adapters only."""
    parser.addoption("--clouds", default=",".join(CLOUDS), help=f"comma-separated, of {', '.join(CLOUDS)}")


@pytest.fixture(scope="session")
def clouds(pytestconfig: pytest.Config) -> tuple[str, ...]:
    """The clouds whose adapters are to be tested."""
    return tuple(pytestconfig.getoption("--clouds").split(","))


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at a Tuesday morning until a test moves it."""
    return FixedClock(datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
