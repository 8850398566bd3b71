"""Forged reports whose files all agree: easier traffic, weaker references, other formations, wrong words and digests.

Each forger writes with the project's own writer, or puts every table and digest right again afterwards.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from optimize.flow.routing import CertificateError
from optimize.flow.traffic import permutation
from optimize.study import side
from optimize.study.case import Case, as_series, build
from optimize.study.measure import measure
from optimize.study.proof_files import verify_file
from optimize.study.save import save_report, table_digest, tables_csv
from optimize.study.scenario import load_scenario
from optimize.study.tables import PublishedTable
from optimize.study.verify import Verification, verify_report
from topo.fabric import Fabric
from topo.ground import nvl72, superpod

NINE = {"reading": [], "formation.radius_m": "300 m"}  # nine satellites


def fading() -> Case:
    """Nine satellites whose links carry less when they are long."""
    case = build(load_scenario("radio-60ghz", overrides=NINE))
    assert np.ptp(as_series(case.formation).capacity_bps, axis=0).max() > 0  # or it would not do
    return case


def nine(**overrides: Any) -> Case:
    return build(load_scenario("lattice-21", overrides={**NINE, **overrides}))


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(CertificateError) as caught:
        verify_report(folder)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


# --- traffic


def nearest(*, fabric: Fabric) -> NDArray[np.int64]:
    """Every two nodes of a link swap: the easiest permutation instead of the hardest."""
    image = np.arange(fabric.n_nodes)
    free = set(np.flatnonzero(fabric.gpus).tolist())
    for s, t in zip(fabric.tail.tolist(), fabric.head.tolist(), strict=True):
        if s in free and t in free:
            image[s], image[t] = t, s
            free -= {s, t}
    return image


def test_an_easier_permutation_is_not_the_permutation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as forger:
        forger.setattr(side, "farthest_permutation", nearest)
        save_report(measure(nine()), folder=tmp_path)
    refused(tmp_path, "certificate.npz: formation permutation: its traffic is not the permutation of most hops: node ")
    with pytest.raises(CertificateError, match="formation permutation: its traffic is not the permutation of most"):
        verify_file(tmp_path / "certificate.npz")  # without a report too


def test_a_permutation_that_calls_itself_all_to_all_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def renamed(*, fabric: Fabric, image: NDArray[np.int64]) -> Any:
        return replace(permutation(fabric=fabric, image=image), name="all_to_all")

    with monkeypatch.context() as forger:
        forger.setattr(side, "permutation", renamed)
        save_report(measure(nine()), folder=tmp_path)
    refused(tmp_path, "permutation: its traffic is called 'all_to_all', need 'permutation'")


# --- references


@pytest.mark.parametrize("which", ["scale_up", "scale_out"])
def test_a_weaker_reference_is_named_with_its_link(which: str, tmp_path: Path) -> None:
    case = nine()
    fabric = getattr(case, which)
    weak = replace(fabric, capacity_bps=fabric.capacity_bps / 2.0)
    save_report(measure(replace(case, **{which: weak})), folder=tmp_path)
    label = f"{which.replace('_', '-')} all_to_all"
    refused(tmp_path, f"certificate.npz: fabric of '{label}': capacity_bps of ", "says ", "need ")


def test_a_superpod_of_fewer_racks_is_not_the_reference(tmp_path: Path) -> None:
    save_report(measure(replace(nine(), scale_out=superpod(racks=8))), folder=tmp_path)
    refused(tmp_path, "certificate.npz: fabric of 'scale-out all_to_all': 9 nodes", "need 10")  # racks and core


def test_a_reference_made_by_hand_is_stated_and_the_usual_one_is_known(tmp_path: Path) -> None:
    form = as_series(nine().formation).worst()
    rack = nvl72()
    for name, fabric in (("weak", replace(rack, capacity_bps=rack.capacity_bps / 2.0)), ("rack", rack)):
        save_report(measure(Case(name="mine", formation=form, scale_up=fabric)), folder=tmp_path / name)
        held = verify_report(tmp_path / name)
        assert ("scale-up fabric as stored" in held.stated) == (name == "weak")
        assert ("scale-up fabric" in held.proved) == (name == "rack")
        assert "formation fabric as stored: made by hand, no scenario" in held.stated


# --- the formation


def test_a_faster_formation_is_not_that_of_the_scenario(tmp_path: Path) -> None:
    case = nine()
    fast = replace(as_series(case.formation), capacity_bps=as_series(case.formation).capacity_bps * (1.0 + 1e-6))
    save_report(measure(replace(case, formation=fast, terminals=None)), folder=tmp_path)
    refused(tmp_path, "certificate.npz: fabric of 'formation all_to_all': capacity_bps of sat0->", "says 96000096")


def test_shorter_links_and_less_power_are_found_where_no_rate_shows_them(tmp_path: Path) -> None:
    case = nine()
    series = as_series(case.formation)
    for name in ("latency_s", "power_w"):
        other = replace(series, **{name: getattr(series, name) * 1.01})
        save_report(measure(replace(case, formation=other)), folder=tmp_path / name)
        refused(tmp_path / name, f"fabric of 'formation all_to_all': {name} of sat0->")


def test_times_of_an_orbit_are_those_of_the_scenario(tmp_path: Path) -> None:
    """Links whose rate changes: what holds is proved over all times, and a time that never comes is found."""
    case = fading()
    series = as_series(case.formation)
    save_report(measure(case), folder=tmp_path / "true")
    held = verify_report(tmp_path / "true")
    assert {"injection of formation", "bisection of formation", "latency, mean of formation"} <= set(held.proved)
    slower = series.capacity_bps.min(axis=0) == series.capacity_bps  # the least of each arc stays as it is
    better = np.where(slower, series.capacity_bps, series.capacity_bps * 1.5)
    forged = replace(case, formation=replace(series, capacity_bps=better), terminals=None)
    save_report(measure(forged), folder=tmp_path / "forged")
    refused(tmp_path / "forged", "certificate.npz: fabric of 'formation all_to_all, worst time': that of no time")


def test_a_proof_of_the_worst_time_left_out_is_missed(tmp_path: Path) -> None:
    """What each arc keeps has a lower bound than any time: taking it for the upper end would be too narrow."""
    case = fading()
    save_report(measure(replace(case, formation=as_series(case.formation).worst(), terminals=None)), folder=tmp_path)
    refused(tmp_path, "certificate.npz: holds no proof 'formation all_to_all, worst time'")


# --- words and numbers that nothing but the report says


PUBLISHED = (
    PublishedTable(what="satellites", value=9, compare="satellites", source="a book"),
    PublishedTable(what="closest approach", value="100 m", compare="shortest link", source="a book"),
)
READINGS = [{"label": "half", "set": {"link.channels": 12}}, {"label": "2 x 2", "set": {"link.sub_apertures": 4}}]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine satellites with two readings and two published figures."""
    scenario = load_scenario("lattice-21", overrides={**NINE, "reading": READINGS})
    folder = tmp_path_factory.mktemp("report")
    save_report(measure(build(scenario.model_copy(update={"published": PUBLISHED}))), folder=folder)
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    shutil.copytree(saved, tmp_path / "copy")
    return tmp_path / "copy"


def forge(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the report, then make tables and digests fit it."""
    table = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    change(table)
    for name, content in tables_csv(table).items():
        (folder / name).write_bytes(content)
    with np.load(folder / "certificate.npz") as file:
        arrays = {key: file[key] for key in file.files}
    arrays["report.sha256"] = np.array(table_digest(table))
    np.savez(folder / "certificate.npz", **arrays)
    table["certificate"]["sha256"] = hashlib.sha256((folder / "certificate.npz").read_bytes()).hexdigest()
    (folder / "report.json").write_text(json.dumps(table), encoding="utf-8")


def put(value: Any, *path: str | int) -> Callable[[dict[str, Any]], None]:
    """Write a value, or what a function makes of the one that is there, at a place of the table."""

    def change(table: dict[str, Any]) -> None:
        level: Any = table
        for step in path[:-1]:
            level = level[step]
        level[path[-1]] = value(level[path[-1]]) if callable(value) else value

    return change


def slightly(value: float) -> float:
    return value * (1.0 + 1e-6)


def times_100(ends: dict[str, float]) -> dict[str, float]:
    return {end: 100.0 * value for end, value in ends.items()}


def one_fewer(table: dict[str, Any]) -> None:
    table["readings"] = table["readings"][1:]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (put(lambda gpus: gpus - 72, "cut", "smaller_gpus"), "cut, smaller_gpus says 216, recomputed 288"),
        (put(True, "metrics", 0, "less_is_better"), "injection, less_is_better says True, need False"),
        (put("GB/s", "metrics", 0, "unit"), "injection, unit says 'GB/s', need 'bit/s'"),
        (put("0" * 16, "provenance", "digest"), "provenance, digest says 0000000000000000, recomputed "),
        (put(12, "provenance", "scenario", "link", "channels"), "provenance, digest says "),
        (put("another", "name"), "name says 'another', its scenario 'lattice-21'"),
        (put(12.0, "scenario_data", "link.channels", "value"), "scenario_data, link.channels says 12, its scenario 24"),
        (put("two satellites", "modelled", 0), "modelled"),
        (put(slightly, "published", 1, "here", "upper"), "published 'closest approach', here, upper says 100.0001"),
        (put(80.0, "published", 0, "published"), "published 'satellites', published says 80"),
        (put("not reproduced", "published", 0, "verdict"), "verdict says 'not reproduced', need 'reproduced'"),
        (put(slightly, "metrics", 6, "formation", "upper"), "latency, mean of formation, upper"),
        (put(slightly, "metrics", 8, "formation", "upper"), "energy of formation, upper"),
        (put(slightly, "metrics", 4, "formation", "upper"), "all_gather of formation, upper"),
        (put(slightly, "collectives", 0, "formation", "between_nodes", "upper"), "collective all_gather of formation"),
        (put(slightly, "collectives", 1, "scale_out", "inside_a_node"), "all_reduce of scale_out, inside a node says"),
        (put(times_100, "collectives", 1, "scale_out", "between_nodes"), "is outside"),
        (put(slightly, "readings", 0, "link_bps"), "reading 'half', link_bps says 4.8000048e+12, recomputed 4.8e+12"),
        (put(slightly, "readings", 1, "power_w_per_node"), "reading '2 x 2', power_w_per_node says"),
        (one_fewer, "readings are 2 x 2; need half, 2 x 2"),
        (put(slightly, "ladder", "steps", 1, "achieved_bps"), "ladder, step 1, achieved_bps"),
        (put(slightly, "ladder", "steps", 5, "achieved_bps"), "ladder, step 5, achieved_bps"),
        (put(True, "ladder", "steps", 4, "exact"), "ladder, step 4, exact says True"),
        (put(slightly, "ladder", "surplus", "upper"), "ladder, surplus, upper"),
    ],
)  # fmt: skip
def test_a_word_or_number_of_the_report_alone_is_named(
    copy: Path, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    forge(copy, change)
    refused(copy, "report.json: ", named)


def test_what_is_only_stated_is_said_to_be(saved: Path) -> None:
    held = verify_report(saved)
    assert {"formation fabric, from the scenario", "scale-up fabric", "ladder step 3"} <= set(held.proved)
    assert {"all_reduce of formation", "ladder step 4", "ladder, failure"} <= set(held.stated)
    assert not set(held.proved) & set(held.stated)


def test_hardware_that_is_not_the_shipped_one_is_stated_by_name_and_key(copy: Path) -> None:
    """Whoever builds with parts of his own may; the formation must then be that of these parts."""
    forge(copy, put("somewhere else", "parts", "coherent_400zr", "data", "power_w", "source"))
    held: Verification = verify_report(copy)
    assert "part coherent_400zr, power_w: not the value shipped" in held.stated
    forge(copy, put(slightly, "parts", "coherent_400zr", "data", "power_w", "value"))
    refused(copy, "fabric of 'formation all_to_all': power_w of sat0->")
