"""The measured file behind the figure of solvers: its columns, what it claims, and a small run of the same code."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from figures.plots.solver_scaling import COLUMNS, MEASURED, draw, table
from figures.style import styled
from tests.benchmarks.scaling import SOLVERS, TARGET, TIME_LIMIT_S, here

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


def test_linear_programs_close_and_the_large_solver_keeps_to_what_it_was_asked_for_or_used_up_its_time() -> None:
    assert all(row["width"] <= 1e-6 for row in RUNS if row["solver"] == "exact")
    for row in RUNS:
        if row["solver"].startswith("flow shifts") and row["width"] > TARGET:
            assert row["seconds"] >= TIME_LIMIT_S, row
    for row in table().get("ended", ()):
        if row["solver"] in ("flow shifts", "flow shifts, no symmetry"):
            assert row["seconds"] >= TIME_LIMIT_S, row


def test_names_at_the_ends_of_lines_keep_clear_of_each_other_and_of_every_mark() -> None:
    drawn = draw(table())
    drawn.set_dpi(200.0)
    with styled():
        drawn.draw_without_rendering()
    for ax in drawn.axes:
        boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
        for (one, box), (other, beside) in combinations(boxes.items(), 2):
            assert not box.overlaps(beside), f"{one!r} meets {other!r}"
        for line in ax.lines:
            if line.get_marker() not in ("", "None"):
                for x, y in ax.transData.transform(np.column_stack(line.get_data())):
                    assert not [name for name, box in boxes.items() if box.contains(x, y)]


def test_the_finding_names_what_stayed_wider_than_asked_for() -> None:
    data = {key: [dict(row) for row in rows] for key, rows in table().items()}
    most = max(row["nodes"] for row in data["runs"])
    wide = next(row for row in data["runs"] if row["nodes"] == most and row["solver"] == "flow shifts, no symmetry")
    wide["width"] = 0.234
    assert f"{wide['family']} to 23.4%" in " ".join(draw(data).get_suptitle().split())
