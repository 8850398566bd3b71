"""The command line: files whole or not at all, JSON pure, errors one line and status 2."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from figures.cli import main
from optimize.study.scenario import load_scenario

ROOT = Path(__file__).parents[2]


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, so that what solvers write to file descriptor 1 is seen."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "figures.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def test_json_output_is_nothing_but_json_although_a_solver_prints_a_banner(tmp_path: Path) -> None:
    done = run("gap", "lattice-21", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["name"] == "lattice-21"
    assert "linear program" in json.dumps(report["proofs"])  # a solver did run
    assert list(tmp_path.iterdir()) == []  # and no files, unless asked for


def test_gap_writes_its_files_and_verify_accepts_them(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["gap", "lattice-21", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    expected = {"report.json", "metrics.csv", "ladder.csv", "readings.csv", "links.csv", "certificate.npz", "gap.pdf"}
    assert expected <= {path.name for path in tmp_path.iterdir()}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]  # no half-written leftovers
    checked = CliRunner().invoke(main, ["verify", str(tmp_path / "certificate.npz")])
    assert checked.exit_code == 0, checked.output
    assert "formation all_to_all" in checked.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gap", "suncatcher-18"], "did you mean suncatcher-81"),
        (["gap", "nowhere.toml"], "cannot be read"),
        (["gap", "lattice-21", "--set", "link.aperture_m=800 Gb/s"], "is a rate; need a length"),
        (["gap", "lattice-21", "--set", "satellite.local_bps=800 Gbps/s"], "unit 'Gbps/s' is not known"),
        (["gap", "lattice-21", "--set", "link.apperture_m=1"], "did you mean aperture_m"),
        (["gap", "lattice-21", "--set", "formation.pitch_m=20 m"], "collides"),
        (["gap", "lattice-21", "--set", "satellite.terminals=4"], "needs 8 terminals and has 4"),
        (["gap", "lattice-21", "--set", "nothing"], "write KEY=VALUE"),
        (["gap", "lattice-21", "--rtol", "-1"], "need a number above 0"),
        (["gap", "lattice-21", "--rtol", "nan"], "need a number above 0 and below 1"),
        (["gap", "lattice-21", "--rtol", "inf"], "need a number above 0 and below 1"),
        (["gap", "lattice-21", "--large-rtol", "0"], "--large-rtol 0: need a number above 0 and below 1"),
        (["report", "lattice-21", "--time-limit", "nan"], "--time-limit nan: need seconds above 0"),
        (["gap", "lattice-21", "--set", "link.channels=1", "--set", "link.channels=2"], "given twice; keep one"),
        (["gap", "lattice-21", "--set", "orbit.altitude_m=650"], "a number without a unit is in m"),
        (["gap", "lattice-21", "--set", "channels=1"], "write link.channels"),
        (["verify", "nothing.npz"], "cannot be read"),
        (["parts", "unobtainium"], "no part contains"),
    ],
)
def test_bad_input_is_one_line_and_status_two(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_tampered_certificate_is_refused(tmp_path: Path) -> None:
    import numpy as np

    CliRunner().invoke(main, ["gap", "ground-nvl72", "--out", str(tmp_path)])
    path = tmp_path / "certificate.npz"
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    arrays["0.ends"] = arrays["0.ends"] * [1.01, 1.01, 1.0]  # claim one per cent more
    np.savez(path, **arrays)
    done = CliRunner().invoke(main, ["verify", str(path)])
    assert done.exit_code == 2
    assert "its routing carries" in done.stderr


def test_an_output_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = CliRunner().invoke(main, ["gap", "ground-nvl72", "--out", str(blocked)])
    assert done.exit_code == 2
    assert "cannot write there" in done.stderr


def test_scenarios_and_parts_are_listed() -> None:
    listed = CliRunner().invoke(main, ["scenarios"]).output
    assert "suncatcher-81 " in listed
    assert "ground-nvl72" in listed
    part = CliRunner().invoke(main, ["parts", "nvlink5"]).output
    assert "lanes_per_link" in part
    assert "published" in part


def test_version_and_help_need_no_solver() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from figures.cli import main; "
        "CliRunner().invoke(main, ['--help']); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"numpy", "cvxpy", "matplotlib"} & set(done.stdout.split())


def test_a_changed_scenario_writes_into_a_folder_of_its_own_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["gap", "rack-apart-9", "--no-effects"]
    changed = [["--set", "link.channels=12"], ["--set", "link.channels=6"], ["--set", "link.channels=12"]]
    for more in ([], *changed):
        done = CliRunner().invoke(main, [*words, *more])
        assert done.exit_code == 0, done.output
        (folder,) = [line.split()[2] for line in done.stdout.splitlines() if line.startswith("Files in ")]
        assert (tmp_path / folder.removesuffix(":") / "report.json").is_file()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    digests = {load_scenario("rack-apart-9", overrides={"link.channels": n}).digest[:6] for n in (12, 6)}
    assert names == {"rack-apart-9", *(f"rack-apart-9-changed-{digest}" for digest in digests)}
    kept = json.loads((tmp_path / "out" / "rack-apart-9" / "report.json").read_text(encoding="utf-8"))
    assert kept["provenance"]["digest"] == load_scenario("rack-apart-9").digest


def test_a_new_scenario_has_a_name_and_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["new", "mine.toml", "--from", "ground-nvl72"]).exit_code == 0
    done = CliRunner().invoke(main, ["gap", "mine.toml"])
    assert done.stdout.startswith("mine: ")
    assert "Files in out/mine/" in done.stdout


def test_a_reading_that_nobody_can_build_is_in_every_file_and_verified(tmp_path: Path) -> None:
    text = (ROOT / "optimize" / "study" / "scenarios" / "rack-apart-9.toml").read_text(encoding="utf-8")
    reading = '[[reading]]\nlabel = "in fog"\nset = { "link.optics_loss_db" = "90 dB" }\n'
    (tmp_path / "fog.toml").write_text(f"{text}\n{reading}", encoding="utf-8")
    done = CliRunner().invoke(main, ["gap", str(tmp_path / "fog.toml"), "--no-effects", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "in fog: not possible: " in done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    (row,) = report["readings_not_possible"]
    assert row["label"] == "in fog"
    assert "carries nothing" in row["why"]
    with (tmp_path / "out" / "readings.csv").open(encoding="utf-8", newline="") as file:
        *others, last = csv.DictReader(file)
    assert len(others) == len(report["readings"])
    assert all(other["not_possible_because"] == "" for other in others)
    assert (last["reading"], last["not_possible_because"]) == ("in fog", row["why"])
    assert set(last.values()) == {"in fog", "", row["why"]}
    assert CliRunner().invoke(main, ["verify", str(tmp_path / "out")]).exit_code == 0
