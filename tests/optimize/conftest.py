"""Reports that several tests look at, each measured once in a run."""

import pytest

from optimize.study.case import build
from optimize.study.measure import measure
from optimize.study.report import Report
from optimize.study.scenario import load_scenario


def _report(name: str) -> Report:
    return measure(build(load_scenario(name)))


@pytest.fixture(scope="session")
def lattice() -> Report:
    """The report of `lattice-21`."""
    return _report("lattice-21")


@pytest.fixture(scope="session")
def suncatcher() -> Report:
    """The report of `suncatcher-81`: the only solve above 24 nodes in the fast tests."""
    return _report("suncatcher-81")


@pytest.fixture(scope="session")
def apart() -> Report:
    """The report of `rack-apart-18`."""
    return _report("rack-apart-18")


@pytest.fixture(scope="session")
def ground() -> Report:
    """The report of `ground-nvl72`: a rack compared with itself."""
    return _report("ground-nvl72")
