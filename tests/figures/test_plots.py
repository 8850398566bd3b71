"""The publication figures: what is drawn is the table, the table obeys physics, the finding is computed from it."""

import copy
import math
import os
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from figures.cli import main
from figures.plots import (
    binding_cut,
    budget_waterfall,
    gap_by_metric,
    gap_sweeps,
    ladder,
    link_rates,
    near_field,
    neighbour_ranges,
    orbit_animation,
    orbit_frames,
    shared,
    side_by_side,
    solver_scaling,
    throughput_over_orbit,
)
from figures.plots.figure_set import FIGURES
from figures.style import Table, save_figure, styled
from links import load_part

SMALL = "lattice-21"

# Tables of the size of lattice-21, and how each is drawn.
TABLES: dict[str, Callable[[], Table]] = {
    "link_rates": lambda: link_rates.table(SMALL, points=40),
    "near_field": lambda: near_field.table(SMALL, points=24),
    "budget_waterfall": lambda: budget_waterfall.table(SMALL),
    "neighbour_ranges": lambda: neighbour_ranges.table(SMALL),
    "orbit_frames": lambda: orbit_frames.table(SMALL),
    "throughput_over_orbit": lambda: throughput_over_orbit.table(SMALL, epochs=24),
    "gap_by_metric": lambda: gap_by_metric.table([SMALL, "ground-nvl72"]),
    "ladder": lambda: ladder.table([SMALL]),
    "gap_sweeps": lambda: gap_sweeps.table(SMALL, only=["wavelengths", "aperture", "GPUs"]),
    "binding_cut": lambda: binding_cut.table([SMALL]),
    "side_by_side": lambda: side_by_side.table(SMALL),
    "solver_scaling": solver_scaling.table,
    "orbit_animation": lambda: orbit_animation.table(SMALL, frames=3),
}
DRAW: dict[str, Callable[[Table], Figure]] = {
    module.__name__.rpartition(".")[2]: module.draw
    for module in (
        binding_cut, budget_waterfall, gap_by_metric, gap_sweeps, ladder, link_rates, near_field, neighbour_ranges,
        orbit_animation, orbit_frames, side_by_side, solver_scaling, throughput_over_orbit,
    )
}  # fmt: skip

# Columns that are drawn as they are, and the unit of their axis in units of the column.
DRAWN = [
    ("link_rates", "links", "rate_bps", 1e9),
    ("link_rates", "links", "range_m", 1.0),
    ("near_field", "coupling", "friis", 1.0),
    ("near_field", "coupling", "best_beam", 1.0),
    ("near_field", "coupling", "fibre", 1.0),
    ("near_field", "channels", "tiles", 1.0),
    ("near_field", "suncatcher", "range_m", 1.0),
    ("budget_waterfall", "ledger", "change_db", -1.0),
    ("neighbour_ranges", "ranges", "range_m", 1.0),
    ("orbit_frames", "links", "load_share", 1.0),
    ("orbit_frames", "nodes", "along_track_m", 1.0),
    ("throughput_over_orbit", "times", "lower_bps", 8e9),
    ("gap_by_metric", "gaps", "gap_lower", 1.0),
    ("gap_by_metric", "gaps", "gap_upper", 1.0),
    ("ladder", "steps", "upper_bps", 8e9),
    ("gap_sweeps", "points", "gap_lower", 1.0),
    ("binding_cut", "links", "share", 0.01),
    ("side_by_side", "gaps", "lower", 1.0),
    ("side_by_side", "nodes", "up_m", 1.0),
    ("solver_scaling", "runs", "seconds", 1.0),
    ("solver_scaling", "runs", "width", 1.0),
]


@cache
def tabled(name: str) -> Table:
    return TABLES[name]()


@cache
def figure_of(name: str) -> Figure:
    drawn = DRAW[name](tabled(name))
    drawn.set_dpi(200.0)  # as in the PNG: the width of text depends on it a little
    with styled():
        drawn.draw_without_rendering()  # fills in tick labels and applies the layout
    return drawn


def numbers(drawn: Figure) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Every number that artists in the figure hold, sorted."""
    found: list[Any] = []
    for ax in drawn.axes:
        for artist in ax.findobj():
            if isinstance(artist, Line2D):
                found += [artist.get_xdata(), artist.get_ydata()]
            elif isinstance(artist, Rectangle):
                found += [[artist.get_width(), artist.get_height()]]
            elif isinstance(artist, LineCollection):
                found += [np.ravel(segment) for segment in artist.get_segments()]
                found += [] if artist.get_array() is None else [artist.get_array()]
    return np.sort(np.concatenate([np.asarray(part, dtype=float).ravel() for part in found]))


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_full_regular_and_finite(name: str) -> None:
    for rows in tabled(name).values():
        assert rows
        assert all(list(row) == list(rows[0]) for row in rows)
        values = [value for row in rows for value in row.values() if not isinstance(value, str)]
        assert all(math.isfinite(value) for value in values)


@pytest.mark.parametrize(("name", "rows", "column", "unit"), DRAWN)
def test_what_is_drawn_is_the_table(name: str, rows: str, column: str, unit: float) -> None:
    shown = numbers(figure_of(name))
    values = [row[column] for row in tabled(name)[rows]]
    wanted = np.array([value for value in values if value not in ("", 0.0)]) / unit
    if column == "share":
        shown = np.append(shown, 0.0)
    place = np.clip(np.searchsorted(shown, wanted), 1, shown.size - 1)
    nearest = np.minimum(np.abs(shown[place] - wanted), np.abs(shown[place - 1] - wanted))
    # 1e-9: the bars of intervals are drawn as a middle and two lengths
    assert (nearest <= 1e-9 * np.abs(wanted)).all()


def _numeric(text: str) -> bool:
    bare = re.sub(r"\\math\w+|[$\\{}^−×.\- ]", "", text)
    return bare.isdigit()


@pytest.mark.parametrize("name", TABLES)
def test_axes_that_show_numbers_carry_a_unit(name: str) -> None:
    labelled = 0
    for ax in figure_of(name).axes:
        axis: Axis
        for axis in (ax.xaxis, ax.yaxis):
            ticks = [tick.label1 for tick in axis.get_major_ticks()] + [t.label2 for t in axis.get_major_ticks()]
            shown = ax.axison and any(text.get_visible() and _numeric(text.get_text()) for text in ticks)
            if shown:
                labelled += 1
                assert re.search(r"\[.+\]$", axis.get_label_text()), f"{name}: {axis.get_label_text()!r}"
    assert labelled


@pytest.mark.parametrize("name", TABLES)
def test_nothing_sticks_out_of_the_page_and_text_is_legible(name: str) -> None:
    drawn = figure_of(name)
    box = drawn.get_tightbbox()
    width, height = drawn.get_size_inches()
    slack = 0.02  # of an inch: the edge of a glyph
    assert box.x0 > -slack
    assert box.y0 > -slack
    assert box.x1 < width + slack
    assert box.y1 < height + slack
    assert width <= 7.2
    sizes = [text.get_fontsize() for text in drawn.findobj(Text) if isinstance(text, Text)]
    assert min(float(size) for size in sizes) >= 6.0


TITLED = [
    ("link_rates", "links", "rate_bps"),
    ("near_field", "suncatcher", "modes"),
    ("budget_waterfall", "links", "margin_db"),
    ("neighbour_ranges", "ranges", "range_m"),
    ("orbit_frames", "span", "greatest_m"),
    ("throughput_over_orbit", "times", "lower_bps"),
    ("gap_by_metric", "gaps", "gap_lower"),
    ("ladder", "steps", "factor"),
    ("gap_sweeps", "base", "gap_upper"),
    ("binding_cut", "bounds", "priced_links"),
    ("side_by_side", "gaps", "lower"),
    ("solver_scaling", "runs", "seconds"),
]


@pytest.mark.parametrize(("name", "rows", "column"), TITLED)
def test_the_finding_follows_the_table(name: str, rows: str, column: str) -> None:
    changed = {key: [dict(row) for row in part] for key, part in copy.deepcopy(tabled(name)).items()}
    for row in changed[rows]:
        row[column] = row[column] * 0.7
    assert DRAW[name](changed).get_suptitle() != figure_of(name).get_suptitle()


def test_no_link_beats_what_physics_allows() -> None:
    for row in tabled("link_rates")["links"]:
        assert row["rate_bps"] <= row["limit_bps"]


def test_friis_is_the_far_field_of_a_coupling_that_never_exceeds_one() -> None:
    rows = tabled("near_field")["coupling"]
    assert max(row["friis"] for row in rows) > 10.0  # the figure shows where it is wrong
    for row in rows:
        assert row["fibre"] < row["best_beam"] <= 1.0 + 1e-9
        if row["friis"] < 1e-2:
            # Friis is the sum of all transmissions, of which the other modes hold less than 1 % here
            assert row["best_beam"] == pytest.approx(row["friis"], rel=0.01)


def test_suncatchers_designs_stand_at_its_published_ranges() -> None:
    designs = tabled("near_field")["suncatcher"]
    # arXiv:2511.19468v2, section 4.2: 5, 1.25 and 0.32 km, to the digits given
    assert [row["tiles"] for row in designs] == [1, 4, 16]
    assert [row["range_m"] for row in designs] == pytest.approx([5e3, 1.25e3, 0.32e3], rel=0.02)


def test_ledger_adds_up_to_what_is_received() -> None:
    data = tabled("budget_waterfall")
    for link in data["links"]:
        last = [row for row in data["ledger"] if row["aperture_m"] == link["aperture_m"]][-1]
        assert last["level_dbm"] == pytest.approx(link["received_dbm"], abs=1e-9)


def test_neighbours_breathe_between_the_closed_forms() -> None:
    for diagonal, step in ((0, 1.0), (1, math.sqrt(2.0))):
        mine = [row["range_m"] for row in tabled("neighbour_ranges")["ranges"] if row["diagonal"] == diagonal]
        # pitch x step and twice that; samples every 2 degrees miss an extreme by less than 0.1 %
        assert (min(mine), max(mine)) == pytest.approx((100.0 * step, 200.0 * step), rel=1e-3)


def test_frames_are_the_lattice_turned_and_loads_fit_the_links() -> None:
    data = tabled("orbit_frames")
    assert {row["frame"] for row in data["nodes"]} == {0, 1, 2, 3}
    assert max(row["load_share"] for row in data["links"]) <= 1.0 + 1e-9
    radius = {(row["frame"], row["node"]): math.hypot(row["radial_m"], row["along_track_m"] / 2.0)
              for row in data["nodes"]}  # fmt: skip
    for (_, node), value in radius.items():  # every satellite stays on its 2:1 ellipse
        assert value == pytest.approx(radius[0, node], abs=1e-6)


def test_what_is_kept_over_an_orbit_is_no_more_than_at_any_time() -> None:
    data = tabled("throughput_over_orbit")
    for kept in data["orbit"]:
        uppers = [row["upper_bps"] for row in data["times"] if row["aperture_m"] == kept["aperture_m"]]
        assert kept["lower_bps"] <= min(uppers)
        assert kept["upper_bps"] <= max(min(uppers), kept["lower_bps"])
    spans = [np.ptp([row["lower_bps"] for row in data["times"] if row["aperture_m"] == a]) for a in (0.02, 0.012)]
    assert spans[0] < 1e-6 * spans[1]  # the figure has a case that changes and one that does not


def test_factors_of_the_ladder_multiply_to_the_gap() -> None:
    data = tabled("ladder")
    product = math.prod(row["factor"] for row in data["steps"] if row["step"] < 7)  # the last is below the gap
    assert product == pytest.approx(data["gaps"][0]["gap_lower"], rel=1e-9)


def test_gap_is_inverse_to_wavelengths_until_the_hosts_bind() -> None:
    data = tabled("gap_sweeps")
    base = data["base"][0]
    mine = {row["value"]: row["gap_upper"] for row in data["points"] if row["curve"] == "1 spatial channel"}
    assert mine[6.0] == pytest.approx(2.0 * mine[12.0], rel=1e-5)
    assert mine[24.0] == pytest.approx(base["gap_upper"], rel=1e-5)
    assert mine[96.0] == pytest.approx(base["host_gap"], rel=1e-5)


def test_links_that_fail_have_no_gap_in_the_sweep() -> None:
    rows = [row for row in tabled("gap_sweeps")["points"] if row["panel"].startswith("aperture")]
    failed = {(row["curve"], row["value"]) for row in rows if row["gap_lower"] == ""}
    assert ("400ZR, -10 dBm", 1.0) in failed  # diffraction costs a 1 cm link 17 dB at 283 m
    assert ("400ZR, -10 dBm", 10.0) not in failed


def test_shares_of_the_bound_add_up_and_one_cut_never_proves_more() -> None:
    data = tabled("binding_cut")
    bound = data["bounds"][0]
    # prices below 1e-4 of the highest are left out: at most 1e-4 for each of 60 links
    assert sum(row["share"] for row in data["links"]) == pytest.approx(1.0 - bound["other_limits"], abs=6e-3)
    assert bound["cut_bps"] >= bound["lower_bps"]
    side = {row["node"]: row["side_of_cut"] for row in data["nodes"]}
    assert all(row["in_cut"] == int(side[row["from"]] != side[row["to"]]) for row in data["links"])


def test_the_rack_is_drawn_to_its_longest_cable() -> None:
    data = tabled("side_by_side")
    at = {row["node"]: (row["across_m"], row["up_m"]) for row in data["nodes"] if row["fabric"] == "NVL72"}
    lengths = [math.dist(at[row["from"]], at[row["to"]]) for row in data["links"] if row["fabric"] == "NVL72"]
    assert len(lengths) == 1296
    assert max(lengths) == pytest.approx(load_part("gb300_nvl72")["longest_cable_length_m"])


def test_files_are_the_same_every_time(tmp_path: Path) -> None:
    data = tabled("neighbour_ranges")
    first, second = (
        save_figure(neighbour_ranges.draw(data), name="f", folder=tmp_path / run, tables=data) for run in "ab"
    )
    assert {path.suffix for path in first} == {".pdf", ".svg", ".png", ".csv"}
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))


def test_files_are_the_same_from_another_process(tmp_path: Path) -> None:
    data = tabled("side_by_side")
    (tmp_path / "table").write_bytes(pickle.dumps(data))
    code = (
        "import pickle; from pathlib import Path; from figures.plots import side_by_side; "
        "from figures.style import save_figure; here = Path(); data = pickle.loads((here / 'table').read_bytes()); "
        "save_figure(side_by_side.draw(data), name='f', folder=here / 'there', tables=data)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    for path in save_figure(side_by_side.draw(data), name="f", folder=tmp_path / "here", tables=data):
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes(), path.name


def test_the_animation_is_the_same_every_time_and_has_every_frame(tmp_path: Path) -> None:
    from PIL import Image

    data = tabled("orbit_animation")
    first, second = (orbit_animation.save(data, name="a", folder=tmp_path / run)[0] for run in "ab")
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as picture:
        assert getattr(picture, "n_frames", 1) == 3


def test_a_sweep_point_equals_the_scenario_it_restates() -> None:
    found = shared.sweep(SMALL, points={"same": {}, "dark": {"link.aperture_m": 0.001}})
    assert found["dark"] is None
    assert found["same"] is not None
    gap = shared.report(SMALL).metric("all_to_all").gap_up.interval
    assert found["same"].gap_up.interval.lower == pytest.approx(gap.lower, rel=1e-6)


def test_figures_are_listed_made_by_name_and_misspelt_in_one_line(tmp_path: Path) -> None:
    listed = CliRunner().invoke(main, ["figures", "--list"])
    assert [line.split()[0] for line in listed.output.splitlines()] == [plot.name for plot in FIGURES]
    assert not list(tmp_path.iterdir())
    made = CliRunner().invoke(main, ["figures", "neighbour_ranges", "--out", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert {path.name for path in tmp_path.iterdir()} == {
        "neighbour_ranges.pdf", "neighbour_ranges.svg", "neighbour_ranges.png", "neighbour_ranges-ranges.csv",
    }  # fmt: skip
    wrong = CliRunner().invoke(main, ["figures", "neighbor_ranges"])
    assert wrong.exit_code == 2
    assert "did you mean neighbour_ranges" in wrong.stderr


@pytest.mark.slow
def test_the_whole_set_takes_less_than_five_minutes(tmp_path: Path) -> None:
    started = time.process_time()  # other programs may keep both cores busy
    made = CliRunner().invoke(main, ["figures", "--out", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert time.process_time() - started < 300.0
    pictures = {path.stem for path in tmp_path.iterdir() if path.suffix in (".png", ".gif")}
    assert pictures == {plot.name for plot in FIGURES}
