"""Words of the figures: none meets another, and names under the bars of a ledger fit beside each other when turned."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from figures.plots import budget_waterfall
from figures.style import styled

from .test_plots import TABLES, figure_of, tabled

_SLACK_PX = 1.0  # boxes hold the space of letters that are not there


def words(ax: Axes) -> list[Text]:
    """Upright words of one panel that can be seen: labels, ticks, title, legend, notes."""
    found = [*ax.texts, *(ax.get_xticklabels() + ax.get_yticklabels() if ax.axison else [])]
    found += [ax.xaxis.label, ax.yaxis.label] if ax.axison else []
    found += [text for text in ax.findobj(Text) if isinstance(text, Text) and text.get_text() == ax.get_title("left")]
    legend = ax.get_legend()
    found += [] if legend is None else legend.get_texts()
    low, high = sorted(ax.get_xlim())
    bottom, top = sorted(ax.get_ylim())
    outside = {id(t) for t, x in zip(ax.get_xticklabels(), ax.get_xticks(), strict=False) if not low <= x <= high}
    outside |= {id(t) for t, y in zip(ax.get_yticklabels(), ax.get_yticks(), strict=False) if not bottom <= y <= top}
    return [t for t in dict.fromkeys(found) if t.get_visible() and t.get_text().strip() and id(t) not in outside]


def meeting(drawn: Figure) -> list[tuple[str, str]]:
    """Pairs of words whose boxes overlap by more than the slack."""
    every = [text for ax in drawn.axes for text in words(ax) if text.get_rotation() in (0.0, 90.0)]
    boxes = [(text.get_text(), text.get_window_extent().padded(-_SLACK_PX)) for text in every]
    return [(one, other) for (one, box), (other, beside) in combinations(boxes, 2) if box.overlaps(beside)]


@pytest.mark.parametrize("name", TABLES)
def test_no_word_of_a_figure_lies_on_another(name: str) -> None:
    assert meeting(figure_of(name)) == []


def test_the_check_sees_words_that_meet() -> None:
    drawn = budget_waterfall.draw(tabled("budget_waterfall"))
    drawn.axes[0].text(-0.3, 0.4, "on the overload")
    with styled():
        drawn.draw_without_rendering()
    assert meeting(drawn)


def test_long_names_of_a_ledger_fit_under_their_bars() -> None:
    data = {key: [dict(row) for row in rows] for key, rows in tabled("budget_waterfall").items()}
    long = iter(["loss of the telescope, its mount and all of its many coated mirrors"] * 99)
    for row in data["ledger"]:
        if row["change_db"] != 0.0:
            row["entry"] = next(long).replace(",", " and")
    drawn = budget_waterfall.draw(data)
    drawn.set_dpi(200.0)
    with styled():
        drawn.draw_without_rendering()
    for ax in drawn.axes:
        pitch = ax.get_window_extent().width / abs(ax.get_xlim()[1] - ax.get_xlim()[0])
        for label in ax.get_xticklabels():
            turned = math.radians(label.get_rotation())
            label.set_rotation(0.0)
            assert label.get_window_extent().height <= pitch * math.sin(turned), label.get_text()
            label.set_rotation(math.degrees(turned))
            assert label.get_window_extent().x0 >= drawn.bbox.x0
            assert label.get_window_extent().y0 >= drawn.bbox.y0
