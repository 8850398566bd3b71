"""Intervals and gaps: every ratio of numbers inside the intervals lies in the interval of the ratio."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimize.flow.certified import Throughput
from optimize.flow.gap import gap
from optimize.flow.interval import Interval
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all, farthest_permutation, permutation
from tests.optimize.graphs import Net, ring

POSITIVE = st.floats(1e-6, 1e18)


def between(ends: tuple[float, float]) -> Interval:
    return Interval(lower=min(ends), upper=max(ends))


@settings(derandomize=True, deadline=None)
@given(st.tuples(POSITIVE, POSITIVE), st.tuples(POSITIVE, POSITIVE), st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_gap_holds_the_ratio_of_any_two_numbers_inside(
    up: tuple[float, float], down: tuple[float, float], where_up: float, where_down: float, less: bool
) -> None:
    reference, formation = between(up), between(down)
    r = min(reference.lower + where_up * (reference.upper - reference.lower), reference.upper)
    f = min(formation.lower + where_down * (formation.upper - formation.lower), formation.upper)
    found = gap(reference=reference, formation=formation, metric="m", less_is_better=less).interval
    ratio = f / r if less else r / f
    assert found.lower * (1 - 1e-12) <= ratio <= found.upper * (1 + 1e-12)


def test_gap_above_one_means_a_worse_formation_both_ways() -> None:
    slow, fast = Interval.point(20.0), Interval.point(900.0)
    assert gap(reference=fast, formation=slow).interval == Interval.point(45.0)
    assert gap(reference=slow, formation=fast, less_is_better=True).interval == Interval.point(45.0)


def test_gap_of_throughputs_compares_what_a_gpu_gets() -> None:
    def answer(net: Net) -> Throughput:
        return max_throughput(fabric=net.fabric(), traffic=all_to_all(fabric=net.fabric()))

    # 4 nodes of 1 GPU against 8: rounds per second 1/2 and 1/8, times 3 and 7 bits a round.
    found = gap(reference=answer(ring(4)), formation=answer(ring(8)))
    assert found.metric == "all_to_all"
    assert found.interval.lower == pytest.approx((3 / 2) / (7 / 8), rel=1e-9)
    assert found.interval.upper == pytest.approx((3 / 2) / (7 / 8), rel=1e-9)
    assert "all_to_all: 1.714x" in str(found)


def test_gap_between_different_traffics_is_refused() -> None:
    fabric = ring(6).fabric()
    every = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
    hard = permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))
    with pytest.raises(ValueError, match="one traffic; got 'all_to_all' and 'permutation'"):
        gap(reference=every, formation=max_throughput(fabric=fabric, traffic=hard))


@pytest.mark.parametrize("ends", [(2.0, 1.0), (math.nan, 1.0), (0.0, math.nan)])
def test_interval_that_is_none_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="must not be above"):
        Interval(lower=ends[0], upper=ends[1])


def test_division_by_what_may_be_nothing_has_no_upper_end() -> None:
    nothing, some, maybe = Interval.point(0.0), Interval(lower=1.0, upper=2.0), Interval(lower=0.0, upper=2.0)
    assert some / nothing == Interval(lower=math.inf, upper=math.inf)
    assert some / maybe == Interval(lower=0.5, upper=math.inf)
    unlimited = Interval.point(math.inf)
    assert nothing / nothing == unlimited / unlimited == Interval(lower=0.0, upper=math.inf)  # anything
    assert some / unlimited == nothing
    assert unlimited / some == unlimited
    assert nothing / some == Interval.point(0.0)


def test_division_of_negative_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match=">= 0"):
        Interval(lower=-1.0, upper=1.0) / Interval.point(1.0)


def test_width_is_relative_and_zero_for_a_point() -> None:
    assert Interval(lower=2.0, upper=3.0).width == pytest.approx(0.5)
    assert Interval.point(0.0).width == 0.0
    assert Interval(lower=0.0, upper=1.0).width == math.inf


def test_interval_shows_both_ends_only_where_they_differ() -> None:
    assert Interval(lower=7.2e12, upper=7.2e12 * (1 + 1e-9)).as_rate() == "900 GB/s"
    assert Interval(lower=8e9, upper=16e9).as_rate() == "1..2 GB/s"
