"""The measured file behind the figure of solvers: its columns, what it claims, and a small run of the same code."""

from __future__ import annotations

import pytest

from figures.plots.solver_scaling import COLUMNS, MEASURED, draw, table
from tests.benchmarks.scaling import SOLVERS, here

RUNS = table()["runs"]


def test_the_file_says_where_when_and_with_what_it_was_measured() -> None:
    first = MEASURED.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# 20")
    for what in ("CPUs", "Python", "numba", "highspy", "ortools"):
        assert what in first
    assert "Measured once" in str(draw(table()).get_supxlabel())


def test_every_row_has_the_columns_of_a_run_and_a_solver_there_is() -> None:
    assert all(tuple(row) == COLUMNS for row in RUNS)
    assert {row["solver"] for row in RUNS} <= set(SOLVERS)


@pytest.mark.parametrize("solver", ["flow shifts", "flow shifts, no symmetry", "HiGHS interior point, no symmetry"])
def test_a_run_today_has_these_columns_and_meets_the_measured_intervals(solver: str) -> None:
    row = here(solver, "square lattice", 25)
    assert tuple(row) == COLUMNS
    lower, upper = float(str(row["lower_per_s"])), float(str(row["upper_per_s"]))
    same = [other for other in RUNS if (other["family"], other["nodes"]) == ("square lattice", 25)]
    assert same
    for other in same:  # certified intervals of one number overlap; 1e-4: the file has five digits
        assert lower <= other["upper_per_s"] * (1 + 1e-4)
        assert other["lower_per_s"] <= upper * (1 + 1e-4)


def test_certified_intervals_of_the_same_fabric_all_meet() -> None:
    for row in RUNS:
        for other in RUNS:
            if (row["family"], row["nodes"]) == (other["family"], other["nodes"]):
                assert row["lower_per_s"] <= other["upper_per_s"] * (1 + 1e-4)


def test_linear_programs_close_and_the_large_solver_keeps_to_what_it_was_asked_for() -> None:
    assert all(row["width"] <= 1e-6 for row in RUNS if row["solver"] == "exact")
    assert all(row["width"] <= 1e-2 for row in RUNS if row["solver"].startswith("flow shifts"))
