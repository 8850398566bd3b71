"""The figure of gaps by metric: families, intervals without an end, and words that stay in their panel."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from matplotlib.figure import Figure

from figures.plots import gap_by_metric
from figures.style import Table, styled


@cache
def small() -> Table:
    return gap_by_metric.table(["rack-apart-9", "lattice-21", "ground-nvl72"])


def shown(data: Table) -> Figure:
    drawn = gap_by_metric.draw(data)
    drawn.set_dpi(200.0)
    with styled():
        drawn.draw_without_rendering()
    return drawn


def test_scenarios_stand_under_their_families_in_the_order_of_the_library() -> None:
    labels = [text.get_text() for text in shown(small()).axes[0].get_yticklabels()]
    assert labels == [
        "one rack taken apart",
        "rack-apart-9",
        "on the ground",
        "ground-nvl72",
        "for tests",
        "lattice-21",
    ]


def test_the_rack_compared_with_itself_is_the_ground_truth() -> None:
    mine = [row for row in small()["gaps"] if row["scenario"] == "ground-nvl72"]
    assert len(mine) >= 8  # metrics
    for row in mine:
        assert row["gap_lower"] <= 1.0 + 1e-6
        assert row["gap_upper"] >= 1.0 - 1e-6


@pytest.mark.parametrize("known", [1.5, 40.0, 7e3, 5e5])
@pytest.mark.parametrize("missing", ["upper", "lower"])
def test_an_interval_without_an_end_is_an_arrow_whose_words_stay_in_the_panel(known: float, missing: str) -> None:
    rows: list[dict[str, Any]] = [dict(row) for row in small()["gaps"]]
    chosen = [row for row in rows if row["metric"] == "bisection" and row["reference"] == "NVL72"]
    for row in rows:
        if row["metric"] == "bisection" and row["reference"] == "SuperPOD":
            row |= {"gap_lower": 1e5, "gap_upper": 1e6}  # widens the axis
    ends = {"gap_lower": known, "gap_upper": ""} if missing == "upper" else {"gap_lower": 0.0, "gap_upper": known}
    for row in chosen:
        row.update(ends)
    ax = next(ax for ax in shown({"gaps": rows}).axes if ax.get_title(loc="left") == "bisection")
    left, right = ax.get_xlim()
    words = [text for text in ax.texts if text.get_text()]
    assert len(words) == len(chosen)
    panel = ax.get_window_extent()
    for text in words:
        box = text.get_window_extent()
        assert panel.x0 <= box.x0
        assert box.x1 <= panel.x1
        assert text.get_text()[0] == ("≥" if missing == "upper" else "≤")
    heads = [line for line in ax.lines if line.get_marker() == (">" if missing == "upper" else "<")]
    assert len(heads) == len(chosen)
    for head in heads:
        at = math.log(float(head.get_xdata()[0]) / left) / math.log(right / left)  # type: ignore[arg-type, index]
        assert at > 0.95 if missing == "upper" else at < 0.05


def test_labels_of_scenarios_do_not_touch() -> None:
    for ax in shown(small()).axes[::5]:
        boxes = [text.get_window_extent() for text in ax.get_yticklabels() if text.get_text()]
        assert all(low.y1 <= high.y0 for high, low in pairwise(boxes))
