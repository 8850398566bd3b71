"""Rate of one link against range, by medium: copper and fibre, free-space optics, radio; with what physics allows.

One direction, payload. Leaves out power and mass: see the parts.
"""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import (
    DOUBLE_IN,
    GREY,
    LIGHT,
    SERIES,
    Table,
    figure,
    footnote,
    headline,
    legend_line,
    panel_title,
    styled,
)
from links import FibreLink, LinkModel, NVLink, RadioLink, ValidityWarning, load_part
from links.parts import Part

__all__ = ["draw", "table"]

# What is drawn: choices, not measurements.
_APERTURES_M = (0.10, 0.05, 0.02, 0.01)
_TRANSCEIVERS = {"coherent_400zr": "400ZR", "openzrplus_high_power": "OpenZR+"}
_DISHES_M = (0.10, 1.0)
_RADIOS = (  # band of the front ends and the allocation they fill; None: none there, all that the amplifier covers
    ("radio_26ghz", "pa_gan_26ghz", "iss_26ghz"),
    ("radio_60ghz", "pa_gan_60ghz", "iss_60ghz"),
    ("radio_140ghz", "pa_inp_140ghz", "iss_130ghz"),
    ("radio_300ghz", "pa_300ghz", None),
)
_CHANNEL_HZ = 2e9  # at most; converters of the radios are about as fast
_CABLES = {"dac_1600g": "passive twinax, 1.6T", "aec_1600g": "active twinax, 1.6T", "dsp_1600g": "fibre module, 1.6T"}
_PANELS = {"copper and fibre": (0.1, 3e3), "free-space optics": (20.0, 1e5), "radio": (20.0, 1e5)}
_POINTS = 160
_NOTE = (
    "Grey band: ranges that the links of the formation pass through. Optics: wavelengths, losses, pointing and outage "
    "of the scenario, one spatial channel. Radio: DVB-S2X, two polarisations, channels of at most 2 GHz in the whole "
    "band. What physics allows in the same apertures, band and power, over all spatial modes: Holevo capacity (optics, "
    "radio), Shannon capacity (copper), shot noise (fibre)."
)


def _band(amplifier: Part, allocation: str | None) -> tuple[float, float]:
    if allocation is None:
        covered = amplifier.data["frequency_hz"]
        if covered.low is None or covered.high is None:
            raise ValueError(f"{amplifier.name}: frequency_hz has no range; name an allocation")
        return covered.low, covered.high
    part = load_part(allocation)
    return part["low_hz"], part["high_hz"]


def _radio(radio: str, amplifier: Part, allocation: str | None, dish_m: float, outage: float) -> RadioLink:
    low_hz, high_hz = _band(amplifier, allocation)
    channels = math.ceil((high_hz - low_hz) / _CHANNEL_HZ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValidityWarning)  # the label says that there is no allocation
        return RadioLink(
            radio=load_part(radio), amplifier=amplifier, modcods=(load_part("dvb_s2x"),), channels=channels,
            frequency_hz=0.5 * (low_hz + high_hz), bandwidth_hz=(high_hz - low_hz) / channels, polarisations=2,
            transmit_diameter_m=dish_m, receive_diameter_m=dish_m, outage=outage,
        )  # fmt: skip


def _links(scenario: str) -> Iterator[tuple[str, str, str, LinkModel]]:
    """Panel, label, variant and model of every curve."""
    wanted = shared.scenario(scenario)
    rack, generation = load_part("gb300_nvl72"), load_part("nvlink5")
    bundle = int(rack["links_per_gpu"])
    nvlink = NVLink(generation=generation, cable=load_part("twinax_30awg"), links=bundle)
    yield "copper and fibre", f"{bundle} NVLinks, one GPU", "", nvlink
    for name, label in _CABLES.items():
        yield "copper and fibre", label, "", FibreLink(module=load_part(name))
    for aperture_m in _APERTURES_M:
        for transceiver, kind in _TRANSCEIVERS.items():
            link = shared.optical_link(wanted, aperture_m=aperture_m, transceiver=transceiver)
            variant = f"{kind}, {load_part(transceiver)['launch_power_dbm']:g} dBm"
            yield "free-space optics", f"{aperture_m * 100:g} cm aperture", variant, link
    for radio, amplifier, allocation in _RADIOS:
        driver = load_part(amplifier)
        low_hz, high_hz = _band(driver, allocation)
        label = f"{low_hz / 1e9:g}-{high_hz / 1e9:g} GHz" + ("" if allocation else ", not allocated")
        for dish_m in _DISHES_M:
            dishes = _radio(radio, driver, allocation, dish_m, shared.optical_link(wanted).outage)
            yield "radio", label, f"{dish_m * 100:g} cm dishes", dishes


def _reach_m(link: LinkModel) -> list[float]:
    """Range at which a cabled link ends, so that its curve ends there too."""
    if isinstance(link, NVLink):
        return [link.reach_m]
    return [link.module["reach_m"]] if isinstance(link, FibreLink) else []


def table(scenario: str = "suncatcher-81", *, points: int = _POINTS) -> Table:
    """`links`: rate (0 where a link does not close) and physical ceiling by range; `formation`: ranges flown."""
    rows: list[dict[str, Any]] = []
    for panel, label, variant, link in _links(scenario):
        range_m = np.geomspace(*_PANELS[panel], points)
        range_m = np.unique(np.concatenate([range_m, _reach_m(link)]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ValidityWarning)  # deep fades: where they matter, the link is about to end
            rate, most = link.at(range_m=range_m).rate_bps, link.limit_bps(range_m=range_m)
        rows += [
            {"panel": panel, "link": label, "variant": variant, "range_m": float(d), "rate_bps": float(r),
             "limit_bps": float(m)}
            for d, r, m in zip(range_m, rate, most, strict=True)
        ]  # fmt: skip
    least_m, greatest_m = shared.flown_m(shared.scenario(scenario))
    return {"links": rows, "formation": [{"least_m": least_m, "greatest_m": greatest_m}]}


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    rows, flown = data["links"], data["formation"][0]
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=3.9)
        axes = drawn.subplots(1, len(_PANELS), sharey=True, width_ratios=(1.1, 1.0, 1.0))
        for ax, panel in zip(axes, _PANELS, strict=True):
            ax.axvspan(flown["least_m"], flown["greatest_m"], color=LIGHT, linewidth=0, zorder=0)
            _draw_panel(ax, [row for row in rows if row["panel"] == panel])
            panel_title(ax, text=panel)
            ax.set_xlabel("range [m]")
        axes[0].set_ylabel("link, one direction [Gb/s]")
        axes[0].set_ylim(1.0, 3e8)
        headline(drawn, text=_finding(rows, flown))
        footnote(drawn, text=_NOTE)
    return drawn


def _draw_panel(ax: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(row["link"] for row in rows))
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    for name, colour in zip(names, SERIES, strict=False):
        for variant, dash in zip(variants, ("-", ":"), strict=False):
            mine = [row for row in rows if row["link"] == name and row["variant"] == variant]
            closed = [row for row in mine if row["rate_bps"] > 0]
            ax.plot([r["range_m"] for r in closed], [r["rate_bps"] / 1e9 for r in closed], dash, color=colour,
                    label=name if variant == variants[0] else "_", linewidth=1.5)  # fmt: skip
            if closed and variant == variants[0]:
                ax.plot(closed[-1]["range_m"], closed[-1]["rate_bps"] / 1e9, "|", color=colour, markersize=7)
                ax.plot([r["range_m"] for r in mine], [r["limit_bps"] / 1e9 for r in mine], "--", color=colour,
                        linewidth=0.7, dashes=(4, 2), label="_limit")  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    handles: list[Artist] = list(ax.get_legend_handles_labels()[0])
    if len(variants) > 1:
        dashes = zip(variants, ("-", ":"), strict=False)
        handles += [legend_line(name, color=GREY, linestyle=dash) for name, dash in dashes]
    allowed = f"what physics allows{', 10 cm' if rows[0]['panel'] == 'radio' else ''}"
    handles.append(legend_line(allowed, color=GREY, linestyle=(0, (4, 2)), linewidth=0.7))
    where: Any = "upper right" if rows[0]["panel"] == "radio" else "lower left"
    ax.legend(handles=handles, loc=where, frameon=False, handlelength=1.4, fontsize=6.5, labelspacing=0.25,
              borderaxespad=0.2)  # fmt: skip


def _finding(rows: Sequence[Mapping[str, Any]], flown: Mapping[str, Any]) -> str:
    """Best rate of each kind over the ranges flown, in one sentence."""
    best = dict.fromkeys(_PANELS, 0.0)
    allowed = 0.0
    drawn = next(row["variant"] for row in rows if row["panel"] == "free-space optics")  # of what physics allows
    for (panel, _, variant), mine in _grouped(rows).items():
        # one sample beyond each end, so that what holds there holds between them
        ranges = sorted({row["range_m"] for row in mine})
        first = max((r for r in ranges if r <= flown["least_m"]), default=ranges[0])
        last = min((r for r in ranges if r >= flown["greatest_m"]), default=ranges[-1])
        inside = [row for row in mine if first <= row["range_m"] <= last]
        best[panel] = max(best[panel], min(row["rate_bps"] for row in inside))
        if panel == "free-space optics" and variant == drawn:
            allowed = max(allowed, min(row["limit_bps"] for row in inside))
    optics, radio = best["free-space optics"], best["radio"]
    return (
        f"At {flown['least_m']:.0f} to {flown['greatest_m']:.0f} m an optical link carries {optics / 1e12:.3g} Tb/s, "
        f"{optics / radio:.2g} times the best radio; its aperture could carry {allowed / 1e15:.2g} Pb/s"
    )


def _grouped(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], list[Mapping[str, Any]]]:
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["panel"], row["link"], row["variant"]), []).append(row)
    return groups
