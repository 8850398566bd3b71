"""Notebooks from their percent scripts: the same bytes every time, without output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jupytext  # type: ignore[import-untyped]
import nbformat

__all__ = ["FOLDER", "notebook", "notebook_text", "scripts"]

FOLDER = Path(__file__).parents[2] / "optimize" / "notebooks"


def scripts() -> list[Path]:
    """The percent scripts, in the order in which people read them."""
    return sorted(FOLDER.glob("*.py"))


def notebook(script: Path) -> Any:
    """A script as an `nbformat` notebook; cells are numbered where jupytext would draw their ids by lot."""
    book = jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent")
    for k, cell in enumerate(book.cells):
        cell["id"], cell["metadata"] = f"cell-{k:02d}", {}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book["metadata"] = {"kernelspec": kernel, "language_info": {"name": "python"}}
    nbformat.validate(book)
    return book


def notebook_text(script: Path) -> str:
    """What the `.ipynb` file of a script holds."""
    return f"{nbformat.writes(notebook(script))}\n"  # type: ignore[no-untyped-call]
