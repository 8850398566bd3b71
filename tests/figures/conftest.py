"""One small report for all tests of what people look at."""

import pytest

from optimize import Report, build, load_scenario, measure


@pytest.fixture(scope="session")
def small_report() -> Report:
    return measure(build(load_scenario("lattice-21")))
