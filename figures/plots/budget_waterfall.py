"""The ledger of an optical link as a waterfall: what is launched, what each step takes, what is left to spare.

One channel, at the longest range of the formation. Leaves out what sets the sensitivity: see `links.modulation`.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import AMBER, BLUE, DOUBLE_IN, GREEN, GREY, ORANGE, Table, figure, footnote, headline, styled

__all__ = ["draw", "table"]

_APERTURES_M = (0.10, 0.02, 0.01)
_LETTERS = 14  # of a line under a bar
_SHORT = {  # what a column is called under the bars
    "optics of both ends": "optics",
    "wavefront error of both ends": "wavefront",
    "diffraction and truncation, fibre to fibre": "diffraction,\ntruncation",
}


def table(scenario: str = "suncatcher-81") -> Table:
    """`ledger`: the level after each entry of the ledger, by aperture; `links`: received, needed and margin."""
    wanted = shared.scenario(scenario)
    _, range_m = shared.flown_m(wanted)
    ledger: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for aperture_m in _APERTURES_M:
        link = shared.optical_link(wanted, aperture_m=aperture_m)
        budget = link.budget(range_m=range_m)
        level = budget.transmit_dbm
        ledger.append({"aperture_m": aperture_m, "entry": "launched", "change_db": 0.0, "level_dbm": level})
        for name, change in budget.terms:
            level += change
            ledger.append({"aperture_m": aperture_m, "entry": name, "change_db": change, "level_dbm": level})
        if budget.overload_dbm is None:
            raise ValueError(f"{budget.title}: no overload; this figure needs one")
        links.append(
            {"aperture_m": aperture_m, "range_m": range_m, "received_dbm": budget.received_dbm,
             "sensitivity_dbm": budget.sensitivity_dbm, "overload_dbm": budget.overload_dbm,
             "margin_db": budget.margin_db, "title": budget.title, "transceiver": link.transceiver.name}
        )  # fmt: skip
    return {"ledger": ledger, "links": links}


def _under(name: str) -> str:
    """An entry's name in at most two short lines, which fit beside each other when they are turned."""
    short = _SHORT.get(name, name.split(" of ")[0].split(",")[0])
    return short if "\n" in short else textwrap.fill(short, width=_LETTERS, max_lines=2, placeholder=" …")


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    links = data["links"]
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=3.4)
        axes = np.atleast_1d(drawn.subplots(1, len(links), sharey=True))
        for ax, link in zip(axes, links, strict=True):
            _draw_ledger(ax, [row for row in data["ledger"] if row["aperture_m"] == link["aperture_m"]], link)
        axes[0].set_ylabel("power of one channel [dBm]")
        lowest = min(*(row["level_dbm"] for row in data["ledger"]), *(row["sensitivity_dbm"] for row in links))
        axes[0].set_ylim(lowest - 4.0, max(row["overload_dbm"] for row in links) + 2.5)
        margins = ", ".join(f"{100 * link['aperture_m']:g} cm {link['margin_db']:+.1f} dB" for link in links)
        headline(
            drawn,
            text=f"At the longest range of the formation, {links[0]['range_m']:.0f} m, diffraction decides what "
            f"is left to spare: {margins}",
        )
        footnote(
            drawn,
            text=f"{links[0]['title']}. Pointing: the fade of both ends that is exceeded as often as the outage "
            "allows; jitter assumed. Sources of the transceiver's values: part "
            f"{links[0]['transceiver']}.",
        )
    return drawn


def _draw_ledger(ax: Axes, rows: Sequence[Mapping[str, Any]], link: Mapping[str, Any]) -> None:
    floor = -60.0  # below the axis: bars of levels stand on its bottom
    shown = [row for row in rows if row["entry"] == "launched" or row["change_db"] != 0.0]
    names = []
    for x, row in enumerate(shown):
        name = row["entry"]
        level, change = row["level_dbm"], row["change_db"]
        if x == 0:
            ax.bar(x, level - floor, bottom=floor, color=BLUE, width=0.62)
            ax.text(x, level + 0.4, f"{level:.1f}", ha="center", va="bottom", fontsize=7.0)
        else:
            ax.bar(x, -change, bottom=level, color=AMBER, width=0.62)
            ax.plot([x - 0.69, x + 0.31], [level - change] * 2, color=GREY, linewidth=0.5)
            ax.text(x, level - change + 0.4, f"{change:z.1f}", ha="center", va="bottom", fontsize=7.0)
        names.append(_under(name))
    x, received, needed = len(shown), link["received_dbm"], link["sensitivity_dbm"]
    closes = link["margin_db"] >= 0.0
    ax.bar(x, received - floor, bottom=floor, color=BLUE, width=0.62)
    ax.plot([x - 0.69, x + 0.31], [received] * 2, color=GREY, linewidth=0.5)
    ax.text(x, received + 0.4, f"{received:.1f}", ha="center", va="bottom", fontsize=7.0)
    ax.axhline(needed, color=GREEN if closes else ORANGE, linewidth=1.0, linestyle="--")
    ax.axhline(link["overload_dbm"], color=GREY, linewidth=1.0, linestyle="--")
    ax.text(
        -0.4, link["overload_dbm"] + 0.3, f"overload {link['overload_dbm']:z.1f}", fontsize=7.0, color=GREY, va="bottom"
    )
    where = (0.5 * x, needed - 0.5, "center", "top") if closes else (x + 0.45, needed + 0.4, "right", "bottom")
    ax.text(*where[:2], f"sensitivity {needed:.1f}", fontsize=7.0, color=GREEN if closes else ORANGE, ha=where[2],
            va=where[3])  # fmt: skip
    names.append("received")
    ax.set_xticks(range(len(names)), names, rotation=38, ha="right", rotation_mode="anchor", fontsize=6.8)
    ax.set_xlim(-0.55, len(names) - 0.45)
    verdict = "closes" if closes else "does not close"
    ax.set_title(f"{100 * link['aperture_m']:g} cm: {verdict}, {link['margin_db']:+.1f} dB", loc="left", fontsize=8.0)
