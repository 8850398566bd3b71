"""What the benchmarks print: tables, what they promise before they begin, and ratios computed from known times."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import duration, main, table
from tests.benchmarks.bench_measure import Steps
from tests.benchmarks.bench_sweep import against

NAMES = sorted(file.stem for file in Path(__file__).parent.glob("bench_*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_says_what_it_measures_and_how_long_it_takes(name: str) -> None:
    module = import_module(f"tests.benchmarks.{name}")
    assert len((module.__doc__ or "").splitlines()[0]) > 40
    assert 1 <= module.TAKES_S <= 1800
    assert callable(module.run)


def test_all_of_them_take_less_than_forty_minutes() -> None:
    assert sum(import_module(f"tests.benchmarks.{name}").TAKES_S for name in NAMES) < 2400


def test_columns_line_up_and_missing_cells_are_dashes() -> None:
    lines = table([{"a": "long name", "wall_s": 1.23456}, {"a": "b", "ratio": 2.0}]).splitlines()
    assert [line.split() for line in lines] == [
        ["a", "wall_s", "ratio"], ["long", "name", "1.235", "-"], ["b", "-", "2"],
    ]  # fmt: skip
    assert lines[0].index("wall_s") == lines[1].index("1.235") == lines[2].index("-")


def test_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    assert "no benchmark nothing; there are: gap, imports" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "words"), [(5, "about 5 s"), (99, "about 99 s"), (300, "about 5 minutes")])
def test_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_speed_of_many_workers_is_against_one_and_idle_cores_count_work_only() -> None:
    one, two = against([{"workers": 1, "wall_s": 12.0, "cpu_s": 12.0}, {"workers": 2, "wall_s": 8.0, "cpu_s": 15.0}])
    assert (one["speedup"], one["speedup_idle"]) == (1.0, 1.0)
    assert (two["speedup"], two["speedup_idle"]) == (1.5, 2 * 12.0 / 15.0)
    assert "speedup_idle" not in against([{"workers": 1, "wall_s": 12.0}])[0]


def test_steps_of_the_reference_are_one_and_progress_within_a_step_is_none() -> None:
    steps = Steps(reference="rack")
    for text in ("all_to_all of rack", "latency of rack", "all_to_all of lattice", "all_to_all: pass 3", "ladder"):
        steps.tell(text)
    steps.end()
    assert list(steps.found) == ["reference", "all_to_all", "ladder"]
    assert all(wall_s >= 0.0 and cpu_s >= 0.0 for wall_s, cpu_s in steps.found.values())


def test_peak_memory_is_of_this_process_alone_and_grows_with_what_it_holds() -> None:
    code = "from tests.benchmarks.measure import peak_mb; a = peak_mb(); b = b'1' * 100_000_000; print(a, peak_mb())"
    held = b"1" * 300_000_000  # more than the other process needs
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    before, after = map(float, done.stdout.split())
    assert before < 100.0 < len(held) / 1e6
    assert 90.0 < after - before < 120.0
