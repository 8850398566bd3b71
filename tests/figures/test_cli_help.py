"""Help with examples that are commands, completion by shells, JSON and nothing else, progress, places to write."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from figures.cli import main
from optimize.study.scenario import scenario_names

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def test_every_command_shows_examples_and_every_example_is_a_command() -> None:
    for name, command in {"": main, **main.commands}.items():
        text = CliRunner().invoke(main, [*filter(None, [name]), "--help"]).output
        lines = [line.strip() for line in text.partition("Examples:")[2].splitlines()]
        examples = [line for line in lines if line.startswith("fabricgap ") and "COMMAND" not in line]
        assert examples, f"fabricgap {name} --help has no example"
        for example in examples:
            words = shlex.split(re.split(r" {3,}| > ", example)[0])[1:]
            assert words[0] in main.commands, example
            assert not name or words[0] == name, example
            made = main.commands[words[0]]
            try:
                made.make_context(words[0], words[1:])
            except click.UsageError as error:
                pytest.fail(f"{example}: {error.message}")
        assert command.help


def complete(*words: str, shell: str = "bash") -> list[str]:
    """What the shell is offered for the last of the words."""
    environment = {**ENVIRONMENT, "_FABRICGAP_COMPLETE": f"{shell}_complete",
                   "COMP_WORDS": shlex.join(("fabricgap", *words)), "COMP_CWORD": str(len(words))}  # fmt: skip
    code = "from figures.cli import main; main(prog_name='fabricgap')"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_shells_complete_commands_scenarios_parts_figures_and_options() -> None:
    assert complete("ga") == ["gap"]
    assert complete("gap", "suncatcher-81-") == [n for n in scenario_names() if n.startswith("suncatcher-81-")]
    assert complete("parts", "coherent_4") == ["coherent_400zr"]
    assert complete("figures", "near") == ["near_field"]
    assert complete("export", "lattice-21", "--format", "cz") == ["czml"]
    assert "--effects" in complete("gap", "--eff")
    assert "_FABRICGAP_COMPLETE=bash_source" in CliRunner().invoke(main, ["--help"]).output


def test_completion_of_names_imports_nothing_heavy() -> None:
    code = ("import sys; from figures.cli_frame import complete_parts, complete_scenarios, complete_figures\n"
            "for complete in (complete_parts, complete_scenarios, complete_figures): complete(None, None, '')\n"
            "print(*sys.modules)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert not {"numpy", "matplotlib", "optimize"} & set(done.stdout.split())


@pytest.mark.parametrize(
    "words",
    [
        ["scenarios"], ["parts", "nvlink5"], ["figures", "--list"], ["new", "mine.toml"], ["verify", "saved"],
        ["export", "rack-apart-9", "--format", "graphml", "--out", "fabric"], ["report", "rack-apart-9"],
        ["compare", "rack-apart-9", "rack-apart-9"],
    ],
)  # fmt: skip
def test_json_is_one_object_that_says_what_it_is(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if words[0] == "verify":
        assert CliRunner().invoke(main, ["gap", "rack-apart-9", "--no-effects", "--out", "saved"]).exit_code == 0
    done = CliRunner().invoke(main, [*words, "--json"])
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout)["format"].startswith("fabricgap ")


def test_effects_are_measured_left_out_and_forced(tmp_path: Path) -> None:
    def report(*words: str) -> dict[str, object]:
        done = CliRunner().invoke(main, ["gap", "lattice-21", "--set", "formation.radius_m=300 m", "--json", *words])
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)["effects"]
        assert isinstance(found, dict)
        return found

    assert report()["values"]
    assert report("--no-effects") == {"note": "left out by --no-effects", "values": []}


def test_a_folder_is_verified_and_a_changed_table_is_named(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["gap", "rack-apart-9", "--out", str(tmp_path)]).exit_code == 0
    whole = CliRunner().invoke(main, ["verify", str(tmp_path)])
    assert whole.exit_code == 0, whole.output
    assert "all agree" in whole.stdout
    assert "stated, no proof here" in whole.stdout
    full = CliRunner().invoke(main, ["verify", str(tmp_path), "--full"])
    assert full.exit_code == 0, full.output
    assert "  permutation of formation\n" in full.stdout  # a line of its own; on the short screen a group
    assert "\n  permutation of formation\n" not in whole.stdout
    assert "permutation (" in whole.stdout
    assert max(map(len, full.stdout.splitlines()[-20:])) <= 120
    path = tmp_path / "ladder.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",True", ",False"), encoding="utf-8")
    done = CliRunner().invoke(main, ["verify", str(tmp_path / "report.json")])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "ladder.csv: exact of '0' says False" in done.stderr
    (tmp_path / "report.json").unlink()
    assert CliRunner().invoke(main, ["verify", str(tmp_path)]).exit_code == 0  # the certificate alone


@pytest.mark.parametrize(
    "words",
    [
        ["gap", "ground-nvl72", "--out"], ["report", "ground-nvl72", "--out"], ["new"],
        ["export", "ground-nvl72", "--format", "gexf", "--out"], ["figures", "near_field", "--out"],
        ["sweep", "lattice-21", "--vary", "link.channels=12", "--out"],
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_written_is_one_line(words: list[str], tmp_path: Path) -> None:
    # A file where a folder should be stops every user, also one who may write everywhere.
    (tmp_path / "read-only").write_text("")
    done = CliRunner().invoke(main, [*words, str(tmp_path / "read-only" / "mine.toml")])
    assert (done.exit_code, done.stderr.count("\n"), done.stdout) == (2, 1, ""), done.output
    assert "cannot" in done.stderr


@pytest.mark.parametrize("where", ["scenario", "certificate", "report"])
def test_a_file_that_cannot_be_read_is_one_line(where: str, tmp_path: Path) -> None:
    name = {"scenario": "bad.toml", "certificate": "bad.npz", "report": "bad.json"}[where]
    (tmp_path / name).write_bytes(b"\xff\xfe\x00broken")
    done = CliRunner().invoke(main, ["gap" if where == "scenario" else "verify", str(tmp_path / name)])
    assert (done.exit_code, done.stderr.count("\n"), done.stdout) == (2, 1, "")


def test_an_interrupted_run_leaves_whole_files_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "figures.cli", "gap", "lattice-21", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=ENVIRONMENT)
    deadline = time.monotonic() + 240.0  # many times what a busy machine needs
    while not (tmp_path / "report.json").exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate()
    assert process.returncode == 130, errors
    assert (printed, errors.decode().count("\n")) == (b"", 1)
    assert b"interrupted; files that it wrote are whole" in errors
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    if (tmp_path / "certificate.npz").exists():  # then every file that it speaks for is there too
        assert CliRunner().invoke(main, ["verify", str(tmp_path)]).exit_code == 0


def test_progress_is_shown_on_a_terminal_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    code = ("import time, figures.cli_frame as frame; frame._QUIET_S = 0.0\n"
            "with frame.Progress().running() as progress: progress('solving'); time.sleep(0.6)")  # fmt: skip
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", code], stderr=theirs, env=ENVIRONMENT, check=True)
    os.close(theirs)
    assert "solving ... 0 s" in os.read(ours, 4096).decode()
    os.close(ours)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=ENVIRONMENT, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_warning_is_one_short_line_on_standard_error_and_shown_once() -> None:
    code = ("import warnings\nfrom figures.cli_frame import one_line_errors\nwith one_line_errors():\n"
            "    warnings.simplefilter('always')\n"
            "    for text in ('a model was\\nstretched', 'a model was stretched', 'x' * 1000):\n"
            "        warnings.warn(text)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first == "fabricgap: warning: a model was stretched"
    assert len(second) < 350


def test_run_py_lists_every_command_with_what_it_does() -> None:
    import run

    missing = [name for name in main.commands if not re.search(rf"(?m)^(.*, )?{name}\b.* {{2,}}\S", run.HELP)]
    assert not missing
