"""What a large fabric gets instead of the exact metric, on a small one that has both."""

from __future__ import annotations

import io
import zipfile

import pytest

from optimize.study import side
from optimize.study.case import as_series, build
from optimize.study.proof_files import packed_proofs
from optimize.study.report import Report
from optimize.study.scenario import load_scenario
from optimize.study.side import Asked, Side


def rough(monkeypatch: pytest.MonkeyPatch) -> Side:
    """`lattice-21` measured as if 21 satellites were too many."""
    monkeypatch.setattr(side, "MOST_ASSIGNED", 20)
    series = as_series(build(load_scenario("lattice-21", overrides={"reading": []})).formation)
    asked = Asked(rtol=1e-6, large_rtol=1e-2, time_limit_s=60.0, progress=lambda step: None)
    return Side(series.worst(), asked, series)


def test_permutation_and_latency_of_a_large_fabric_hold_those_of_a_small_one(
    monkeypatch: pytest.MonkeyPatch, lattice: Report
) -> None:
    found = rough(monkeypatch)
    exact = lattice.metric("permutation").formation
    assert found.permutation is not None
    assert found.permutation.lower <= exact.upper
    assert found.permutation.upper >= exact.lower * (1 - 1e-6)
    assert found.permutation.width < 0.2  # both ends follow from the same middle cut, 10 and 11 satellites apart
    assert "permutation" not in [proof.label.split()[-1] for proof in found.proofs("formation")]
    assert found.latency is not None
    for name, value in (("latency, mean", found.latency.mean), ("latency, worst", found.latency.worst)):
        row = lattice.metric(name).formation
        assert value.lower <= row.lower
        assert row.upper <= value.upper
    assert [note.split(":")[0] for note in found.notes] == ["permutation", "latency"]


def test_an_answer_is_asked_for_more_roughly_where_the_fabric_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side, "_EXACT_FLOWS", 100)
    found = rough(monkeypatch)
    assert found.all_to_all.width <= 1e-2


def test_what_proofs_share_is_written_once(lattice: Report) -> None:
    names = zipfile.ZipFile(io.BytesIO(packed_proofs(lattice.proofs))).namelist()
    fabrics = {id(proof.fabric) for proof in lattice.proofs}
    assert len(fabrics) < len(lattice.proofs)
    assert sum(name.endswith(".fabric.tail.npy") for name in names) == len(fabrics)
