"""Answers of the large solver in use: what `auto` chooses, solvers that fail, saved and verified again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import optimize.flow.large.solve as large
from optimize import Case, save_report, verify_file
from optimize.flow.problem import NotSolvedError
from optimize.flow.routing import CertificateError
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from optimize.study.measure import measure
from tests.optimize.graphs import undirected
from tests.optimize.test_large import GRID, grid

# --- what `auto` chooses


def test_auto_takes_the_large_solver_above_its_size_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.throughput._MANY_FLOWS", 100)
    monkeypatch.setattr("optimize.flow.throughput._MANY_ORBIT_FLOWS", 100)
    answer = max_throughput(fabric=GRID, traffic=all_to_all(fabric=GRID), rtol=1e-3)
    assert answer.method.startswith("flows shifted")
    assert "passes" in answer.note
    assert answer.width <= 1e-3


def test_auto_closes_by_the_linear_program_what_the_large_solver_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.throughput._MANY_FLOWS", 100)
    monkeypatch.setattr("optimize.flow.throughput._MANY_ORBIT_FLOWS", 100)
    monkeypatch.setattr(large, "_LAST", 4)  # one power, so that it stays wide
    answer = max_throughput(fabric=GRID, traffic=all_to_all(fabric=GRID), rtol=1e-6)
    assert answer.method.startswith("linear program by orbits")
    assert answer.width <= 1e-6


def test_auto_asks_for_less_where_the_last_digits_would_take_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MANY_FLOWS", "_MANY_ORBIT_FLOWS", "_MOST_ORBIT_FLOWS", "_MOST_FINE_FLOWS"):
        monkeypatch.setattr(f"optimize.flow.throughput.{name}", 100)
    answer = max_throughput(fabric=GRID, traffic=all_to_all(fabric=GRID))
    assert answer.width <= 2e-3
    assert "method='large' for 1e-06" in answer.note


@pytest.mark.parametrize("method", ["auto", "exact"])
def test_a_solver_that_fails_leaves_a_valid_interval_or_a_clear_error(
    method: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise NotSolvedError("the solver has gone home")

    monkeypatch.setattr("optimize.flow.exact.solve_by_orbits", fails)
    monkeypatch.setattr("optimize.flow.problem.ThroughputProblem.solve", fails)
    traffic = all_to_all(fabric=GRID)
    if method == "exact":
        with pytest.raises(NotSolvedError, match="gone home"):
            max_throughput(fabric=GRID, traffic=traffic, method=method)
        return
    answer = max_throughput(fabric=GRID, traffic=traffic, method=method)
    answer.verify(fabric=GRID, traffic=traffic)
    assert 0 < answer.lower_per_s < answer.upper_per_s
    assert "gone home" in answer.note


# --- saved, and verified again without a solver


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of a report whose throughput is by the large solver."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("optimize.flow.throughput._MANY_FLOWS", 100)
        patch.setattr("optimize.flow.throughput._MANY_ORBIT_FLOWS", 100)
        ring = undirected(nx.cycle_graph(4)).fabric()
        report = measure(Case(name="grid", formation=grid(3), scale_up=ring), rtol=1e-3)
    folder = tmp_path_factory.mktemp("large")
    save_report(report, folder=folder)
    return folder / "certificate.npz"


def test_a_saved_answer_is_verified_again(saved: Path) -> None:
    checked = verify_file(saved)
    ours = [proof for proof, _ in checked if proof.throughput.method.startswith("flows shifted")]
    assert ours
    for proof, interval in checked:
        assert interval.lower == pytest.approx(proof.throughput.per_gpu_bps.lower, rel=1e-9)


@pytest.mark.parametrize("part", [1e-3, 0.5])
def test_a_saved_answer_with_other_flows_is_refused(saved: Path, tmp_path: Path, part: float) -> None:
    with np.load(saved, allow_pickle=False) as file:
        arrays = {key: file[key].copy() for key in file.files}
    changed = [key for key in arrays if key.endswith(".flow") and arrays[key].dtype.kind == "i"]
    assert changed
    flow = arrays[changed[0]]
    most = np.unravel_index(int(np.argmax(np.abs(flow))), flow.shape)
    flow[most] -= int(part * flow[most])
    with (tmp_path / "certificate.npz").open("wb") as stream:
        np.savez(stream, **arrays)
    with pytest.raises(CertificateError):
        verify_file(tmp_path / "certificate.npz")
