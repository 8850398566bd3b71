"""The publication figures by name, and how each is made from nothing."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from matplotlib.figure import Figure

from figures.plots import (
    binding_cut,
    budget_waterfall,
    gap_by_metric,
    gap_sweeps,
    ladder,
    link_rates,
    near_field,
    neighbour_ranges,
    orbit_animation,
    orbit_frames,
    overview,
    shared,
    side_by_side,
    solver_scaling,
    throughput_over_orbit,
)
from figures.style import Table, save_figure

__all__ = ["FIGURES", "Made", "Plot", "choose"]


@dataclass(frozen=True, kw_only=True)
class Made:
    """Files of one figure, and the finding that stands over it."""

    name: str
    finding: str
    files: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A figure that can be made.

    Parameters
    ----------
    name : str
    about : str
        What it shows, one line.
    save : callable
        Writes it into a folder and says what it found.
    """

    name: str
    about: str
    save: Callable[[Path], Made]


class _Module(Protocol):
    """What a module of this folder offers."""

    __name__: str
    __doc__: str | None

    def table(self) -> Table: ...
    def draw(self, data: Table, /) -> Figure: ...


def _about(doc: str | None) -> str:
    return (doc or "").strip().splitlines()[0]


def _finding(drawn: Figure) -> str:
    return " ".join(drawn.get_suptitle().split())


def _still(module: _Module) -> Plot:
    name = module.__name__.rpartition(".")[2]

    def save(folder: Path) -> Made:
        data = module.table()
        drawn = module.draw(data)
        files = save_figure(drawn, name=name, folder=folder, tables=data)
        return Made(name=name, finding=_finding(drawn), files=files)

    return Plot(name=name, about=_about(module.__doc__), save=save)


def _save_overview(folder: Path) -> Made:
    report = shared.report("suncatcher-81")
    data = overview.table(report)
    drawn = overview.draw(data, title=overview.finding(report))
    files = save_figure(drawn, name="overview", folder=folder, tables=data)
    return Made(name="overview", finding=_finding(drawn), files=files)


def _save_animation(folder: Path) -> Made:
    data = orbit_animation.table()
    files = orbit_animation.save(data, name="orbit_animation", folder=folder)
    return Made(name="orbit_animation", finding=orbit_frames.finding(data), files=files)


_STILLS = (
    link_rates, near_field, budget_waterfall, neighbour_ranges, orbit_frames, throughput_over_orbit, gap_by_metric,
    ladder, gap_sweeps, binding_cut, side_by_side, solver_scaling,
)  # fmt: skip

FIGURES: tuple[Plot, ...] = (
    Plot(name="overview", about=_about(overview.__doc__), save=_save_overview),
    *(_still(cast("_Module", module)) for module in _STILLS),
    Plot(name="orbit_animation", about=_about(orbit_animation.__doc__), save=_save_animation),
)


def choose(names: Iterable[str]) -> tuple[Plot, ...]:
    """Figures of these names, in the order of the set; all of them if there are no names."""
    wanted = list(names)
    known = [plot.name for plot in FIGURES]
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"choose among {', '.join(known)}"
            raise ValueError(f"no figure {name!r}; {hint}")
    return tuple(plot for plot in FIGURES if not wanted or plot.name in wanted)
