"""`fabricgap sweep`: files, pure JSON, one-line errors, progress on terminals only, Ctrl-C that can be taken back."""

from __future__ import annotations

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from figures.cli import main
from figures.cli_sweep import DESIGNS, default_sweep_folder, sweep_screen
from optimize.study.checkpoint import FILE_NAME
from optimize.study.sampling import grid, saltelli, sobol_sequence
from optimize.study.sweep import run_study
from tests.optimize.sweeps import SMALL, Here, as_if, small

ROOT = Path(__file__).parents[2]
SETS = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
CHANNELS = ["sweep", "lattice-21", *SETS, "--vary", "link.channels=12,24", "--workers", "1"]
MANY = ["sweep", "lattice-21", *SETS, "--vary", "link.channels=1..40:40", "--workers", "1"]
PATIENCE_S = 120.0  # a fresh process needs seconds for its imports, many times that on a busy machine


def start(words: list[str], folder: Path, stderr: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "figures.cli", *words, "--out", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=ROOT, env=environment,
                            start_new_session=True)  # fmt: skip


def test_sweep_writes_its_files_and_json_is_nothing_but_json(tmp_path: Path) -> None:
    done = start([*CHANNELS, "--json"], tmp_path)
    printed, errors = done.communicate()
    assert (done.returncode, errors) == (0, b"")
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, "sweep.csv", "sweep.json"}
    found = json.loads(printed)
    assert found == json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8"))
    gaps = [float(row["gap_lower"]) for row in csv.DictReader((tmp_path / "sweep.csv").read_text().splitlines())]
    assert gaps[0] == pytest.approx(2.0 * gaps[1], rel=2e-6)  # twice the certified width asked for

    # The same command on a terminal: nothing is left to do, progress is shown, the screen is readable.
    ours, theirs = pty.openpty()
    again = start(CHANNELS, tmp_path, stderr=theirs)
    screen, _ = again.communicate()
    os.close(theirs)
    assert "3 of 3 points" in os.read(ours, 4096).decode()
    os.close(ours)
    assert f"{gaps[1]:.4g}x" in screen.decode()
    assert "link.channels = 12, 24" in screen.decode()


def test_interrupted_sweep_says_how_to_go_on_and_does(tmp_path: Path) -> None:
    process = start(MANY, tmp_path)
    deadline, path = time.monotonic() + PATIENCE_S, tmp_path / FILE_NAME
    while not (path.exists() and path.read_bytes().count(b"\n") >= 2):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: the command and its workers
    printed, errors = process.communicate()
    kept = path.read_bytes().count(b"\n")
    assert (process.returncode, printed) == (130, b"")
    assert errors.decode().count("\n") == 1
    assert f"interrupted; {kept} points are kept in {path}, and the same command goes on" in errors.decode()
    rest = Here()
    run_study(grid(small(), vary=["link.channels=1..40:40"]), folder=tmp_path, executor=rest)
    assert rest.count == 41 - kept


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--vary", "link.apperture_m=1 m,2 m"], "did you mean aperture_m"),
        (["--vary", "link.aperture_m"], "states no low and high"),
        (["--vary", "link.aperture_m=1 Gb/s..2 Gb/s"], "is a rate; need a length"),
        (["--vary", "link.channels=1,2", "--vary", "link.channels=3"], "varies twice"),
        (["--vary", "link.channels=1,2", "--design", "sobol", "--points", "12"], "use 8 or 16"),
        (["--vary", "link.channels=1,2", "--points", "1"], "--points 1: a range"),
        (["--vary", "link.channels=1..4", "--points", "0"], "--points 0: a range"),
        (["--vary", "link.outage="], "no value in it"),
        (["--vary", "link.channels=1,2", "--rtol", "inf"], "--rtol inf: need a number above 0 and below 1"),
        (["--vary", "link.channels=1,2", "--workers", "0"], "workers=0"),
        (["--vary", "link.channels=1,2", "--rtol", "0"], "--rtol 0: need a number above 0"),
        (["--vary", "link.channels=1,2", "--seed", "-1", "--design", "lhs"], "seed=-1"),
        (["--vary", "link.channels=1,2", "--set", "link.channels"], "write KEY=VALUE"),
    ],
)
def test_bad_input_is_one_line_and_status_two(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["sweep", "lattice-21", *words])
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_no_study_writes_over_the_files_of_another() -> None:
    base = small()
    studies = [grid(base, vary=[one]) for one in ("link.channels=12,24", "link.channels=12,48", "satellite.gpus=36,72")]
    folders = [default_sweep_folder(study, changed=False) for study in (*studies, studies[0])]
    assert len(set(folders)) == 3
    assert folders[0] == folders[3]  # so that the same command goes on


def test_every_design_has_a_default_size() -> None:
    shown = CliRunner().invoke(main, ["sweep", "--help"]).output
    assert f"[{'|'.join(DESIGNS)}]" in shown


def test_screen_of_a_sample_shows_extremes_quantiles_and_indices() -> None:
    study = saltelli(small(), vary=["link.channels=12..48", "link.jitter_rad"], base=8, seed=0)
    screen = sweep_screen(as_if(study, lambda channels, jitter: 480.0 / channels), files="out/x")
    assert "the points of the least and of the greatest gap" in screen
    assert "5% below" in screen
    assert "link.jitter_rad: first order 0.00 (0.00 to 0.00), total 0.00 (0.00 to 0.00)" in screen
    assert "Saltelli et al. 2010" in screen


def test_screen_counts_infeasible_points_by_reason() -> None:
    from dataclasses import replace

    sweep = as_if(sobol_sequence(small(), vary=["link.channels=12..48"], points=4, seed=0), float)
    rows = [replace(row, gap=None, error="too many" if k else "does not close") for k, row in enumerate(sweep.rows)]
    screen = sweep_screen(replace(sweep, rows=tuple(rows)), files="out/x")
    assert "infeasible: 4 of 4 points\n  3 x too many\n  1 x does not close" in screen
    assert "no quantiles: all 4 points are infeasible" in screen
