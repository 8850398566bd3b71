"""Sweeps measure what the scenario says: laws of the gap, infeasible points as rows, tables in every form."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from links.model import ValidityWarning
from optimize import __version__
from optimize.flow.problem import NotSolvedError
from optimize.study import build, load_scenario, measure
from optimize.study.point import measure_point, point_key
from optimize.study.sampling import grid, saltelli, sobol_sequence
from optimize.study.sweep import Sweep, run_study
from optimize.study.sweep_files import save_sweep
from tests.optimize.sweeps import Here, small

LATTICE = load_scenario("lattice-21")
RTOL = 2e-6  # two certificates of the default width, 1e-6, one in each number compared


@pytest.fixture(scope="module")
def channels() -> Sweep:
    """Gap over channels, with and without enough terminals."""
    study = grid(LATTICE, vary=["link.channels=6,12,24", "satellite.terminals=4,8"])
    return run_study(study, executor=Here())


def test_half_the_channels_are_twice_the_gap_while_the_links_limit(channels: Sweep) -> None:
    gaps = [row.gap.lower for row in channels.rows if row.gap is not None]
    assert gaps[0] / gaps[1] == pytest.approx(2.0, rel=RTOL)
    assert gaps[1] / gaps[2] == pytest.approx(2.0, rel=RTOL)


def test_with_wide_links_the_network_cards_limit() -> None:
    # 100 of 900 GB/s each, and 1440 of the 1511 others are on other satellites.
    sweep = run_study(grid(LATTICE, vary=["link.sub_apertures=4"]), executor=Here())
    (row,) = sweep.rows
    assert row.gap is not None
    assert row.gap.lower == pytest.approx(9.0 * 1440 / 1511, rel=RTOL)


def test_infeasible_point_is_a_row_with_the_reason(channels: Sweep) -> None:
    bad = [row for row in channels.rows if row.parameters["satellite.terminals"] == 4]
    assert len(bad) == channels.infeasible == 3
    for row in bad:
        assert "needs 8 terminals and has 4" in row.error
        assert (row.value, row.gap, row.gap_out) == (None, None, None)


def test_value_that_the_scenario_refuses_is_a_row_too() -> None:
    study = replace(grid(LATTICE, vary=["link.channels=24,48"]), points=((0,), (24,)))
    refused, fine = run_study(study, executor=Here()).rows
    assert "link.channels=0: input should be greater than or equal to 1" in refused.error
    assert fine.error == ""


def test_points_agree_with_the_report_of_the_same_scenario(channels: Sweep) -> None:
    report = measure(build(LATTICE.variant({"link.channels": 12}))).metric("all_to_all")
    row = channels.rows[3]
    assert row.gap is not None
    assert row.gap_out is not None
    assert report.gap_out is not None
    assert row.gap.lower == pytest.approx(report.gap_up.interval.lower, rel=RTOL)
    assert row.gap_out.lower == pytest.approx(report.gap_out.interval.lower, rel=RTOL)


def test_scenario_as_it_stands_is_measured_beside_the_points(channels: Sweep) -> None:
    assert channels.nominal[0].parameters == {}
    assert channels.nominal[0].gap == channels.rows[5].gap  # 24 channels, 8 terminals


def test_metrics_are_chosen_by_name() -> None:
    study = grid(
        small(), vary=["satellite.host_per_gpu_bps=100 Gb/s,200 Gb/s"], metrics=["injection", "latency, worst"]
    )
    sweep = run_study(study, executor=Here())
    injected = [row.value.lower for row in sweep.of("injection") if row.value is not None]
    assert injected == pytest.approx([1e11, 2e11], rel=1e-12)  # below what the links carry; rounding of products
    first, second = sweep.of("latency, worst")
    assert (first.unit, first.value) == ("s", second.value)  # light does not wait for network cards


def test_unknown_metric_stops_the_study_instead_of_filling_it_with_errors() -> None:
    with pytest.raises(ValueError, match=r"no metric 'bandwidth'; there are injection, all_to_all"):
        run_study(grid(small(), vary=["link.channels=12,24"], metrics=["bandwidth"]), executor=Here())


def test_no_superpod_of_84_gpus_leaves_only_that_gap_out() -> None:
    (row,) = run_study(grid(LATTICE, vary=["satellite.gpus=4"]), executor=Here()).rows
    assert row.error == ""
    assert row.gap is not None
    assert row.gap_out is None


def test_warnings_on_the_way_become_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    from optimize.study import point

    def warned(scenario: object) -> None:
        warnings.warn("beyond its range", ValidityWarning, stacklevel=1)
        warnings.warn("beyond its range", ValidityWarning, stacklevel=1)
        raise NotSolvedError("no\nanswer")

    monkeypatch.setattr(point, "build", warned)
    result = measure_point(LATTICE, metrics=["all_to_all"], rtol=1e-6)
    assert (result["error"], result["note"]) == ("no answer", "beyond its range")


def test_same_point_is_measured_once() -> None:
    executor = Here()
    study = grid(small(), vary=["link.channels=12,24"])
    sweep = run_study(replace(study, points=((12,), (12,), (24,))), executor=executor)
    assert executor.count == 2 + 1  # two different points, and the scenario as it stands
    assert sweep.rows[0] == sweep.rows[1]


def test_key_changes_with_everything_a_result_depends_on() -> None:
    other = LATTICE.variant({"link.channels": 23})
    keys = [
        point_key(LATTICE, metrics=["all_to_all"], rtol=1e-6),
        point_key(other, metrics=["all_to_all"], rtol=1e-6),
        point_key(LATTICE, metrics=["injection"], rtol=1e-6),
        point_key(LATTICE, metrics=["all_to_all"], rtol=1e-5),
        point_key(LATTICE.model_copy(update={"data": {}}), metrics=["all_to_all"], rtol=1e-6),  # a latency's range
    ]
    assert len(set(keys)) == len(keys)


def test_key_does_not_change_with_texts() -> None:
    renamed = LATTICE.model_copy(update={"title": "Another", "about": "else"})
    assert point_key(renamed, metrics=["all_to_all"], rtol=1e-6) == point_key(
        LATTICE, metrics=["all_to_all"], rtol=1e-6
    )


def test_frame_has_one_line_a_row_and_numbers_where_they_belong(channels: Sweep) -> None:
    frame = channels.to_frame()
    assert list(frame["link.channels"]) == [6, 6, 12, 12, 24, 24]
    assert frame["link.channels"].dtype.kind == "i"
    assert frame["gap_lower"].dtype.kind == "f"
    feasible = frame[frame["error"] == ""]
    assert feasible["gap_lower"].is_monotonic_decreasing
    assert list(frame["gap_lower"].isna()) == [True, False] * 3


def test_grid_becomes_a_cube_over_its_parameters(channels: Sweep) -> None:
    cube = channels.to_xarray()
    assert dict(cube.sizes) == {"link.channels": 3, "satellite.terminals": 2, "metric": 1}
    one = cube.sel({"link.channels": 12, "satellite.terminals": 8, "metric": "all_to_all"})
    assert channels.rows[3].gap is not None
    assert float(one["gap_upper"]) == channels.rows[3].gap.upper
    assert "needs 8 terminals" in str(cube["error"].sel({"link.channels": 6, "satellite.terminals": 4}).values[0])


def test_sample_becomes_a_table_over_its_points() -> None:
    study = sobol_sequence(small(), vary=["link.channels=12..48", "link.outage"], points=4, seed=1)
    cube = run_study(study, executor=Here()).to_xarray()
    assert dict(cube.sizes) == {"point": 4, "metric": 1}
    assert [tuple(v) for v in zip(cube["link.channels"].values, cube["link.outage"].values, strict=True)] == [
        *study.points
    ]


@pytest.mark.parametrize(("module", "method"), [("pandas", "to_frame"), ("xarray", "to_xarray")])
def test_missing_table_library_is_named_with_its_extra(
    channels: Sweep, module: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=f"{module} is not installed; it comes with the extra `data`"):
        getattr(channels, method)()


def test_files_hold_every_row_and_say_what_was_varied(channels: Sweep, tmp_path: Path) -> None:
    table, tree = save_sweep(channels, folder=tmp_path)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert [row["link.channels"] for row in rows] == ["6", "6", "12", "12", "24", "24"]
    assert channels.rows[1].gap is not None
    assert float(rows[1]["gap_lower"]) == channels.rows[1].gap.lower  # all digits
    assert rows[0]["gap_lower"] == ""
    found = json.loads(tree.read_text(encoding="utf-8"))
    assert found["parameters"][0] == {"path": "link.channels", "levels": [6, 12, 24]}
    assert (found["points"], found["infeasible"], found["spread"], found["fabricgap"]) == (6, 3, {}, __version__)
    assert found["rows"][1]["parameters"] == {"link.channels": 6, "satellite.terminals": 8}


def test_file_of_a_sample_holds_quantiles_and_indices_with_their_estimator(tmp_path: Path) -> None:
    study = saltelli(small(), vary=["link.channels=12..48", "link.aperture_m=5 cm..20 cm"], base=4, seed=2)
    _, tree = save_sweep(run_study(study, executor=Here()), folder=tmp_path)
    spread = json.loads(tree.read_text(encoding="utf-8"))["spread"]["all_to_all"]
    assert [entry["share"] for entry in spread["quantiles"]] == [0.05, 0.5, 0.95]
    assert [entry["path"] for entry in spread["sobol_indices"]] == ["link.channels", "link.aperture_m"]
    assert spread["base"] == 4
    assert "Saltelli" in spread["estimator"]
    # Within a formation the aperture is never what limits: a tenth of it closes the budget.
    assert (spread["sobol_indices"][1]["first"], spread["sobol_indices"][1]["total"]) == pytest.approx((0, 0), abs=1e-6)


def test_executor_and_workers_exclude_each_other() -> None:
    study = grid(small(), vary=["link.channels=12"])
    with pytest.raises(ValueError, match="not both"):
        run_study(study, executor=Here(), workers=2)
    with pytest.raises(ValueError, match="workers=0"):
        run_study(study, workers=0)
