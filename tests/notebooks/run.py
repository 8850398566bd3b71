"""Runs a notebook in a kernel of its own, as Jupyter does, with this project's folder as its working directory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from tests.notebooks.generate import FOLDER

__all__ = ["executed", "pictures", "printed"]

_PLACES = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")


def executed(path: Path, *, timeout_s: int = 600) -> Any:
    """The notebook with its outputs; `CellExecutionError` from the first cell that fails. Opens no network port."""
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as scratch, mock.patch.dict(os.environ, dict.fromkeys(_PLACES, scratch)):
        NotebookClient(
            book,
            timeout=timeout_s,
            kernel_name="python3",
            resources={"metadata": {"path": str(FOLDER.parents[1])}},
            config=Config({"KernelManager": {"transport": "ipc"}}),
        ).execute()
    return book


def pictures(book: Any) -> list[str]:
    """The PNG pictures that an executed notebook shows, as base64."""
    return [
        output["data"]["image/png"]
        for cell in book.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]


def printed(book: Any) -> str:
    """What an executed notebook prints."""
    return "".join(output.get("text", "") for cell in book.cells for output in cell.get("outputs", ()))
