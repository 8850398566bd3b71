"""The gap of every metric for every shipped scenario, as certified intervals, against both references.

Leaves out the readings of the scenarios: `fabricgap gap` prints them.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from figures.plots import shared
from figures.style import BLUE, DOUBLE_IN, GREY, LIGHT, ORANGE, Table, figure, footnote, headline, legend_line, styled
from optimize import Scenario, scenario_names
from optimize.study.case import as_series

__all__ = ["draw", "table"]

_MOST_LINKS = 30_000  # larger scenarios take minutes each; `fabricgap gap` measures them
_ACROSS = 5  # panels
# Colour, mark and shift of each reference.
_LOOKS = {"NVL72": (BLUE, "o", -0.2), "SuperPOD": (ORANGE, "s", 0.2)}
_TRUTH = "ground-nvl72"  # the rack compared with itself
_MANY_DECADES = 6.5
_GROUND = "on the ground"  # the family that the finding leaves out
_ROW_IN = 0.125
_LETTER = 0.055  # width of one at 6 points over that of a panel


def table(scenarios: Sequence[str] | None = None) -> Table:
    """`gaps`: both ends by scenario, metric and reference, "" for an upper end without bound; `left_out`: names."""
    chosen = [name for name in scenario_names() if _links(name) <= _MOST_LINKS] if scenarios is None else scenarios
    order = get_args(Scenario.model_fields["group"].annotation)
    rows: list[dict[str, Any]] = []
    for name in sorted(chosen, key=lambda name: (order.index(shared.scenario(name).group), _least(name))):
        for metric in shared.report(name).metrics:
            for reference, gap in (("NVL72", metric.gap_up), ("SuperPOD", metric.gap_out)):
                if gap is not None:
                    ends = gap.interval
                    rows.append(
                        {"family": shared.scenario(name).group, "scenario": name, "metric": metric.name,
                         "reference": reference, "gap_lower": ends.lower,
                         "gap_upper": ends.upper if math.isfinite(ends.upper) else ""}
                    )  # fmt: skip
    left_out = [{"scenario": name} for name in scenario_names() if scenarios is None and name not in chosen]
    return {"gaps": rows} | ({"left_out": left_out} if left_out else {})


def _links(name: str) -> int:
    return as_series(shared.case(name).formation).structure.n_links


def _least(name: str) -> float:
    return shared.report(name).metric("all_to_all").gap_up.interval.lower


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    rows = data["gaps"]
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    lines = _lines(rows)
    down = -(-(len(metrics) + 1) // _ACROSS)  # one panel more, for the legend
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=1.3 + down * (0.6 + _ROW_IN * len(lines)))
        axes = drawn.subplots(down, _ACROSS, sharex="row", sharey=True, squeeze=False)
        for start in range(0, len(metrics), _ACROSS):
            across = axes[start // _ACROSS]
            inside = metrics[start : start + _ACROSS]
            across[0].set_xscale("log")
            across[0].set_xlim(*_limits([row for row in rows if row["metric"] in inside]))
            for ax, metric in zip(across, inside, strict=False):
                _draw_metric(ax, [row for row in rows if row["metric"] == metric], lines)
        axes[0, 0].set_yticks(range(len(lines)), [scenario or family for family, scenario in lines])
        for ax in axes[:, 0]:
            for label, (_, scenario) in zip(ax.get_yticklabels(), lines, strict=True):
                label.set_fontweight("normal" if scenario else "bold")
                label.set_fontsize(6.5)
        axes[0, 0].set_ylim(len(lines) - 0.5, -0.5)
        for ax in axes.flat[len(metrics) :]:
            ax.set_axis_off()
        handles: list[Artist] = [
            legend_line(f"gap to {name}", color=colour, marker=mark, markersize=3.0, linewidth=1.4)
            for name, (colour, mark, _) in _LOOKS.items()
        ]
        handles.append(legend_line("gap 1: both alike", color=GREY, linewidth=0.7))
        handles.append(legend_line("no end on this side", color=GREY, marker=">", markersize=3.0, linewidth=1.4))
        axes.flat[-1].legend(handles=handles, loc="upper left", frameon=False, fontsize=6.8, handlelength=1.6)
        drawn.set_layout_engine("constrained", wspace=0.02)
        headline(drawn, text=_finding(data))
        footnote(drawn, text=_note(data))
    return drawn


def _lines(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Family and scenario of every line from the top; a family's own line has no scenario."""
    lines: list[tuple[str, str]] = []
    for family in dict.fromkeys(row["family"] for row in rows):
        lines.append((family, ""))
        lines += dict.fromkeys((family, row["scenario"]) for row in rows if row["family"] == family)
    return lines


def _limits(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    ends = [1.0, *(row[end] for row in rows for end in ("gap_lower", "gap_upper") if row[end] not in ("", 0.0))]
    return min(ends) / 2.0, max(ends) * 3.0


def _draw_metric(ax: Axes, rows: Sequence[Mapping[str, Any]], lines: Sequence[tuple[str, str]]) -> None:
    for line, (_, scenario) in enumerate(lines):
        if not scenario:
            ax.axhspan(line - 0.5, line + 0.5, color=LIGHT, alpha=0.6, linewidth=0, zorder=0)
    ax.axvline(1.0, color=GREY, linewidth=0.7, zorder=1)
    both = {row["scenario"] for row in rows if row["reference"] == "SuperPOD"}
    for row in rows:
        colour, mark, shift = _LOOKS[row["reference"]]
        y = lines.index((row["family"], row["scenario"])) + (shift if row["scenario"] in both else 0.0)
        _draw_interval(ax, row, y=y, colour=colour, mark=mark)
    ax.set_title(rows[0]["metric"], loc="left", fontsize=8.0)
    ax.set_xlabel("gap [-]")
    decades = math.log10(ax.get_xlim()[1] / ax.get_xlim()[0])
    ax.xaxis.set_major_locator(LogLocator(base=1000.0 if decades > _MANY_DECADES else 100.0))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="both", length=2.0)
    ax.tick_params(axis="y", length=0)


def _draw_interval(ax: Axes, row: Mapping[str, Any], *, y: float, colour: str, mark: str) -> None:
    """Mark between both ends; an arrow to the edge of the panel, with the other end in words, where one is missing."""
    left, right = ax.get_xlim()
    low, high = row["gap_lower"], row["gap_upper"]
    edge = 0.02  # of the panel
    if low > 0 and high != "":
        ax.plot([low, high], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
        ax.plot([math.sqrt(low * high)], [y], mark, color=colour, markersize=3.0)
        return
    known = low if high == "" else high
    words = f"≥ {_three(known)}" if high == "" else f"≤ {_three(known)}"
    end = left * (right / left) ** (1.0 - edge if high == "" else edge)
    ax.plot([known, end], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
    ax.plot([end], [y], ">" if high == "" else "<", color=colour, markersize=3.0)
    place = math.log(known / left) / math.log(right / left)
    before = high == ""  # words stand where no arrow is, or over the arrow where there is too little room
    roomy = (place if before else 1.0 - place) > _LETTER * (len(words) + 1)
    before = before if roomy else place > 0.5
    ax.annotate(words, (known, y), xytext=(-3 if before else 3, 0 if roomy else 1), textcoords="offset points",
                fontsize=6.0, ha="right" if before else "left", va="center" if roomy else "bottom",
                color=colour)  # fmt: skip


def _finding(data: Table) -> str:
    """The spread of the all-to-all gap among the formations, in one sentence."""
    up = [row for row in data["gaps"] if row["metric"] == "all_to_all" and row["reference"] == "NVL72"]
    flying = [row for row in up if row["family"] != _GROUND] or up
    least = min(flying, key=lambda row: float(row["gap_lower"]))
    most = max(flying, key=lambda row: float(row["gap_lower"]))
    ends = [f"{_three(row['gap_lower'])} ({row['scenario']})" for row in (least, most)]
    if least is most:
        return f"The all-to-all gap to an NVL72 is {ends[0]}"
    return f"Certified all-to-all gaps to an NVL72 run from {ends[0]} to {ends[1]}"


def _note(data: Table) -> str:
    text = (
        "Gap: reference over formation, for latency and energy the other way round; above 1 the formation is worse. "
        f"{_TRUTH} is the rack compared with itself: exactly 1. Bars: certified intervals; latency runs from "
        "propagation alone to the slowest assumed electronics. A fabric limited by its middle cut has about twice the "
        "gap in bisection that it has in all_to_all, because half of all traffic stays on its side of the cut. "
        "Large-message all_reduce and all_gather of satellites that carry racks have gap 1, because the racks' own "
        "network binds until a link falls below about 1.2 Tb/s. Energy is that of the links alone, where both sides "
        "publish it."
    )
    names = [row["scenario"] for row in data.get("left_out", ())]
    return text + (f" Left out, more than {_MOST_LINKS:,} links: {', '.join(names)}." if names else "")


def _three(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.3g}" if value < 999.5 else f"{float(f'{value:.3g}'):,.0f}"
