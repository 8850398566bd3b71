"""What assumed values do to the gap: of parts too, never silently left out, and without solving where nothing moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from figures.assumed_text import assumed_lines
from optimize.flow.interval import Interval
from optimize.study import effects
from optimize.study.case import build
from optimize.study.effects import assumed_effects, with_effects
from optimize.study.measure import measure
from optimize.study.point import all_to_all_of
from optimize.study.report import AssumedEffect, Report
from optimize.study.scenario import load_scenario
from tests.optimize.sweeps import SMALL


def test_a_report_gets_the_effects_that_the_scenario_has(lattice: Report) -> None:
    assert lattice.case.scenario is not None
    found = {effect.path: effect for effect in with_effects(lattice).effects}
    for effect in assumed_effects(lattice.case.scenario):
        other = found[effect.path]
        for name in ("gap_low", "gap", "gap_high"):
            one, two = getattr(effect, name), getattr(other, name)
            assert (one is None) == (two is None)
            if one is not None:
                assert two.lower <= one.upper * (1 + 1e-9)  # both hold the true gap: the intervals meet
                assert one.lower <= two.upper * (1 + 1e-9)


def test_values_that_move_no_rate_cost_no_solving(lattice: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[str] = []
    real = all_to_all_of

    def counted(case: Any, **options: Any) -> Any:
        solved.append(case.name)
        return real(case, **options)

    monkeypatch.setattr(effects, "all_to_all_of", counted)
    found = with_effects(lattice).effects
    assert len(solved) == 1  # four GPUs instead of 72: jitter, outage and body leave every rate as it is
    assert {e.path for e in found if e.reason == "a time moves no rate"} == {
        "satellite.switch_latency_s", "coherent_400zr.latency_s"
    }  # fmt: skip


def test_an_assumed_value_of_a_part_moves_the_gap() -> None:
    # Launch power and sensitivity of this transceiver are assumed; far out, its rate hangs on them.
    far = {"formation.pitch_m": "5 km", "formation.radius_m": "15 km", "wiring.reach_m": "14.25 km",
           "link.transceiver": "openzrplus_high_power", "link.channels": 12}  # fmt: skip
    found = {e.path: e for e in assumed_effects(load_scenario("lattice-21", overrides=far))}
    assert "openzrplus_high_power.launch_power_dbm" in found
    moved = [e for path, e in found.items() if path.startswith("openzrplus") and e.swing > 1.0]
    for effect in moved:  # a deafer receiver never helps, a louder transmitter never hurts
        gaps = [1e300 if g is None else g.lower for g in (effect.gap_low, effect.gap_high)]
        assert (gaps[0] <= gaps[1]) == ("sensitivity" in effect.path)
    assert moved


def test_what_is_left_out_is_said_with_how_to_ask_for_it(lattice: Report) -> None:
    small = with_effects(lattice, most_satellites=20)
    assert small.effects == ()
    assert "left out for 21 satellites, more than 20; fabricgap gap --effects" in small.effects_note
    assert small.effects_note in " ".join(" ".join(assumed_lines(small)).split())
    by_hand = with_effects(replace(lattice, case=replace(lattice.case, scenario=None)))
    assert "made by hand" in by_hand.effects_note


def test_a_clos_says_that_its_placement_is_sought_anew(lattice: Report) -> None:
    table = {"kind": "clos", "terminals": 4, "layers": 3, "seed": 0}
    assert lattice.case.scenario is not None
    scenario = lattice.case.scenario.variant({"wiring": table, "satellite.gpus": 72})
    report = replace(lattice, case=replace(lattice.case, scenario=scenario))
    assert "placed on the satellites anew" in with_effects(report).effects_note
    assert "placed" not in with_effects(lattice).effects_note


def test_seeds_of_a_report_are_those_of_the_functions(lattice: Report) -> None:
    import inspect

    from optimize.flow.large import large_throughput
    from optimize.flow.sweeps import slow_modes

    defaults = {f.__name__: inspect.signature(f).parameters["seed"].default for f in (large_throughput, slow_modes)}
    assert lattice.provenance["seeds"] == defaults
    assert {"numba", "igraph", "cvxpy", "highspy", "numpy", "scipy"} <= set(lattice.provenance["packages"])


def test_swing_counts_what_the_intervals_prove_and_no_more() -> None:
    wide = Interval(lower=2.0, upper=4.0)
    same = AssumedEffect(path="x", unit="1", low=0.0, value=1.0, high=2.0, gap_low=wide, gap=wide, gap_high=wide)
    assert same.swing == 1.0  # the intervals overlap: no change is proved
    assert replace(same, gap_high=Interval(lower=8.0, upper=9.0)).swing == 2.0  # from at most 4 to at least 8
    assert replace(same, gap_high=None).swing == float("inf")


def test_a_report_without_assumed_values_has_no_lines_on_them() -> None:
    report = measure(build(load_scenario("lattice-21", overrides=SMALL)))
    bare = replace(report, case=replace(report.case, data={}, parts=()))
    assert assumed_lines(replace(bare, effects=())) == []
