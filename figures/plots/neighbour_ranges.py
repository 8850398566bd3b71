"""Ranges of direct and diagonal neighbours over an orbit: how far a link must reach, and how much it breathes.

Linear relative motion; the Earth's oblateness moves these ranges by less than 0.4 m in 200 m.
"""

import numpy as np
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import AMBER, BLUE, ORANGE, SINGLE_IN, SKY, Table, figure, footnote, headline, styled
from topo import ranges_m

__all__ = ["draw", "table"]

# Lattice steps (radial, along-track) in pitches, and how their curves look.
_STEPS = {(1, 0): "radial neighbour", (0, 1): "along-track neighbour", (1, 1): "diagonal", (1, -1): "other diagonal"}
_LOOKS = (("-", BLUE), ("--", SKY), ("-", ORANGE), ("--", AMBER))
_TIMES = 181


def table(scenario: str = "suncatcher-81") -> Table:
    """`ranges`: range of each kind of neighbour of the centre over one orbit."""
    wanted = shared.scenario(scenario)
    formation = shared.lattice(wanted)
    index = formation.index
    if index is None:
        raise ValueError(f"scenario {scenario!r}: its formation has no lattice indices")
    number = {(int(i), int(j)): k for k, (i, j) in enumerate(index)}
    centre = number[(0, 0)]
    pairs = [sorted((centre, number[step])) for step in _STEPS]
    time_s = np.linspace(0.0, formation.orbit.period_s, _TIMES)
    found = ranges_m(formation=formation, pairs=np.array(pairs), time_s=time_s)
    return {
        "ranges": [
            {"neighbour": name, "diagonal": int(all(step)), "time_s": float(t), "range_m": float(r)}
            for k, (step, name) in enumerate(_STEPS.items())
            for t, r in zip(time_s, found[:, k], strict=True)
        ]
    }


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    rows = data["ranges"]
    with styled():
        drawn = figure(width_in=SINGLE_IN, height_in=2.9)
        ax = drawn.subplots()
        for name, (line, colour) in zip(_STEPS.values(), _LOOKS, strict=True):
            mine = [row for row in rows if row["neighbour"] == name]
            ax.plot([row["time_s"] / 60.0 for row in mine], [row["range_m"] for row in mine], line, color=colour,
                    label=name)  # fmt: skip
        ends = {}
        for diagonal, colour in ((0, BLUE), (1, ORANGE)):
            values = [row["range_m"] for row in rows if row["diagonal"] == diagonal]
            ends[diagonal] = (min(values), max(values))
            ax.axhspan(*ends[diagonal], color=colour, alpha=0.07, linewidth=0)
        ax.set_xlabel("time over one orbit [min]")
        ax.set_ylabel("range [m]")
        ax.set_xlim(0.0, max(row["time_s"] for row in rows) / 60.0)
        ax.set_ylim(0.0, ends[1][1] * 1.08)
        ax.legend(loc="lower center", ncols=2, frameon=False, handlelength=2.2, columnspacing=1.0)
        (low, high), (first, last) = ends[0], ends[1]
        headline(
            drawn,
            text=f"Twice an orbit a link to a neighbour breathes from {low:.0f} to {high:.0f} m, to a diagonal "
            f"one from {first:.0f} to {last:.0f} m: {last / low:.2g} to 1 in all",
        )
        footnote(drawn, text="Suncatcher's planar lattice of 2:1 ellipses, linear motion (Hill's equations).")
    return drawn
