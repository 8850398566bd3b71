"""Files: whole or not at all, plain JSON and CSV, and certificates that hold without a solver and against tampering."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from optimize.flow.routing import CertificateError
from optimize.study.case import Case
from optimize.study.measure import measure
from optimize.study.proof_files import load_proofs, verify_file
from optimize.study.report import Report
from optimize.study.save import report_table, save_report, write_atomically
from tests.topo.test_series import varying
from topo.graph import from_networkx
from topo.ground import nvl72

ROOT = Path(__file__).parents[2]
NAMES = [
    "report.json",
    "collectives.csv",
    "all_reduce_times.csv",
    "metrics.csv",
    "ladder.csv",
    "readings.csv",
    "effects.csv",
    "links.csv",
    "certificate.npz",
]
Arrays = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def saved(lattice: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of `lattice-21`."""
    folder = tmp_path_factory.mktemp("report") / "new" / "folder"
    assert [path.name for path in save_report(lattice, folder=folder)] == NAMES
    return folder


def arrays_of(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def with_arrays(path: Path, arrays: Arrays) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return path


# --- what is written


def test_json_has_the_numbers_their_sources_and_what_made_them(saved: Path, lattice: Report) -> None:
    text = (saved / "report.json").read_text(encoding="utf-8")
    table = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    for written, metric in zip(table["metrics"], lattice.metrics, strict=True):
        assert written["name"] == metric.name
        assert written["formation"] == {"lower": metric.formation.lower, "upper": metric.formation.upper}
        assert written["gap_scale_up"]["lower"] == metric.gap_up.interval.lower
    assert len(table["readings"]) == len(lattice.readings)
    assert table["scenario_data"]["link.aperture_m"]["source"] == "arXiv:2511.19468v2"
    assert table["parts"]["coherent_400zr"]["data"]["power_w"]["source"]
    assert table["provenance"]["digest"] == lattice.provenance["digest"]
    assert "one direction" in table["conventions"]


def test_what_is_unlimited_is_null_and_never_infinity() -> None:
    # the rack's latency may be 0 in the ring below, so that the gap has no upper end
    graph: nx.Graph[int] = nx.cycle_graph(4)
    for _, _, link in graph.edges(data=True):
        link.update(latency_s=1e-9, latency_low_s=0.0)
    ring = from_networkx(graph, name="ring", gpus=1, capacity_bps=1e12)
    report = measure(Case(name="ring", formation=nvl72(), scale_up=ring))
    table = report_table(report)
    worst = next(row for row in table["metrics"] if row["name"] == "latency, worst")
    assert worst["gap_scale_up"]["upper"] is None
    json.dumps(table, allow_nan=False)


def test_tables_agree_with_the_report(saved: Path, lattice: Report) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (saved / name).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    metrics = {row["metric"]: row for row in rows("metrics.csv")}
    assert float(metrics["all_to_all"]["formation_lower"]) == lattice.metric("all_to_all").formation.lower
    assert metrics["all_to_all"]["unit"] == "bit/s"
    assert [float(row["factor"]) for row in rows("ladder.csv")] == [step.factor for step in lattice.ladder.rungs]
    assert [row["reading"] for row in rows("readings.csv")] == [reading.label for reading in lattice.readings]
    links = rows("links.csv")
    assert len(links) == 120
    for row in links:  # no link carries more than it can; 1e-9: sums of many flows
        assert 0.0 <= float(row["load_bps"]) <= float(row["capacity_bps"]) * (1 + 1e-9)
        # the longest over the orbit: a direct neighbour 200 m, a diagonal one 283 m
        assert min(abs(float(row["longest_range_m"]) - d) for d in (200.0, 200.0 * np.sqrt(2.0))) < 1e-6


def test_the_same_report_is_written_as_the_same_bytes_on_any_day(
    saved: Path, lattice: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1e9)  # September 2001
    save_report(lattice, folder=tmp_path)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (saved / name).read_bytes(), name


def test_a_report_made_by_hand_is_saved_and_verified_too(tmp_path: Path) -> None:
    report = measure(Case(name="wandering", formation=varying(), scale_up=nvl72()))
    save_report(report, folder=tmp_path)
    checked = {proof.label: found for proof, found in verify_file(tmp_path / "certificate.npz")}
    row = report.metric("all_to_all").formation
    assert checked["formation all_to_all"].lower == pytest.approx(row.lower, rel=1e-9)
    assert checked["formation all_to_all, worst time"].upper == pytest.approx(row.upper, rel=1e-9)


# --- verified again


def test_proofs_come_back_as_they_were(saved: Path, lattice: Report) -> None:
    for loaded, proof in zip(load_proofs(saved / "certificate.npz"), lattice.proofs, strict=True):
        assert loaded.label == proof.label
        assert loaded.throughput.method == proof.throughput.method
        assert loaded.throughput.per_gpu_bps == proof.throughput.per_gpu_bps
        assert loaded.fabric.labels == proof.fabric.labels
        assert np.array_equal(loaded.fabric.capacity_bps, proof.fabric.capacity_bps)
        with pytest.raises(ValueError, match="read-only"):
            loaded.fabric.capacity_bps[0] = 1.0


NO_SOLVER = """\
import importlib.abc, sys
from pathlib import Path

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("cvxpy", "highspy", "clarabel", "ecos", "osqp", "scs"):
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Blocked())
from optimize.study.proof_files import verify_file
for proof, found in verify_file(Path(sys.argv[1])):
    print(f"{proof.label}\\t{found.lower!r}\\t{found.upper!r}")
"""


def test_a_certificate_is_verified_where_there_is_no_solver(saved: Path, lattice: Report) -> None:
    command = [sys.executable, "-c", NO_SOLVER, str(saved / "certificate.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = {line.split("\t")[0]: [float(end) for end in line.split("\t")[1:]] for line in done.stdout.splitlines()}
    assert set(found) == {proof.label for proof in lattice.proofs}
    row = lattice.metric("all_to_all").formation
    assert found["formation all_to_all"] == pytest.approx([row.lower, row.upper], rel=1e-9)
    assert found["scale-up all_to_all"] == pytest.approx([7.2e12, 7.2e12], rel=1e-9)


def number_of(arrays: Arrays, label: str) -> str:
    return next(key.split(".")[0] for key in arrays if key.endswith(".label") and arrays[key].item() == label)


def scaled(name: str, factor: float, index: int | None = None) -> Callable[[Arrays, str], None]:
    def change(arrays: Arrays, proof: str) -> None:
        value = arrays[f"{proof}.{name}"].copy()
        value[... if index is None else index] *= factor
        arrays[f"{proof}.{name}"] = value

    return change


def replaced(name: str, value: Any) -> Callable[[Arrays, str], None]:
    def change(arrays: Arrays, proof: str) -> None:
        arrays[f"{proof}.{name}"] = np.asarray(value)

    return change


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (scaled("ends", 1.001, 0), "claims .* rounds/s, its routing carries"),
        (scaled("ends", 0.999, 1), "claims at most .* rounds/s, its prices prove only"),
        (scaled("ends", 2.0, 2), "counts 3022 bit per GPU, its traffic 1511"),
        (scaled("fabric.capacity_bps", 0.5), "its routing carries"),
        (scaled("fabric.capacity_bps", 2.0), "its prices prove only"),
        (scaled("routing.flow_bit.data", 0.5), "is not conserved"),
        (scaled("routing.flow_bit.data", -1.0), "a flow is negative or undefined"),
        (scaled("routing.flow_bit.data", np.nan), "a flow is negative or undefined"),
        (scaled("prices.arc", -1.0), "prices of arc must be 120 finite numbers >= 0"),
        (scaled("prices.arc", 0.0), "its prices prove only inf"),
        (scaled("traffic.out", 0.5), "its traffic is not one bit from every GPU to every other"),
        (scaled("traffic.local_bit", 0.5), "its traffic is not one bit"),
        (scaled("traffic.bit_per_gpu", 2.0), "counts 1511 bit per GPU, its traffic 3022"),
        (scaled("fabric.gpus", 2), "its traffic is not one bit"),
        (replaced("routing.sources", [0]), "flows have shape"),
        (replaced("prices.arc", [1.0]), "prices of arc must be 120 finite numbers"),
    ],
)
def test_a_certificate_that_was_tampered_with_is_refused(
    saved: Path, tmp_path: Path, tamper: Callable[[Arrays, str], None], message: str
) -> None:
    arrays = arrays_of(saved / "certificate.npz")
    tamper(arrays, number_of(arrays, "formation all_to_all"))
    path = with_arrays(tmp_path / "certificate.npz", arrays)
    with pytest.raises(CertificateError, match=message) as caught:
        verify_file(path)
    assert str(caught.value).startswith(f"{path}: formation all_to_all: ")
    assert "\n" not in str(caught.value)


def test_an_empty_matrix_whose_rows_end_before_they_start_is_no_certificate(saved: Path, tmp_path: Path) -> None:
    # scipy follows such rows out of the array: once a crash of the whole process.
    arrays = arrays_of(saved / "certificate.npz")
    key = f"{number_of(arrays, 'formation all_to_all')}.traffic.explicit.indptr"
    arrays[key] = arrays[key] + (np.arange(arrays[key].size) == 7)
    with pytest.raises(ValueError, match=r"not a certificate .*indptr goes down"):
        verify_file(with_arrays(tmp_path / "certificate.npz", arrays))


@pytest.mark.parametrize("label", ["formation all_to_all", "formation permutation"])
def test_any_damage_to_any_array_is_one_line_or_leaves_a_true_certificate(label: str, tmp_path: Path) -> None:
    ring = from_networkx(nx.cycle_graph(4), name="ring", gpus=1, capacity_bps=1e12)
    save_report(measure(Case(name="ring", formation=ring, scale_up=ring)), folder=tmp_path)
    arrays = arrays_of(tmp_path / "certificate.npz")
    number = number_of(arrays, label)
    one = {"0." + key.partition(".")[2]: value for key, value in arrays.items() if key.split(".")[0] == number}
    truth = next(p.throughput.per_gpu_bps for p in load_proofs(tmp_path / "certificate.npz") if p.label == label)
    damages: list[Callable[[NDArray[Any]], Any]] = [
        lambda a: a[:-1], lambda a: a[None], lambda a: np.array("text"), lambda a: np.full_like(a, -5),
        lambda a: np.full(a.shape, np.nan), lambda a: np.full(a.shape, 1e300), lambda a: np.array([]),
        lambda a: np.full_like(a, 10**9), lambda a: a[..., ::-1], np.zeros_like, lambda a: a.astype("S5"),
    ]  # fmt: skip
    refused = 0
    for key in one:
        for damage in damages:
            try:
                broken = damage(one[key])
            except (IndexError, ValueError, TypeError, OverflowError):
                continue  # this damage cannot be done to that array
            text, found = "", truth
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numpy and scipy warn of casts on the way
                try:
                    found = verify_file(with_arrays(tmp_path / "broken.npz", one | {key: broken}))[0][1]
                except ValueError as error:
                    text = str(error)
            refused += bool(text)
            assert text.splitlines() == [text] * bool(text), key
            # what is not refused still says nothing untrue of the four satellites in their ring
            assert found.lower <= truth.upper * (1 + 1e-9), key
            assert found.upper >= truth.lower * (1 - 1e-9), key
    assert refused > 100


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a certificate"),
        (b"not a zip file", "not a certificate"),
        (b"\x93NUMPY\x01\x00", "not a certificate"),
        (b"PK\x03\x04" + b"\0" * 100, "not a certificate"),
    ],
)
def test_a_file_that_is_no_certificate_is_said_to_be_none(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "certificate.npz"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"{path}: {message} .*give a certificate\.npz that fabricgap wrote"
    ) as caught:
        verify_file(path)
    assert "\n" not in str(caught.value)


def test_certificates_cut_short_or_scrambled_are_refused(saved: Path, tmp_path: Path) -> None:
    whole = (saved / "certificate.npz").read_bytes()
    path = tmp_path / "certificate.npz"
    draw = np.random.default_rng(1)
    for length in (100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="not a certificate"):
            verify_file(path)
    for _ in range(10):  # a flipped byte is found by the check sums of the zip file, or changes nothing that counts
        flipped = bytearray(whole)
        flipped[int(draw.integers(len(whole)))] ^= 0xFF
        path.write_bytes(flipped)
        text = ""
        try:
            verify_file(path)
        except ValueError as error:
            text = str(error)
        assert "\n" not in text


def test_other_zip_files_and_missing_arrays_are_no_certificates(saved: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    arrays = arrays_of(saved / "certificate.npz")
    del arrays["0.prices.arc"]
    with_arrays(tmp_path / "less.npz", arrays)
    np.save(tmp_path / "one.npy", np.zeros(3))
    for name in ("other.npz", "less.npz", "one.npy"):
        with pytest.raises(ValueError, match="not a certificate"):
            verify_file(tmp_path / name)
    with pytest.raises(ValueError, match="cannot be read, No such file or directory; give a certificate"):
        verify_file(tmp_path / "nowhere.npz")
    with pytest.raises(ValueError, match="cannot be read, Is a directory; give a certificate"):
        verify_file(tmp_path)


# --- whole files or none


def test_an_error_in_the_middle_of_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.txt"
    write_atomically(path=path, content=b"old")
    real = os.fdopen

    def failing(error: BaseException) -> Callable[..., Any]:
        def fdopen(*args: Any, **options: Any) -> Any:
            file = real(*args, **options)
            file.write(b"half")
            file.close()
            raise error

        return fdopen

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", failing(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            write_atomically(path=path, content=b"new")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", failing(OSError(28, "No space left on device")))
        with pytest.raises(ValueError, match=r"file\.txt: cannot be written, No space left on device; free the place"):
            write_atomically(path=path, content=b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


WRITER = """\
import sys
from pathlib import Path
from optimize.study.save import write_atomically
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_atomically(path=Path(sys.argv[1]), content=letter * 20_000_000)
"""


def test_a_killed_writer_leaves_the_old_file_or_the_new_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        while not path.exists():
            time.sleep(0.01)
        time.sleep(0.05)  # some writes later, most likely in the middle of one
        writer.send_signal(signal.SIGKILL)
    content = path.read_bytes()
    assert len(content) == 20_000_000
    assert len(set(content)) == 1


def test_places_that_cannot_be_written_to_are_named(lattice: Report, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("x")
    with pytest.raises(ValueError, match=r"a file: cannot write there, .*; choose another output folder"):
        save_report(lattice, folder=tmp_path / "a file")
    (tmp_path / "out" / "report.json").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"report\.json: cannot be written, Is a directory; free the place or choose"):
        save_report(lattice, folder=tmp_path / "out")
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["report.json"]
