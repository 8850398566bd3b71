"""Three figures against pictures that somebody has looked at; `tests/figures/baselines.py` says how to renew them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from matplotlib.font_manager import fontManager
from matplotlib.image import imread, imsave
from matplotlib.testing.compare import compare_images

from tests.figures.baselines import FIGURES, FOLDER, TOLERANCE, name_of, render


@pytest.mark.parametrize("module", FIGURES, ids=name_of)
def test_the_figure_looks_as_it_did_when_somebody_looked_at_it(module: ModuleType, tmp_path: Path) -> None:
    drawn = tmp_path / f"{name_of(module)}.png"
    render(module, path=drawn)
    found = compare_images(str(FOLDER / drawn.name), str(drawn), tol=TOLERANCE)
    assert found is None, f"{found}\nIf the new picture is meant: python -m tests.figures.baselines, and look at it"


@pytest.mark.parametrize("module", FIGURES, ids=name_of)
def test_the_comparison_sees_a_change(module: ModuleType, tmp_path: Path) -> None:
    picture = imread(FOLDER / f"{name_of(module)}.png")[..., :3].copy()
    rows, columns, _ = picture.shape
    picture[rows // 3 : rows // 3 + 3, columns // 8 :] = 0.0  # one line more across the axes, three pixels wide
    imsave(tmp_path / "changed.png", picture)
    found = compare_images(str(FOLDER / f"{name_of(module)}.png"), str(tmp_path / "changed.png"), tol=TOLERANCE)
    assert found is not None


def test_baselines_are_small_and_as_many_as_figures() -> None:
    sizes = {path.stem: path.stat().st_size for path in FOLDER.glob("*.png")}
    assert set(sizes) == {name_of(module) for module in FIGURES}
    assert max(sizes.values()) < 60_000


def test_the_style_uses_the_font_that_matplotlib_ships() -> None:
    import matplotlib

    font = fontManager.findfont("DejaVu Sans", fallback_to_default=False)
    assert np.all([part in Path(font).parts for part in ("mpl-data", "fonts")]), font
    assert Path(font).is_relative_to(matplotlib.get_data_path())
