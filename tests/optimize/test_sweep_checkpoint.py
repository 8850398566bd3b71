"""Nothing finished is lost or computed again: SIGKILL of workers and of the whole command, torn lines, two writers."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any

import pytest

from optimize.flow.problem import NotSolvedError
from optimize.study.checkpoint import FILE_NAME, checkpoint
from optimize.study.sampling import grid
from optimize.study.sweep import Sweep, run_study
from optimize.study.sweep_files import save_sweep
from tests.optimize.sweeps import SMALL, Here, small

ROOT = Path(__file__).parents[2]
STUDY = grid(small(), vary=["link.channels=1..40:40", "satellite.terminals=8"])
"""Forty different points of some hundredths of a second each, beside the scenario as it stands."""
PATIENCE_S = 120.0  # a fresh process needs seconds for its imports, many times that on a busy machine


def lines(folder: Path) -> list[bytes]:
    """Whole lines of the checkpoint."""
    path = folder / FILE_NAME
    return (
        [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")] if path.exists() else []
    )


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def content(sweep: Sweep, folder: Path) -> list[bytes]:
    """What is written about a sweep."""
    return [path.read_bytes() for path in save_sweep(sweep, folder=folder)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Files of the study run by one worker from beginning to end."""
    return content(run_study(STUDY, workers=1), tmp_path_factory.mktemp("undisturbed"))


def command(folder: Path) -> list[str]:
    words = [
        "sweep",
        "lattice-21",
        "--vary",
        "link.channels=1..40:40",
        "--vary",
        "satellite.terminals=8",
        "--workers",
        "2",
    ]
    sets = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    return [sys.executable, "-m", "figures.cli", *words, *sets, "--out", str(folder), "--json"]


def start(folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment,
                            start_new_session=True)  # fmt: skip


def alive(group: int) -> bool:
    """Whether a process of the group runs; one that nobody has waited for yet does not."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    states = [file.read_text().rpartition(")")[2].split() for file in Path("/proc").glob("[0-9]*/stat")]
    return not states or any(int(found) == group and state != "Z" for state, _, found, *_ in states)


def test_killed_command_leaves_no_process_and_goes_on_where_it_was(tmp_path: Path, undisturbed: list[bytes]) -> None:
    killed = start(tmp_path)
    until(lambda: len(lines(tmp_path)) >= 3)
    os.kill(killed.pid, signal.SIGKILL)  # the command alone; its workers must notice
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    kept = lines(tmp_path)
    assert 3 <= len(kept) < 41  # it was at work

    until(lambda: not alive(killed.pid))
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(kept[0][: len(kept[0]) // 2])  # as if the kill had come in the middle of a line

    again = start(tmp_path)
    printed, errors = again.communicate()
    assert (again.returncode, errors) == (0, b"")
    found = lines(tmp_path)
    assert found[: len(kept)] == kept
    assert len(found) == len({json.loads(line)["key"] for line in found}) == 41  # every point once: none again
    assert [(tmp_path / name).read_bytes() for name in ("sweep.csv", "sweep.json")] == undisturbed
    assert json.loads(printed) == json.loads(undisturbed[1])


def test_killed_worker_is_replaced_and_the_result_is_that_of_one_worker(
    tmp_path: Path, undisturbed: list[bytes]
) -> None:
    killed: list[int] = []

    def kill_once(done: int, total: int) -> None:
        if done >= 2 and not killed:
            victim = multiprocessing.active_children()[0]
            killed.append(victim.pid or 0)
            os.kill(victim.pid or 0, signal.SIGKILL)

    sweep = run_study(STUDY, folder=tmp_path, workers=3, progress=kill_once)
    assert killed
    assert len(lines(tmp_path)) == 41
    assert content(sweep, tmp_path) == undisturbed


def test_workers_that_always_die_end_the_study_with_what_is_finished(tmp_path: Path) -> None:
    over = threading.Event()

    def kill_all() -> None:
        while not over.wait(0.05):
            for victim in multiprocessing.active_children():
                victim.kill()

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        with pytest.raises(NotSolvedError, match=r"died 3 times in a row.*41 points.*run it again"):
            run_study(STUDY, folder=tmp_path, workers=1)
    finally:
        over.set()
        killer.join()
    assert lines(tmp_path) == []
    with checkpoint(tmp_path):  # and it was let go
        pass


class Breaks(Here):
    """An executor of somebody else's that loses its workers after two points."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.count >= 2:
            raise BrokenExecutor("no more workers")
        return super().submit(fn, *args, **kwargs)


def test_broken_executor_keeps_what_it_finished(tmp_path: Path) -> None:
    with pytest.raises(NotSolvedError, match="39 of 41 points to do; finished points are kept"):
        run_study(STUDY, folder=tmp_path, executor=Breaks())
    rest = Here()
    run_study(STUDY, folder=tmp_path, executor=rest)
    assert rest.count == 39


def test_larger_study_measures_only_what_is_new(tmp_path: Path) -> None:
    first, second = Here(), Here()
    run_study(grid(small(), vary=["link.channels=12,24"]), folder=tmp_path, executor=first)
    run_study(grid(small(), vary=["link.channels=6,12,24,48"]), folder=tmp_path, executor=second)
    assert (first.count, second.count) == (3, 2)


def test_finished_study_starts_no_process(tmp_path: Path) -> None:
    study = grid(small(), vary=["link.channels=12,24"])
    told: list[tuple[int, int]] = []
    computed = run_study(study, folder=tmp_path, executor=Here())
    read = run_study(study, folder=tmp_path, executor=Breaks(), progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]
    assert read == computed


def test_two_studies_in_one_folder_at_once_are_refused(tmp_path: Path) -> None:
    with checkpoint(tmp_path):
        with pytest.raises(ValueError, match="another study is writing there; wait for its end"):
            run_study(STUDY, folder=tmp_path, executor=Here())
        other = start(tmp_path)
        printed, errors = other.communicate()
    assert (other.returncode, printed) == (2, b"")
    assert errors.decode().count("\n") == 1
    assert "another study is writing there" in errors.decode()


def test_torn_last_line_is_dropped_and_written_anew(tmp_path: Path) -> None:
    with checkpoint(tmp_path) as saved:
        saved.add("one", point={}, result={"error": "ä"})
        saved.add("two", point={}, result={"error": "x"})
    path = tmp_path / FILE_NAME
    whole = path.read_bytes()
    for cut in range(len(whole.splitlines()[0]) + 1, len(whole)):  # every place within the second line
        path.write_bytes(whole[:cut])
        with checkpoint(tmp_path) as saved:
            assert "one" in saved
            assert "two" not in saved
            saved.add("two", point={}, result={"error": "x"})
        assert path.read_bytes() == whole


def test_point_is_on_disk_before_the_next_begins(tmp_path: Path) -> None:
    seen: list[int] = []
    run_study(grid(small(), vary=["link.channels=12,24"]), folder=tmp_path, executor=Here(),
              progress=lambda done, total: seen.append(len(lines(tmp_path)) - done))  # fmt: skip
    assert seen == [0, 0, 0, 0]


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"key": "a"}\n', b"[1]\n", b"\n", b'{"key": [1], "result": {}}\n'])
def test_foreign_file_is_not_touched(tmp_path: Path, line: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(line)
    with pytest.raises(ValueError, match=r"line 1 is no finished point; remove it, or choose"), checkpoint(tmp_path):
        pass
    assert (tmp_path / FILE_NAME).read_bytes() == line


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ValueError, match="cannot write there"), checkpoint(tmp_path / "file"):
        pass


def test_full_disk_stops_the_study_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    with checkpoint(tmp_path) as saved:
        saved.add("one", point={}, result={"error": "x"})
        monkeypatch.setattr(os, "write", lambda handle, content: real(handle, content[:10]))
        with pytest.raises(ValueError, match="the disk is full; free some space"):
            saved.add("two", point={}, result={"error": "x"})
    monkeypatch.undo()
    with checkpoint(tmp_path) as saved:
        assert ("one" in saved, "two" in saved) == (True, False)
