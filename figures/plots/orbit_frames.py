"""The formation at four times of a quarter of an orbit, its links coloured by load, one satellite's way marked.

The routing is the one for what the wiring keeps at every time; after a quarter of an orbit the lattice looks as before,
its satellites a quarter farther on their ellipses. Leaves out perturbations.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import DOUBLE_IN, GREY, LOAD_COLOURS, ORANGE, Table, figure, footnote, headline, styled

__all__ = ["draw", "draw_frame", "finding", "limits_m", "table"]

_FRAMES = 4


def table(scenario: str = "suncatcher-81", *, frames: int = _FRAMES, orbits: float = 0.25) -> Table:
    """`nodes` and `links` at each frame, over part of an orbit, and the `way` of the outmost satellite."""
    wanted = shared.scenario(scenario)
    formation, series, loads = shared.lattice(wanted), shared.series(scenario), shared.loads(scenario)
    structure = series.structure
    time_s = formation.orbit.period_s * orbits * np.arange(frames) / frames
    places = formation.positions_m(time_s=time_s)
    marked = int(np.argmax(np.linalg.norm(places[0], axis=-1).round(6)))
    tail, head = structure.tail[loads.arc], structure.head[loads.arc]
    share = loads.load_bps / series.capacity_bps[:, loads.arc].min(axis=0)
    range_m = np.linalg.norm(places[:, tail] - places[:, head], axis=-1)
    nodes = [
        {"frame": k, "time_s": float(t), "node": structure.labels[v], "along_track_m": float(places[k, v, 1]),
         "radial_m": float(places[k, v, 0]), "marked": int(v == marked)}
        for k, t in enumerate(time_s) for v in range(len(formation))
    ]  # fmt: skip
    links = [
        {"frame": k, "from": structure.labels[int(tail[e])], "to": structure.labels[int(head[e])],
         "range_m": float(range_m[k, e]), "load_share": float(share[e])}
        for k in range(frames) for e in range(loads.arc.size)
    ]  # fmt: skip
    whole = formation.positions_m(time_s=np.linspace(0.0, formation.orbit.period_s, 121))[:, marked]
    way = [{"along_track_m": float(y), "radial_m": float(x)} for x, y in whole[:, :2]]
    span = [{"period_s": formation.orbit.period_s, "least_m": float(series.range_m.min()),
             "greatest_m": float(series.range_m.max())}]  # fmt: skip
    return {"nodes": nodes, "links": links, "way": way, "span": span}


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    frames = sorted({row["frame"] for row in data["nodes"]})
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=4.4)
        axes = drawn.subplots(2, (len(frames) + 1) // 2, sharex=True, sharey=True, squeeze=False)
        for ax, frame in zip(axes.flat, frames, strict=False):
            lines = draw_frame(ax, data=data, frame=frame)
        for ax in axes[-1]:
            ax.locator_params(axis="x", nbins=6)
            ax.set_xlabel("along-track [m]")
        drawn.set_layout_engine("constrained", h_pad=0.06)
        for ax in axes[:, 0]:
            ax.set_ylabel("radial [m]")
        bar = drawn.colorbar(lines, ax=axes, orientation="vertical", shrink=0.8, aspect=30, pad=0.01)
        bar.set_label("load / capacity, least total flow [-]")
        bar.outline.set_linewidth(0.4)
        headline(drawn, text=finding(data))
        footnote(
            drawn,
            text="Loads at the all-to-all optimum of what the wiring keeps at every time. Orange: one satellite "
            "and its way round the centre in one orbit. Linear motion.",
        )
    return drawn


def finding(data: Table) -> str:
    """What the frames show, in one sentence."""
    first = [row for row in data["links"] if row["frame"] == 0]
    full = sum(row["load_share"] > 0.999 for row in first)
    span = data["span"][0]
    return (
        f"The lattice turns and shears once in {span['period_s'] / 60.0:.0f} min, neighbours "
        f"{span['least_m']:.0f} to {span['greatest_m']:.0f} m apart; all-to-all fills {full} of its {len(first)} links"
    )


def limits_m(data: Table) -> tuple[float, float]:
    """Half width and half height that hold all frames. [m]"""
    rows: Sequence[Mapping[str, Any]] = [*data["nodes"], *data["way"]]
    return 1.06 * max(abs(r["along_track_m"]) for r in rows), 1.12 * max(abs(r["radial_m"]) for r in rows)


def draw_frame(ax: Axes, *, data: Table, frame: int) -> LineCollection:
    """Draw one frame into empty axes."""
    nodes = [row for row in data["nodes"] if row["frame"] == frame]
    links = [row for row in data["links"] if row["frame"] == frame]
    at = {row["node"]: (row["along_track_m"], row["radial_m"]) for row in nodes}
    way = data["way"]
    ax.plot([r["along_track_m"] for r in way], [r["radial_m"] for r in way], ":", color=ORANGE, linewidth=0.8)
    lines = LineCollection(
        [(at[row["from"]], at[row["to"]]) for row in links], array=np.array([row["load_share"] for row in links]),
        cmap=LOAD_COLOURS, clim=(0.0, 1.0), linewidths=0.8, zorder=1,
    )  # fmt: skip
    ax.add_collection(lines)
    xy = np.array(list(at.values()))
    ax.scatter(xy[:, 0], xy[:, 1], s=6.0, color=GREY, zorder=3, linewidths=0)
    marked = next(row for row in nodes if row["marked"])
    ax.scatter(*at[marked["node"]], s=22.0, color=ORANGE, zorder=4, linewidths=0)
    half_width, half_height = limits_m(data)
    ax.set_xlim(-half_width, half_width)
    ax.set_ylim(-half_height, half_height)
    ax.set_aspect("equal")
    ax.set_title(f"{nodes[0]['time_s'] / 60.0:.0f} min", loc="left", fontsize=8.0)
    return lines
