"""The all-to-all gap of a small formation against one design choice at a time: what would close it, and what breaks.

Every point is certified over the whole orbit; the rest of the scenario stays as it is. Leaves out combinations.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import DOUBLE_IN, GREY, SERIES, Table, figure, footnote, headline, styled
from optimize.study.tables import ReachTable

__all__ = ["draw", "table"]

_TILED = {1: "1 spatial channel", 4: "2 x 2", 16: "4 x 4, confocal"}
_APERTURES_M = (0.01, 0.012, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1)
_TRANSCEIVERS = {"coherent_400zr": "400ZR, -10 dBm", "openzrplus_high_power": "OpenZR+, 0 dBm"}
_PITCHES_M = (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0)
_CHANNELS = (6, 12, 24, 48, 96)
_GPUS = (4, 8, 18, 36, 72, 144)
_COPIES = (1, 2, 3, 4)  # terminals in parallel on each link


def _confocal(sub_apertures: int, reach_m: float) -> dict[str, Any]:
    """Keys of a tiling; 16 tiles are launched with the waist half-way, as in the scenario suncatcher-81-sdm."""
    changes: dict[str, Any] = {"link.sub_apertures": sub_apertures}
    if sub_apertures == 16:
        truncation = shared.optical_link(shared.scenario("suncatcher-81-sdm")).truncation
        changes |= {"link.truncation": truncation, "link.focus_m": 0.5 * reach_m}
    return changes


def _points(scenario: str) -> dict[str, tuple[str, str, float, dict[str, Any]]]:
    """Panel, curve, place on the axis and replaced keys of every point, by a unique label."""
    wanted = shared.scenario(scenario)
    lattice, wiring, satellite = wanted.formation, wanted.wiring, wanted.satellite
    if lattice.kind != "suncatcher_lattice" or satellite is None or not isinstance(wiring, ReachTable):
        raise ValueError(f"scenario {scenario!r}: sweeps need a suncatcher_lattice wired by reach, such as lattice-21")
    scale, rings = wiring.reach_m / lattice.pitch_m, lattice.radius_m / lattice.pitch_m
    found: list[tuple[str, str, float, dict[str, Any]]] = []
    for transceiver, curve in _TRANSCEIVERS.items():
        for aperture_m in _APERTURES_M:
            changes = {"link.aperture_m": aperture_m, "link.transceiver": transceiver}
            found.append(("aperture [cm]", curve, 100.0 * aperture_m, changes))
    for sub_apertures, curve in _TILED.items():
        for pitch_m in _PITCHES_M:
            size = {"formation.pitch_m": pitch_m, "formation.radius_m": rings * pitch_m,
                    "wiring.reach_m": scale * pitch_m}  # fmt: skip
            changes = {**size, **_confocal(sub_apertures, scale * pitch_m)}
            found.append(("spacing, least [m]", curve, pitch_m, changes))
    for sub_apertures, curve in _TILED.items():
        for channels in _CHANNELS:
            changes = {"link.channels": channels, **_confocal(sub_apertures, wiring.reach_m)}
            found.append(("wavelengths per spatial channel [-]", curve, float(channels), changes))
    shorter_m = 2.0 * lattice.pitch_m  # direct neighbours only
    for reach_m, per_copy, curve in (
        (shorter_m, satellite.terminals // 2, "direct neighbours"),
        (wiring.reach_m, satellite.terminals, "direct and diagonal"),
    ):
        for copies in _COPIES:
            changes = {"wiring.reach_m": reach_m, "wiring.terminals_per_link": copies,
                       "satellite.terminals": copies * per_copy}  # fmt: skip
            found.append(("terminals per satellite [-]", curve, float(copies * per_copy), changes))
    nvlink = {"satellite.host_per_gpu_bps": satellite.local_bps, "satellite.port_bps": satellite.local_bps}
    for hosts, curve in (({}, "network cards, 800 Gb/s"), (nvlink, "NVLink hosts, 900 GB/s")):
        for gpus in _GPUS:
            changes = {"satellite.gpus": gpus, "reference.scale_out": False, **hosts}
            found.append(("GPUs per satellite [-]", curve, float(gpus), changes))
    return {f"{panel}|{curve}|{x:g}": (panel, curve, x, changes) for panel, curve, x, changes in found}


def table(scenario: str = "lattice-21", *, only: Sequence[str] | None = None) -> Table:
    """`points`: both ends of the gap by panel, curve and value (empty where links fail); `base`: as shipped."""
    points = {
        label: point for label, point in _points(scenario).items() if only is None or point[0].startswith(tuple(only))
    }
    measured = shared.sweep(scenario, points={label: changes for label, (*_, changes) in points.items()})
    rows = []
    for label, (panel, curve, x, _) in points.items():
        reading = measured[label]
        gap = None if reading is None else reading.gap_up.interval
        rows.append({"panel": panel, "curve": curve, "value": x, "gap_lower": "" if gap is None else gap.lower,
                     "gap_upper": "" if gap is None else gap.upper})  # fmt: skip
    base = shared.report(scenario)
    ends = base.metric("all_to_all").gap_up.interval
    host = next((step for step in base.ladder.steps if step.number == 1), base.ladder.steps[0])
    floor = base.ladder.steps[0].upper_bps / host.upper_bps
    nodes = base.proof("formation all_to_all").fabric.n_nodes
    return {"points": rows, "base": [{"scenario": scenario, "gap_lower": ends.lower, "gap_upper": ends.upper,
                                      "host_gap": floor, "satellites": nodes}]}  # fmt: skip


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    rows, base = data["points"], data["base"][0]
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=0.8 + 2.05 * -(-len(panels) // 3))
        axes = drawn.subplots(-(-len(panels) // 3), 3, sharey=True, squeeze=False)
        for ax, panel in zip(axes.flat, panels, strict=False):
            _draw_panel(ax, [row for row in rows if row["panel"] == panel], base)
            ax.set_xlabel(panel)
        for ax in axes[:, 0]:
            ax.set_ylabel("all-to-all gap to NVL72 [-]")
        for ax in axes.flat[len(panels) :]:
            _draw_key(ax, base)
        headline(drawn, text=_finding(data))
        footnote(
            drawn,
            text=f"Scenario {base['scenario']}, one key changed at a time; certified intervals as bars (mostly "
            "smaller than the marks). Spacing scales reach and radius too. Curves end where links fail or "
            "break during the orbit.",
        )
    return drawn


def _draw_panel(ax: Axes, rows: Sequence[Mapping[str, Any]], base: Mapping[str, Any]) -> None:
    ax.axhline(base["gap_upper"], color=GREY, linewidth=0.7, linestyle="--")
    ax.axhline(base["host_gap"], color=GREY, linewidth=0.7, linestyle=":")
    looks = zip(dict.fromkeys(row["curve"] for row in rows), SERIES, "osD", (5.5, 3.6, 2.4), strict=False)
    for curve, colour, mark, size in looks:  # later marks are smaller: earlier ones show behind them
        mine = [row for row in rows if row["curve"] == curve and row["gap_lower"] != ""]
        middle = [(row["gap_lower"] * row["gap_upper"]) ** 0.5 for row in mine]
        low = [max(m - row["gap_lower"], 0.0) for m, row in zip(middle, mine, strict=True)]
        high = [max(row["gap_upper"] - m, 0.0) for m, row in zip(middle, mine, strict=True)]
        ax.errorbar([row["value"] for row in mine], middle, yerr=[low, high], fmt=f"-{mark}", color=colour,
                    markersize=size, elinewidth=1.2, label=curve)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(1.0, 150.0)
    ax.set_yticks([1.0, 3.0, 10.0, 30.0, 100.0], ["1", "3", "10", "30", "100"])
    shown = sorted({row["value"] for row in rows})
    shown = shown if len(shown) <= 6 else shown[::2]
    ax.set_xticks(shown, [f"{value:g}" for value in shown])
    ax.set_xticks([], minor=True)
    ax.legend(loc="upper right", frameon=False, fontsize=6.5, handlelength=1.5, labelspacing=0.2)


def _draw_key(ax: Axes, base: Mapping[str, Any]) -> None:
    ax.set_axis_off()
    ax.plot([], [], "--", color=GREY, linewidth=0.7, label=f"as shipped: {base['gap_upper']:.3g}x")
    ax.plot([], [], ":", color=GREY, linewidth=0.7, label=f"network cards alone: {base['host_gap']:.3g}x")
    ax.legend(loc="center", frameon=False, title=f"{base['satellites']} satellites", handlelength=2.0)


def _finding(data: Table) -> str:
    """How far any single choice gets with network cards, and what else helps."""
    closed = [row for row in data["points"] if row["gap_lower"] != ""]
    base = data["base"][0]
    cards = min(float(row["gap_upper"]) for row in closed if not row["curve"].startswith("NVLink"))
    text = f"From {base['gap_upper']:.3g}x no single choice gets below {cards:.3g}x, what the network cards cost"
    hosts = [row for row in closed if row["curve"].startswith("NVLink")]
    if hosts:
        best = min(hosts, key=lambda row: float(row["gap_upper"]))
        text += f"; with NVLink to the links {best['value']:g} GPUs per satellite reach {best['gap_upper']:.3g}x"
    return text
