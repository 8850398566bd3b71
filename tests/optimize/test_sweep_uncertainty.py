"""Quantiles and Sobol indices against closed forms, on sweeps whose gap is a known function."""

from __future__ import annotations

from dataclasses import replace

import pytest

from optimize.flow.interval import Interval
from optimize.study.effects import assumed_effects
from optimize.study.parameters import Parameter
from optimize.study.sampling import grid, latin_hypercube, saltelli, sobol_sequence
from optimize.study.scenario import load_scenario
from optimize.study.sweep import Sweep
from optimize.study.uncertainty import quantiles, sobol_indices
from tests.optimize.sweeps import as_if

LATTICE = load_scenario("lattice-21")
UNIT = [Parameter(path=path, low=0.0, high=1.0) for path in ("link.aperture_m", "link.focus_m")]
# Randomised quasi-Monte-Carlo with 1024 points is good to a few thousandths on smooth functions of two variables.
CLOSE = 0.02


def test_indices_of_a_sum_are_the_shares_of_the_variance() -> None:
    # V(3 x) = 9 / 12 and V(y) = 1 / 12, and a sum has no interaction.
    sweep = as_if(saltelli(LATTICE, vary=UNIT, base=1024, seed=1), lambda x, y: 10.0 + 3.0 * x + y)
    large, small = sobol_indices(sweep)
    assert (large.first, large.total) == pytest.approx((0.9, 0.9), abs=CLOSE)
    assert (small.first, small.total) == pytest.approx((0.1, 0.1), abs=CLOSE)


def test_indices_of_a_product_show_its_interaction() -> None:
    # V(x y) = 1/9 - 1/16 = 7/144, V(E(x y | x)) = V(x / 2) = 3/144: first order 3/7, total 1 - 3/7.
    sweep = as_if(saltelli(LATTICE, vary=UNIT, base=1024, seed=2), lambda x, y: 1.0 + x * y)
    for index in sobol_indices(sweep):
        assert (index.first, index.total) == pytest.approx((3 / 7, 4 / 7), abs=CLOSE)


def test_bootstrap_ranges_hold_the_truth_and_narrow_with_more_points() -> None:
    widths = []
    for base in (64, 1024):
        large, _ = sobol_indices(
            as_if(saltelli(LATTICE, vary=UNIT, base=base, seed=3), lambda x, y: 10.0 + 3.0 * x + y)
        )
        low, high = large.first_range
        assert low < 0.9 < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2.0  # sixteen times the points: a quarter, were it plain Monte Carlo


def test_indices_are_the_same_when_computed_again() -> None:
    sweep = as_if(saltelli(LATTICE, vary=UNIT, base=16, seed=4), lambda x, y: 2.0 + x * y)
    assert sobol_indices(sweep) == sobol_indices(sweep)


def test_one_parameter_alone_answers_for_everything() -> None:
    (index,) = sobol_indices(as_if(saltelli(LATTICE, vary=UNIT[:1], base=256, seed=5), lambda x: 1.0 + x**2))
    assert (index.first, index.total) == pytest.approx((1.0, 1.0), abs=CLOSE)


def test_differences_inside_the_certified_intervals_are_no_effect() -> None:
    study = saltelli(LATTICE, vary=UNIT, base=16, seed=6)
    sweep = as_if(study, lambda x, y: 20.0 + 1e-7 * x)  # what a solver leaves open, not what the aperture does
    rows = tuple(
        replace(row, gap=Interval(lower=row.gap.lower - 1e-6, upper=row.gap.upper)) for row in sweep.rows if row.gap
    )
    assert [(i.first, i.total) for i in sobol_indices(Sweep(study=study, rows=rows, nominal=()))] == [(0.0, 0.0)] * 2


def test_indices_need_their_design_and_every_point_of_it() -> None:
    with pytest.raises(ValueError, match="need the points of a saltelli design, and this is a Sobol sequence"):
        sobol_indices(as_if(sobol_sequence(LATTICE, vary=UNIT, points=8, seed=0), lambda x, y: 1.0 + x))
    whole = as_if(saltelli(LATTICE, vary=UNIT, base=2, seed=0), lambda x, y: 1.0 + x)
    holed = replace(whole, rows=(replace(whole.rows[0], gap=None, error="does not close"), *whole.rows[1:]))
    with pytest.raises(ValueError, match=r"1 of 8 are infeasible.*does not close; narrow the ranges"):
        sobol_indices(holed)


@pytest.mark.parametrize("design", [latin_hypercube, sobol_sequence])
def test_quantiles_of_a_uniform_gap_are_those_of_the_range(design) -> None:  # type: ignore[no-untyped-def]
    sweep = as_if(design(LATTICE, vary=UNIT, points=256, seed=1), lambda x, y: 1.0 + x)
    for share, gap in quantiles(sweep, shares=(0.05, 0.5, 0.95)).items():
        assert gap.lower == pytest.approx(1.0 + share, abs=1.0 / 256)  # one point in each 256th of the range


def test_quantiles_keep_the_certified_width_and_leave_infeasible_points_out() -> None:
    study = sobol_sequence(LATTICE, vary=UNIT, points=64, seed=1)
    sweep = as_if(study, lambda x, y: 1.0 + x)
    wide = [replace(row, gap=Interval(lower=row.gap.lower, upper=1.1 * row.gap.upper)) for row in sweep.rows if row.gap]
    wide[::2] = [replace(row, gap=None, error="does not close") for row in wide[::2]]
    half = quantiles(Sweep(study=study, rows=tuple(wide), nominal=()), shares=[0.5])[0.5]
    assert half.upper == pytest.approx(1.1 * half.lower)


def test_a_grid_has_no_quantiles_and_neither_has_nothing() -> None:
    with pytest.raises(ValueError, match="a grid has no quantiles"):
        quantiles(as_if(grid(LATTICE, vary=["link.channels=1,2"]), float))
    study = sobol_sequence(LATTICE, vary=UNIT, points=2, seed=1)
    none = tuple(replace(row, gap=None, error="too hot") for row in as_if(study, lambda x, y: 1.0).rows)
    with pytest.raises(ValueError, match="all 2 points are infeasible, the first: too hot"):
        quantiles(Sweep(study=study, rows=none, nominal=()))


def test_each_assumed_value_is_moved_to_both_ends_alone() -> None:
    effects = {effect.path: effect for effect in assumed_effects(LATTICE)}
    own = {path for path, datum in LATTICE.data.items() if datum.confidence == "assumed"}
    assert set(effects) == {*own, "coherent_400zr.latency_s"}  # and what is assumed of its transceiver
    # 4 GPUs a satellite are limited by their network cards: 800 of 7200 Gb/s each, and 80 of the 83 others elsewhere.
    gpus = effects["satellite.gpus"]
    assert (gpus.low, gpus.gap_high) == (4, gpus.gap)
    assert gpus.gap_low is not None
    assert gpus.gap_low.lower == pytest.approx(9.0 * 80 / 83, rel=1e-6)  # width asked of each certificate
    # Four terminals do not hold eight neighbours, which is an answer and no failure.
    terminals = effects["satellite.terminals"]
    assert (terminals.gap_low, terminals.gap_high) == (None, terminals.gap)
    assert "needs 8 terminals and has 4" in terminals.error_low
    assert effects["satellite.switch_latency_s"].swing == 1.0  # a time cannot move a rate


def test_largest_effects_come_first() -> None:
    swings = [effect.swing for effect in assumed_effects(LATTICE)]
    assert swings == sorted(swings, reverse=True)
