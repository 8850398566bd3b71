"""The notebooks: their scripts run and hold what they claim, and the `.ipynb` files are what the scripts say."""

from __future__ import annotations

import ast
import json
import re
import runpy
from pathlib import Path

import pytest

from tests.notebooks.generate import FOLDER, notebook, notebook_text, scripts
from tests.notebooks.run import executed, pictures, printed

SCRIPTS = scripts()
BOOKS = [script.with_suffix(".ipynb") for script in SCRIPTS]
IN_A_KERNEL = "03_your_own_formation"  # the one that the fast tests also run as Jupyter does
DRAWS = "# %matplotlib inline"

every_script = pytest.mark.parametrize("script", SCRIPTS, ids=[script.stem for script in SCRIPTS])


@every_script
def test_script_runs_without_a_warning_and_its_checks_hold(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="notebook")
    assert re.search(r"\d\.\d", capsys.readouterr().out)  # it shows numbers
    assert list(tmp_path.iterdir()) == []  # a notebook leaves nothing behind


@every_script
def test_script_has_checks_that_come_last(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    checks = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert)]
    assert len(checks) >= 3
    assert re.findall(r"(?m)^# ## (.+)$", text)[-1] == "Checks"


@every_script
def test_notebook_begins_with_what_it_shows_and_in_which_units(script: Path) -> None:
    first = notebook(script).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# \S.+\n\n\S", first.source)
    assert "**one direction**" in first.source


@every_script
def test_cells_are_short(script: Path) -> None:
    lines = {cell.id: len(cell.source.splitlines()) for cell in notebook(script).cells}
    assert max(lines.values()) <= 40, lines


def test_notebooks_are_numbered_and_each_has_its_script() -> None:
    assert [int(script.stem[:2]) for script in SCRIPTS] == list(range(1, len(SCRIPTS) + 1))
    assert sorted(FOLDER.glob("*.ipynb")) == BOOKS


@every_script
def test_notebook_file_is_what_its_script_gives(script: Path) -> None:
    stored = script.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert stored == notebook_text(script) == notebook_text(script), "python -m tests.notebooks writes it anew"


@pytest.mark.parametrize("path", BOOKS, ids=[path.stem for path in BOOKS])
def test_notebook_file_holds_no_output(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in cells}) == len(cells)


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=[] if path.stem == IN_A_KERNEL else [pytest.mark.slow]) for path in BOOKS],
)
def test_notebook_runs_in_a_kernel_and_shows_its_pictures(path: Path) -> None:
    book = executed(path)
    source = path.with_suffix(".py").read_text(encoding="utf-8")
    assert bool(pictures(book)) == (DRAWS in source)
    assert "Traceback" not in printed(book)
    errors = [o for cell in book.cells for o in cell.get("outputs", ()) if o.get("name") == "stderr"]
    assert errors == []  # no warning either
