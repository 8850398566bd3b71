"""The overview figure draws what its table says, and its files come out the same every time."""

import csv
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from figures.plots import overview
from figures.style import save_figure, styled
from optimize import Case, Report, measure
from topo import nvl72


@pytest.fixture(scope="session")
def drawn(small_report: Report) -> Figure:
    return overview.draw(overview.table(small_report), title="a title")


def test_table_is_finite_and_covers_every_satellite_and_link(small_report: Report) -> None:
    data = overview.table(small_report)
    assert len(data["nodes"]) == 21
    assert len(data["links"]) == 60
    numbers = [value for rows in data.values() for row in rows for value in row.values() if not isinstance(value, str)]
    assert all(math.isfinite(value) for value in numbers)
    shares = [row["load_share"] for row in data["links"]]
    assert min(shares) > 0.0
    assert max(shares) <= 1.0 + 1e-9  # a routing of a certified lower end fills no link beyond its capacity


def test_links_of_the_cut_join_its_two_sides(small_report: Report) -> None:
    data = overview.table(small_report)
    side = {row["node"]: row["side_of_cut"] for row in data["nodes"]}
    for row in data["links"]:
        assert row["in_cut"] == int(side[row["from"]] != side[row["to"]])


def test_drawn_lines_and_bars_equal_the_table(small_report: Report, drawn: Figure) -> None:
    data = overview.table(small_report)
    formation, ladder = drawn.axes[0], drawn.axes[1]
    lines = next(item for item in formation.collections if isinstance(item, LineCollection))
    values = lines.get_array()
    assert values is not None
    assert np.allclose(np.asarray(values), [row["load_share"] for row in data["links"]])
    ends = {row["node"]: (row["along_track_m"], row["radial_m"]) for row in data["nodes"]}
    assert np.allclose(lines.get_segments()[0], [ends[data["links"][0]["from"]], ends[data["links"][0]["to"]]])
    solid, hatched = ladder.patches[::2], ladder.patches[1::2]
    reached = [(row["achieved_bps"] / 8e9, row["upper_bps"] / 8e9) for row in data["ladder"]]
    assert np.allclose([bar.get_width() for bar in solid], [low for low, _ in reached])  # type: ignore[attr-defined]
    assert np.allclose([bar.get_x() + bar.get_width() for bar in hatched],  # type: ignore[attr-defined]
                       [high for _, high in reached])  # fmt: skip
    assert [row["step"] for row in data["ladder"]] == list(range(8))
    assert [row["in_gap"] for row in data["ladder"]] == [1] * 7 + [0]


def test_the_factors_of_the_steps_in_the_gap_multiply_to_it(small_report: Report) -> None:
    product = math.prod(row["factor"] for row in overview.table(small_report)["ladder"] if row["in_gap"])
    gap = small_report.metric("all_to_all").gap_up.interval
    assert gap.lower * (1 - 1e-9) <= product <= gap.upper * (1 + 1e-9)
    assert f"{gap.text()}x" in overview.finding(small_report)


def test_texts_of_the_ladder_stay_inside_and_touch_neither_bars_nor_each_other(drawn: Figure) -> None:
    drawn.set_dpi(200.0)
    with styled():
        drawn.draw_without_rendering()
    ladder = drawn.axes[1]
    texts = {text.get_text(): text.get_window_extent() for text in ladder.texts}
    bars = [bar.get_window_extent() for bar in ladder.patches if bar.get_width() > 0]  # type: ignore[attr-defined]
    page = drawn.bbox
    for name, box in texts.items():
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1, name
        assert not [bar for bar in bars if box.overlaps(bar)], name
    for (one, box), (other, beside) in combinations(texts.items(), 2):
        assert not box.overlaps(beside), f"{one!r} meets {other!r}"


def test_axes_carry_units(drawn: Figure) -> None:
    labels = [text for ax in drawn.axes for text in (ax.get_xlabel(), ax.get_ylabel()) if text]
    assert len(labels) == 4
    assert all(text.rstrip().endswith("]") and "[" in text for text in labels)


def test_a_fabric_without_positions_is_drawn_as_a_circle_round_its_switches() -> None:
    rack = nvl72()
    report = measure(Case(name="rack", formation=rack, scale_up=rack))
    data = overview.table(report)
    radius = {row["node"]: math.hypot(row["along_track_m"], row["radial_m"]) for row in data["nodes"]}
    assert min(radius[f"gpu{i}"] for i in range(72)) > max(radius[f"nvswitch{i}"] for i in range(18))
    overview.draw(data, title="rack")


def test_files_are_the_same_every_time_and_hold_the_table(small_report: Report, tmp_path: Path) -> None:
    data = overview.table(small_report)
    first = save_figure(overview.draw(data, title="t"), name="f", folder=tmp_path / "a", tables=data)
    second = save_figure(overview.draw(data, title="t"), name="f", folder=tmp_path / "b", tables=data)
    assert [p.name for p in first] == ["f.pdf", "f.svg", "f.png", "f-nodes.csv", "f-links.csv", "f-ladder.csv"]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))
    with (tmp_path / "a" / "f-links.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["load_share"]) for row in rows] == [row["load_share"] for row in data["links"]]
