"""Small pictures that figures are compared with; `python -m tests.figures.baselines` draws them anew: look at them.

Only figures that no solver has a part in: their pixels depend on physics, style and matplotlib alone.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import matplotlib

from figures.plots import budget_waterfall, link_rates, near_field
from figures.style import styled

__all__ = ["FIGURES", "FOLDER", "TOLERANCE", "render"]

FOLDER = Path(__file__).parent / "baseline"
FIGURES: tuple[ModuleType, ...] = (budget_waterfall, link_rates, near_field)
TOLERANCE = 4.0
"""Of the root mean square over pixels of 0 to 255: other releases of matplotlib move text by parts of a pixel (1 to 3);
a curve, a label or a colour that changes gives more than this at these sizes."""

_DPI = 60


def name_of(module: ModuleType) -> str:
    """The figure's name."""
    return module.__name__.rpartition(".")[2]


def render(module: ModuleType, *, path: Path) -> None:
    """Draw a figure from nothing into a PNG file, with the fonts that matplotlib ships."""
    matplotlib.use("agg")
    with styled():
        module.draw(module.table()).savefig(path, dpi=_DPI, metadata={"Software": None})


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for figure in FIGURES:
        render(figure, path=FOLDER / f"{name_of(figure)}.png")
