"""All-to-all against time over an orbit, for apertures so small that link rates change with range.

Each time certified on its own; the wiring stays. Leaves out re-routing delays.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import GREY, SERIES, SINGLE_IN, Table, figure, footnote, headline, styled
from links.units import GIGABYTE_BPS
from optimize import Throughput, all_to_all, build, max_throughput
from topo import FabricSeries

__all__ = ["draw", "table"]

_TRANSCEIVER = "openzrplus_high_power"  # the catalogued one that slows down before it fails
_APERTURES_M = (0.020, 0.015, 0.012)
_EPOCHS = 96


def table(scenario: str = "lattice-21", *, epochs: int = _EPOCHS) -> Table:
    """`times`: certified ends of all_to_all per GPU at each time; `orbit`: what the wiring keeps at every time."""
    times: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for aperture_m in _APERTURES_M:
        changes = {"link.aperture_m": aperture_m, "link.transceiver": _TRANSCEIVER, "orbit.epochs": epochs}
        series = build(shared.scenario(scenario).variant(changes)).formation
        if not isinstance(series, FabricSeries):
            raise ValueError(f"scenario {scenario!r} does not fly; choose one with an orbit, such as lattice-21")
        answers = _at_each_time(series)
        for t, capacity, answer in zip(series.time_s, series.capacity_bps, answers, strict=True):
            rate = answer.per_gpu_bps
            times.append({"aperture_m": aperture_m, "time_s": float(t), "lower_bps": rate.lower,
                          "upper_bps": rate.upper, "mean_link_bps": float(capacity.mean())})  # fmt: skip
        worst = series.worst()
        always = max_throughput(fabric=worst, traffic=all_to_all(fabric=worst), hints=answers[:1]).per_gpu_bps.lower
        most = min(answer.per_gpu_bps.upper for answer in answers)
        kept.append({"aperture_m": aperture_m, "lower_bps": always, "upper_bps": max(most, always),
                     "period_s": float(series.time_s[1] * len(series)), "scenario": scenario,
                     "transceiver": _TRANSCEIVER, "satellites": series.structure.n_nodes})  # fmt: skip
    return {"times": times, "orbit": kept}


def _at_each_time(series: FabricSeries) -> list[Throughput]:
    """all_to_all at each time; times with the same capacities are solved once."""
    known: dict[bytes, Throughput] = {}
    answers = []
    for k in range(len(series)):
        key = series.capacity_bps[k].tobytes()
        if key not in known:
            fabric = series.at(k)
            known[key] = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
        answers.append(known[key])
    return answers


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    orbit = data["orbit"]
    with styled():
        drawn = figure(width_in=SINGLE_IN, height_in=3.5)
        ax = drawn.subplots()
        for kept, colour in zip(orbit, SERIES, strict=False):
            rows = [row for row in data["times"] if row["aperture_m"] == kept["aperture_m"]]
            minutes = np.array([*(row["time_s"] for row in rows), kept["period_s"]]) / 60.0
            ends = np.array([(row["lower_bps"], row["upper_bps"]) for row in [*rows, rows[0]]]) / GIGABYTE_BPS
            ax.fill_between(minutes, ends[:, 0], ends[:, 1], step="post", color=colour, alpha=0.4, linewidth=0)
            ax.step(minutes, ends[:, 0], where="post", color=colour, label=f"{100 * kept['aperture_m']:g} cm")
            low, high = kept["lower_bps"] / GIGABYTE_BPS, kept["upper_bps"] / GIGABYTE_BPS
            ax.axhspan(low, high, color=colour, alpha=0.15, linewidth=0)
            ax.axhline(low, color=colour, linewidth=0.7, linestyle=":")
        ax.plot([], [], ":", color=GREY, linewidth=0.7, label="kept always")
        ax.set_xlim(0.0, orbit[0]["period_s"] / 60.0)
        ax.set_ylim(0.0, 1.3 * max(row["upper_bps"] for row in data["times"]) / GIGABYTE_BPS)
        ax.set_xlabel("time over one orbit [min]")
        ax.set_ylabel("all-to-all per GPU [GB/s]")
        ax.legend(loc="upper left", ncols=4, frameon=False, handlelength=1.2, columnspacing=0.9)
        headline(drawn, text=_finding(data))
        footnote(
            drawn,
            text=f"Scenario {orbit[0]['scenario']} ({orbit[0]['satellites']} satellites) with 0 dBm "
            f"transceivers ({orbit[0]['transceiver']}; 400, 300 or 200 Gb/s a channel), one direction. "
            "Bands: certified intervals; the pale ones run from what all links keep at every time to the "
            "worst single time.",
        )
    return drawn


def _swing(rows: Sequence[Mapping[str, Any]]) -> float:
    least, most = min(row["lower_bps"] for row in rows), max(row["upper_bps"] for row in rows)
    return 1.0 - float(least / most)


def _finding(data: Table) -> str:
    swings, sizes = [], []
    for kept in data["orbit"]:
        swings.append(f"{_swing([row for row in data['times'] if row['aperture_m'] == kept['aperture_m']]):.0%}")
        sizes.append(f"{100 * kept['aperture_m']:g}")
    listed = [f"{', '.join(words[:-1])} and {words[-1]}" for words in (swings, sizes)]
    return f"Over an orbit all-to-all varies by {listed[0]} with apertures of {listed[1]} cm"
