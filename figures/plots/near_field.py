"""Coupling and spatial channels of two optical apertures against range, where Friis' formula holds and where it fails.

Scalar diffraction, coaxial apertures, no pointing error. Leaves out the electronics: see `link_rates`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.constants import speed_of_light

from figures.plots import shared
from figures.style import DOUBLE_IN, GREY, SERIES, Table, figure, footnote, headline, legend_line, panel_title, styled
from links.coupling import ApertureMode, mode_coupling, space_bandwidth_product
from links.modes import spatial_modes, strongest_coupling, tiles_per_side, tiling_reach_m
from links.nearfield import far_field_transmission

__all__ = ["draw", "table"]

_DIAMETERS_M = (0.10, 0.05, 0.02, 0.01)
_TILES = (1, 2, 4)  # per side: Suncatcher's three designs
_SIDES = np.arange(1, 17)
_ON_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
_LEAST_M, _GREATEST_M, _POINTS = 20.0, 60e3, 50


def table(scenario: str = "suncatcher-81", *, points: int = _POINTS) -> Table:
    """`coupling` and `channels` by aperture and range, and `suncatcher`: the three designs of its paper."""
    link = shared.optical_link(shared.scenario(scenario))
    wavelength_m = link.wavelength_m
    ends_m = [tiling_reach_m(aperture_m=d, tiles_per_side=_SIDES, wavelength_m=wavelength_m) for d in _DIAMETERS_M]
    inside_m = [d for d in np.ravel(ends_m) * (1.0 - 1e-9) if d > _LEAST_M]  # so that each step ends where it ends
    range_m = np.geomspace(_LEAST_M, _GREATEST_M, points)
    finer_m = np.unique(np.concatenate([range_m, inside_m]))
    coupling: list[dict[str, float]] = []
    channels: list[dict[str, float]] = []
    for diameter_m in _DIAMETERS_M:
        radius_m = diameter_m / 2.0
        end = ApertureMode(radius_m=radius_m, truncation=link.truncation)
        fibre = mode_coupling(tx=end, rx=end, range_m=range_m, wavelength_m=wavelength_m)
        friis = far_field_transmission(
            tx_diameter_m=diameter_m, rx_diameter_m=diameter_m, range_m=range_m,
            frequency_hz=speed_of_light / wavelength_m,
        )  # fmt: skip
        product = space_bandwidth_product(
            tx_radius_m=radius_m, rx_radius_m=radius_m, range_m=range_m, wavelength_m=wavelength_m
        )
        best = [strongest_coupling(c=float(c)) for c in product]
        coupling += [
            {"diameter_m": diameter_m, "range_m": float(d), "friis": float(f), "best_beam": b, "fibre": float(g)}
            for d, f, b, g in zip(range_m, friis, best, fibre, strict=True)
        ]
        square_m2 = diameter_m**2
        modes = spatial_modes(tx_area_m2=square_m2, rx_area_m2=square_m2, range_m=finer_m, wavelength_m=wavelength_m)
        tiles = tiles_per_side(aperture_m=diameter_m, range_m=finer_m, wavelength_m=wavelength_m) ** 2
        channels += [
            {"diameter_m": diameter_m, "range_m": float(d), "modes": float(m), "tiles": int(n)}
            for d, m, n in zip(finer_m, modes, tiles, strict=True)
        ]
    reach_m = tiling_reach_m(aperture_m=link.aperture_m, tiles_per_side=_TILES, wavelength_m=wavelength_m)
    square_m2 = link.aperture_m**2
    at_reach = spatial_modes(tx_area_m2=square_m2, rx_area_m2=square_m2, range_m=reach_m, wavelength_m=wavelength_m)
    designs = [
        {"aperture_m": link.aperture_m, "range_m": float(d), "tiles": n**2, "modes": float(m)}
        for n, d, m in zip(_TILES, reach_m, at_reach, strict=True)
    ]
    return {"coupling": coupling, "channels": channels, "suncatcher": designs}


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=3.5)
        left, right = drawn.subplots(1, 2)
        _draw_coupling(left, data["coupling"])
        _draw_channels(right, data["channels"], data["suncatcher"])
        for ax in (left, right):
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.set_xlim(_LEAST_M, _GREATEST_M)
            ax.set_xlabel("range [m]")
        wrong = [row for row in data["coupling"] if row["diameter_m"] == max(_DIAMETERS_M) and row["friis"] > 1.0]
        until = max(row["range_m"] * math.sqrt(row["friis"]) for row in wrong)  # where the line crosses 1
        nearest = data["suncatcher"][-1]
        headline(
            drawn,
            text=f"Friis breaks energy conservation below {until / 1e3:.2g} km for "
            f"{100 * max(_DIAMETERS_M):g} cm apertures; there they share many channels, "
            f"{nearest['modes']:.0f} modes at {nearest['range_m'] / 1e3:.2f} km where Suncatcher uses "
            f"{nearest['tiles']} tiles",
        )
        footnote(
            drawn,
            text="Left: circular apertures; best beam: largest prolate eigenvalue; fibre to fibre: collimated, "
            "truncation of the scenario. Right: square apertures of that side D, one polarisation; tiles n x n "
            "to the confocal range πD² / (4n²λ). Suncatcher: arXiv:2511.19468v2, section 4.2.",
        )
    return drawn


def _draw_coupling(ax: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    for diameter_m, colour in zip(_DIAMETERS_M, SERIES, strict=False):
        mine = [row for row in rows if row["diameter_m"] == diameter_m]
        range_m = [row["range_m"] for row in mine]
        ax.plot(range_m, [row["friis"] for row in mine], "--", color=colour, linewidth=0.9)
        ax.plot(range_m, [row["best_beam"] for row in mine], "-", color=colour, linewidth=1.6)
        ax.plot(range_m, [row["fibre"] for row in mine], ":", color=colour, linewidth=1.2)
    ax.axhline(1.0, color=GREY, linewidth=0.6)
    ax.axhspan(1.0, 1e3, color=GREY, alpha=0.08, linewidth=0)
    ax.text(_GREATEST_M / 1.15, 30.0, "more received\nthan sent", ha="right", va="center", fontsize=7.5, color=GREY)
    ax.set_ylim(1e-3, 1e2)
    ax.set_ylabel("received / sent, power [-]")
    panel_title(ax, text="how much light arrives")
    kinds = [legend_line(label, color=GREY, linestyle=dash, linewidth=width) for dash, width, label in (
        ("--", 0.9, "Friis (far field)"), ("-", 1.6, "best beam"), (":", 1.2, "fibre to fibre"))]  # fmt: skip
    ax.legend(handles=kinds, loc="lower left", frameon=False, handlelength=2.0, labelspacing=0.3)


def _draw_channels(ax: Axes, rows: Sequence[Mapping[str, Any]], designs: Sequence[Mapping[str, Any]]) -> None:
    for diameter_m, colour in zip(_DIAMETERS_M, SERIES, strict=False):
        mine = [row for row in rows if row["diameter_m"] == diameter_m]
        range_m = [row["range_m"] for row in mine]
        ax.plot(range_m, [row["modes"] for row in mine], "-", color=colour, label=f"{100 * diameter_m:g} cm aperture")
        ax.step(range_m, [row["tiles"] for row in mine], where="pre", color=colour, linewidth=0.9, linestyle="-.")
    ax.plot([row["range_m"] for row in designs], [row["tiles"] for row in designs], "o", color="black", markersize=4.0,
            zorder=4)  # fmt: skip
    for row in designs:
        side = math.isqrt(row["tiles"])
        ax.annotate(f"{side} x {side} at {row['range_m'] / 1e3:.2f} km", (row["range_m"], row["tiles"]),
                    xytext=(5, 3), textcoords="offset points", fontsize=6.8, zorder=3, bbox=_ON_WHITE)  # fmt: skip
    ax.set_ylim(0.3, 1e6)
    ax.set_ylabel("spatial channels per polarisation [-]")
    panel_title(ax, text="how many channels two apertures share")
    handles = ax.get_legend_handles_labels()[0]
    handles += [
        legend_line("modes, A² / (λd)²", color=GREY),
        legend_line("tiles, n²", color=GREY, linestyle="-.", linewidth=0.9),
        legend_line("Suncatcher, 10 cm", color="black", marker="o", markersize=4.0, linestyle=""),
    ]
    ax.legend(handles=handles, loc="upper right", frameon=False, handlelength=2.0, labelspacing=0.3)
