"""A saved report checked again: what holds is said to, a number changed in any file is named, no solver is needed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimize.flow.routing import CertificateError
from optimize.study.case import Case
from optimize.study.effects import with_effects
from optimize.study.measure import measure
from optimize.study.report import Report
from optimize.study.save import save_report, table_digest
from optimize.study.verify import verify_report
from tests.topo.test_series import varying
from topo.ground import nvl72

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def saved(lattice: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    save_report(with_effects(lattice), folder=folder)
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    shutil.copytree(saved, tmp_path / "copy")
    return tmp_path / "copy"


def test_report_and_folder_hold_and_say_what_is_proved_and_what_is_not(saved: Path) -> None:
    held = verify_report(saved)
    again = verify_report(saved / "report.json")
    assert (held.proved, held.stated, held.files) == (again.proved, again.stated, again.files)
    assert {"all_to_all of formation", "bisection of formation", "product of the ladder"} <= set(held.proved)
    assert "latency, mean of formation" in held.proved  # the ranges of all epochs follow from the scenario
    assert "all_reduce of formation" in held.stated  # its trees would have to be searched for
    assert set(held.files) == {path.name for path in saved.iterdir()}


@pytest.mark.parametrize("kind", ["ground", "varying"])
def test_reports_of_other_kinds_hold(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A rack compared with itself, whose gaps are exactly 1; and capacities that change over the orbit."""
    if kind == "ground":
        report = request.getfixturevalue("ground")
    else:
        report = measure(Case(name="wandering", formation=varying(), scale_up=nvl72()))
    save_report(report, folder=tmp_path)
    assert verify_report(tmp_path).proved


Change = Callable[[dict[str, Any]], None]


def times(factor: float, *path: str | int) -> Change:
    def change(table: dict[str, Any]) -> None:
        level: Any = table
        for step in path[:-1]:
            level = level[step]
        level[path[-1]] *= factor

    return change


def put(value: Any, *path: str | int) -> Change:
    def change(table: dict[str, Any]) -> None:
        level: Any = table
        for step in path[:-1]:
            level = level[step]
        level[path[-1]] = value

    return change


# One part in a million: far above the rounding of 1e-9 that is forgiven, far below what anybody would see.
SLIGHTLY = 1.0 + 1e-6


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (times(SLIGHTLY, "metrics", 0, "formation", "upper"), "injection of formation"),
        (times(SLIGHTLY, "metrics", 1, "formation", "upper"), "all_to_all of formation, upper"),
        (times(1 - 1e-6, "metrics", 1, "scale_up", "lower"), "all_to_all of scale_up, lower"),
        (times(SLIGHTLY, "metrics", 1, "gap_scale_up", "upper"), "all_to_all, gap_scale_up, upper"),
        (times(0.5, "metrics", 1, "gap_scale_out", "lower"), "all_to_all, gap_scale_out, lower"),
        (times(1 - 1e-6, "metrics", 2, "formation", "lower"), "bisection of formation, lower"),
        (times(SLIGHTLY, "metrics", 3, "formation", "upper"), "permutation of formation, upper"),
        (times(SLIGHTLY, "cut", "capacity_bps"), "cut, capacity_bps"),
        (times(SLIGHTLY, "ladder", "steps", 1, "factor"), "ladder, factor of step 1"),
        (times(SLIGHTLY, "ladder", "gap", "upper"), "ladder, gap, upper"),
        (times(2.0, "ladder", "width"), "ladder, width"),
        (put(True, "ladder", "steps", 5, "exact"), "ladder, step 5, exact says True, the ends above it"),
        (put(False, "ladder", "steps", 1, "exact"), "ladder, step 1, exact says False"),
        (times(SLIGHTLY, "readings", 1, "gap_scale_up", "upper"), "reading '2 x 2 spatial channels', gap_scale_up"),
        (times(SLIGHTLY, "all_reduce_times", 0, "formation_s"), "all_reduce of 1 MB, ring, formation_s"),
        (times(SLIGHTLY, "binding", 0, "share"), "binding, links"),
        (times(SLIGHTLY, "switching_bps"), "switching_bps"),
        (times(SLIGHTLY, "link_power_w"), "link_power_w"),
        (times(SLIGHTLY, "proofs", 0, "upper_per_s"), "proof 'scale-up all_to_all', upper"),
        (times(SLIGHTLY, "effects", "values", 1, "gap", "upper"), "effect of satellite.gpus, gap, upper"),
    ],
)
def test_a_number_changed_in_the_report_is_named(copy: Path, change: Change, named: str) -> None:
    """Even where somebody has put both digests right again."""
    path = copy / "report.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    change(table)
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(CertificateError, match=r"report\.json: ") as caught:
        verify_report(copy)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    forge(copy)
    with pytest.raises(CertificateError, match=r"report\.json: ") as caught:
        verify_report(copy)
    assert named in str(caught.value)


def forge(folder: Path) -> None:
    """Make the digests of report and certificate fit whatever stands in the files."""
    with np.load(folder / "certificate.npz") as file:
        arrays = {key: file[key] for key in file.files}
    table = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    arrays["report.sha256"] = np.array(table_digest(table))
    np.savez(folder / "certificate.npz", **arrays)
    table["certificate"]["sha256"] = hashlib.sha256((folder / "certificate.npz").read_bytes()).hexdigest()
    (folder / "report.json").write_text(json.dumps(table), encoding="utf-8")


def test_forged_digests_alone_are_no_error(copy: Path) -> None:
    forge(copy)  # so that the tests above fail for the number that they change
    verify_report(copy)


def test_what_no_proof_covers_is_found_by_the_digests_and_by_the_tables(copy: Path) -> None:
    path = copy / "report.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    table["readings"][0]["link_bps"] *= 2.0
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(CertificateError) as caught:
        verify_report(copy)
    assert "readings.csv: link_bps of '9.6 Tb/s is the sum of both directions'" in str(caught.value)
    assert "report.json is not the report that certificate.npz was written with" in str(caught.value)


def test_every_cell_of_every_table_is_compared(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.study.verify._MOST_NAMED", 1_000)
    for path in sorted(copy.glob("*.csv")):
        whole = path.read_text(encoding="utf-8")
        head, *rows = csv.reader(io.StringIO(whole))
        numbers = [k for k, cell in enumerate(rows[0]) if cell.replace(".", "").isdigit()]
        for number in numbers:
            rows[0][number] = repr(float(rows[0][number]) * SLIGHTLY + 1.0)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([head, *rows])
        path.write_text(text.getvalue(), encoding="utf-8")
        with pytest.raises(CertificateError) as refused:
            verify_report(copy)
        for number in numbers:
            assert re.search(rf"{path.name}: {head[number]} of [^;]* says [^;]*, recomputed", str(refused.value))
        path.write_text(whole.partition("\n")[0] + "\n", encoding="utf-8")
        with pytest.raises(CertificateError, match=rf"{path.name}: has \d+ lines, need \d+"):
            verify_report(copy)
        path.write_text(whole, encoding="utf-8")
    (copy / "metrics.csv").unlink()
    assert "metrics.csv" not in verify_report(copy).files  # a table that is not there says nothing untrue


def test_report_and_certificate_of_different_runs_are_told_apart(copy: Path, apart: Report, tmp_path: Path) -> None:
    save_report(apart, folder=tmp_path / "other")
    shutil.copy(tmp_path / "other" / "certificate.npz", copy)
    with pytest.raises(CertificateError):
        verify_report(copy)


def test_what_is_no_report_with_its_certificate_is_one_line(copy: Path, lattice: Report) -> None:
    path = copy / "report.json"
    table = json.loads(path.read_text(encoding="utf-8"))

    def refused(content: str, says: str) -> None:
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=says) as caught:
            verify_report(path)
        assert "\n" not in str(caught.value)

    refused("not JSON", "not JSON")
    refused("[" * 100_000, "not JSON")
    refused("[1]", "not a 'fabricgap report 1'")
    refused(json.dumps({**table, "format": "fabricgap sweep 1"}), "not a 'fabricgap report 1'")
    refused(json.dumps({k: v for k, v in table.items() if k != "certificate"}), "names no certificate")
    refused(json.dumps({k: v for k, v in table.items() if k != "ladder"}), "not a whole report")
    refused(json.dumps({**table, "metrics": 3}), "not a whole report")
    (copy / "certificate.npz").unlink()
    refused(json.dumps(table), "cannot be read, No such file or directory; give a certificate")
    with pytest.raises(ValueError, match=r"cannot be read, No such file or directory; give a report\.json"):
        verify_report(copy / "nowhere.json")


NO_SOLVER = """\
import importlib.abc, sys
from pathlib import Path

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("cvxpy", "highspy", "clarabel", "ecos", "osqp", "scs", "numba", "igraph"):
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Blocked())
from optimize.study.verify import verify_report
print(len(verify_report(Path(sys.argv[1])).proved))
"""


def test_a_report_is_verified_where_there_is_no_solver_and_no_compiler(saved: Path) -> None:
    done = subprocess.run([sys.executable, "-c", NO_SOLVER, str(saved)], capture_output=True, text=True, cwd=ROOT,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(verify_report(saved).proved)
