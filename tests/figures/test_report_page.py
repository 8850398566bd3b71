"""The HTML report says what `report.json` says, keeps texts as texts, and has nothing to ask a network for."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from figures.cli import main
from figures.report import report_page
from figures.report.charts import LogScale
from figures.style import AMBER, BLUE, ORANGE, SKY
from links.parts import Datum
from optimize import Case, Report, build, load_scenario, measure
from optimize.study import verify_file
from optimize.study.case import as_series
from optimize.study.save import report_table, save_report
from topo import nvl72
from topo.textbook import torus_fabric

from .page import Page

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"quoted\" 'too'"
SIGNIFICANT = 6e-4  # half a unit in the last of four digits


@pytest.fixture(scope="module")
def source(small_report: Report) -> str:
    return report_page(small_report)


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def ends(text: str) -> list[float]:
    """Both ends of `1 to 2`, or one number twice."""
    if text == "–":
        return []
    numbers = [float(word) for word in re.sub("[×÷–,]", "", text).split(" to ")]
    return [numbers[0], numbers[-1]]


def as_json(interval: dict[str, float] | None, unit: str = "") -> list[float]:
    if interval is None:
        return []
    scale = {"bit/s": 1 / 8e9, "s": 1e6, "J/bit": 1e12}.get(unit, 1.0)
    return [interval["lower"] * scale, interval["upper"] * scale]


# --- the same numbers as report.json


def test_metrics_with_both_references_and_gaps_are_those_of_the_json(page: Page, small_report: Report) -> None:
    rows, metrics = page.table("Metrics"), report_table(small_report)["metrics"]
    assert [row[0] for row in rows] == [m["name"] for m in metrics]
    for row, m in zip(rows, metrics, strict=True):
        columns = (("scale_up", m["unit"]), ("scale_out", m["unit"]), ("formation", m["unit"]), ("gap_scale_up", ""),
                   ("gap_scale_out", ""))  # fmt: skip
        for text, (key, unit) in zip(row[2:7], columns, strict=True):
            assert ends(text) == pytest.approx(as_json(m[key], unit), rel=SIGNIFICANT), (row[0], key)


def test_collectives_and_notes_are_those_of_the_json(page: Page, source: str, small_report: Report) -> None:
    table = report_table(small_report)
    rows = page.table("Collectives of large messages")
    assert [row[0] for row in rows[::2]] == ["all_gather between nodes", "all_reduce between nodes"]
    sides = ("scale_up", "scale_out", "formation")
    for collective, between, inside in zip(table["collectives"], rows[::2], rows[1::2], strict=True):
        for text, other, side in zip(between[1:4], inside[1:4], sides, strict=True):
            found = collective[side]
            assert ends(text) == pytest.approx(as_json(found["between_nodes"], "bit/s"), rel=SIGNIFICANT)
            assert other == "unlimited" or ends(other)[0] * 8e9 == pytest.approx(
                found["inside_a_node"], rel=SIGNIFICANT
            )
        assert collective["formation"]["lower_by"] in between[4]
    assert table["notes"]
    for note in table["notes"]:
        assert note.split("'")[0] in source


def test_times_of_all_reduce_are_those_of_the_json(page: Page, small_report: Report) -> None:
    rows, times = page.table("Time of an all_reduce"), report_table(small_report)["all_reduce_times"]
    assert len(rows) == len(times) > 0
    for row, one in zip(rows, times, strict=True):
        assert row[1] == one["algorithm"]
        found = [float(text) * 1e-3 for text in row[2:5]]  # the table is in ms
        expected = [one[side] for side in ("scale_up_s", "scale_out_s", "formation_s")]
        assert found == pytest.approx(expected, rel=SIGNIFICANT)
        assert float(row[5].removesuffix("×")) == pytest.approx(expected[2] / expected[1], rel=SIGNIFICANT)


def test_ladder_readings_and_binding_limits_are_those_of_the_json(page: Page, small_report: Report) -> None:
    table = report_table(small_report)
    for row, step in zip(page.table("Each step"), table["ladder"]["steps"], strict=True):
        assert row[0] == f"{step['number']} {step['name']}"
        values = [step["achieved_bps"] / 8e9, step["upper_bps"] / 8e9]
        assert ends(row[2]) == pytest.approx(values, rel=SIGNIFICANT)
        assert row[4] == ("exact" if step["exact"] else "bound")
        if row[3]:
            assert ends(row[3])[0] == pytest.approx(step["factor"], rel=SIGNIFICANT)
    for row, reading in zip(page.table("Other readings"), table["readings"], strict=True):
        assert row[0] == reading["label"]
        assert ends(row[3]) == pytest.approx(as_json(reading["all_to_all"], "bit/s"), rel=SIGNIFICANT)
        assert ends(row[4]) == pytest.approx(as_json(reading["gap_scale_up"]), rel=SIGNIFICANT)
        assert ends(row[5]) == pytest.approx(as_json(reading["gap_scale_out"]), rel=SIGNIFICANT)
    limits = {row[0]: row[1] for row in page.table("What holds")}
    assert [limits[f"binding: {b['limit']}"] for b in table["binding"]] == [
        f"{b['share']:.1%}" for b in table["binding"]
    ]


def test_every_assumed_value_stands_with_its_range_and_every_part_with_its_sources(
    page: Page, small_report: Report
) -> None:
    case = small_report.case
    owned = [("scenario", case.data), *((part.name, part.data) for part in case.parts)]
    rows = {(row[1], row[0]): row for row in page.table("Assumed")}
    assumed = {(name, key): d for name, data in owned for key, d in data.items() if d.confidence == "assumed"}
    assert set(rows) == set(assumed)
    for key, datum in assumed.items():
        assert ends(rows[key][3]) == pytest.approx(datum.ends, rel=1e-5)
    for name, data in owned:
        by_key = {row[0]: row for row in page.table(f"Values of {name}")}
        assert set(by_key) == set(data)
        assert all(datum.source in by_key[key][-1] for key, datum in data.items())


def test_proofs_versions_hash_and_seeds_are_named(page: Page, small_report: Report) -> None:
    proofs = report_table(small_report)["proofs"]
    rows = page.table("Both ends")
    assert [row[0] for row in rows] == [p["label"] for p in proofs]
    assert all(p["method"] in row[3] for row, p in zip(rows, proofs, strict=True))
    assert "python3 run.py verify certificate.npz" in page.text()
    made = {row[0]: row[1] for row in page.table("What it takes")}
    provenance = small_report.provenance
    assert made["fabricgap"] == provenance["fabricgap"]
    assert any(provenance["digest"] == value for value in made.values())
    assert made["seeds"] == ", ".join(f"{name} = {seed}" for name, seed in small_report.provenance["seeds"].items())
    assert {name: made[name] for name in provenance["packages"]} == provenance["packages"]


def test_files_in_the_page_are_those_of_the_report_and_its_certificate_holds(
    page: Page, small_report: Report, tmp_path: Path
) -> None:
    kept = page.files()
    written = json.loads(kept["report.json"])
    assert written.pop("certificate")["file"] == "certificate.npz"
    assert written == json.loads(json.dumps(report_table(small_report)))
    assert kept == {path.name: path.read_bytes() for path in save_report(small_report, folder=tmp_path / "files")}
    (tmp_path / "kept.npz").write_bytes(kept["certificate.npz"])
    labels = [proof.label for proof, _ in verify_file(tmp_path / "kept.npz")]
    assert labels == [proof.label for proof in small_report.proofs]


# --- the drawing's numbers


def test_drawing_holds_the_loads_capacities_and_prices_of_the_links_table(page: Page) -> None:
    scene = page.scene()
    arcs, label = scene["arcs"], scene["nodes"]["label"]
    rows = list(csv.DictReader(io.StringIO(page.files()["links.csv"].decode())))
    assert [(label[t], label[h]) for t, h in zip(arcs["tail"], arcs["head"], strict=True)] == [
        (row["from"], row["to"]) for row in rows
    ]
    for ours, theirs in (("load_bps", "load_bps"), ("kept_bps", "capacity_bps"), ("price", "price")):
        assert arcs[ours] == [float(row[theirs]) for row in rows]
    assert arcs["longest_m"] == pytest.approx([float(row["longest_range_m"]) for row in rows])


def test_drawn_loads_respect_capacity_and_leave_every_node_as_much_as_they_bring(page: Page) -> None:
    scene = page.scene()
    arcs, n = scene["arcs"], len(scene["nodes"]["label"])
    load, kept = np.array(arcs["load_bps"]), np.array(arcs["kept_bps"])
    assert (load <= kept * (1 + 1e-9)).all()
    enters = np.bincount(arcs["head"], weights=load, minlength=n)
    leaves = np.bincount(arcs["tail"], weights=load, minlength=n)
    # Every node sends what it receives in all_to_all; what flows may miss of a demand is a millionth.
    assert enters == pytest.approx(leaves, rel=1e-5)


def test_shares_of_the_proof_sum_to_one_and_agree_with_the_binding_limits(page: Page, small_report: Report) -> None:
    scene = page.scene()
    links, nodes = sum(scene["arcs"]["certificate_share"]), sum(scene["nodes"]["certificate_share"])
    assert links + nodes == pytest.approx(1.0)
    # The list of binding limits leaves out kinds below a millionth.
    assert links == pytest.approx(dict(small_report.binding)["links"], abs=1e-5)


def test_drawn_places_and_ranges_are_those_of_the_orbit(page: Page, small_report: Report) -> None:
    scene, series = page.scene(), as_series(small_report.case.formation)
    places = np.array(scene["position_m"])
    assert series.positions_m is not None
    assert places == pytest.approx(series.positions_m, abs=6e-4)  # written to the millimetre
    between = places[:, scene["arcs"]["tail"]] - places[:, scene["arcs"]["head"]]
    assert np.linalg.norm(between, axis=2) == pytest.approx(series.range_m, abs=2e-3)
    orbit = 2 * math.pi * math.sqrt((6378.137e3 + 650e3) ** 3 / 3.986004418e14)  # Kepler's third law
    assert scene["period_s"] == pytest.approx(orbit, rel=1e-6)


def test_cut_of_the_drawing_parts_its_two_sides(page: Page) -> None:
    scene = page.scene()
    side, arcs = scene["nodes"]["side"], scene["arcs"]
    for tail, head, cut in zip(arcs["tail"], arcs["head"], arcs["in_cut"], strict=True):
        assert cut == int(side[tail] != side[head])


def test_a_case_made_by_hand_and_one_on_the_ground_have_a_page(tmp_path: Path) -> None:
    rack = nvl72()
    by_hand = measure(Case(name="ring", formation=torus_fabric(dimensions=[5], capacity_bps=1e12), scale_up=rack))
    page = Page(report_page(by_hand))
    assert page.scene()["period_s"] is None
    assert not page.scene()["in_orbit"]
    assert "made by hand" in page.text()
    ground = Page(report_page(measure(build(load_scenario("ground-nvl72")))))
    assert "SuperPOD" not in ground.table("Metrics")[0]
    assert ends(ground.table("Metrics")[1][4]) == [1.0, 1.0]


def test_capacities_that_change_are_drawn_at_every_time_and_kept_ones_are_the_least() -> None:
    steady = as_series(torus_fabric(dimensions=[5], capacity_bps=1e12))
    names = ("latency_s", "latency_low_s", "power_w", "range_m", "availability")
    arcs: dict[str, Any] = {name: np.repeat(getattr(steady, name), 3, axis=0) for name in names}
    swing = np.array([[1.0], [0.25], [0.5]]) * steady.capacity_bps
    series = replace(steady, time_s=np.array([0.0, 60.0, 90.0]), capacity_bps=swing, **arcs)
    scene = Page(report_page(measure(Case(name="swing", formation=series, scale_up=nvl72())))).scene()
    assert np.array(scene["capacity_bps"]) == pytest.approx(swing)
    assert scene["arcs"]["kept_bps"] == pytest.approx(0.25 * steady.capacity_bps[0])
    assert scene["time_s"] == [0.0, 60.0, 90.0]
    assert scene["period_s"] is None  # nobody said that these times are a whole orbit


# --- texts stay texts


def scripts_and_events(page: Page) -> Iterator[str]:
    for tag, attributes in page.elements:
        if tag in ("script", "img", "iframe", "object", "embed", "base", "form"):
            yield tag
        yield from (name for name in attributes if name.startswith("on"))


def test_texts_of_a_scenario_stay_texts(small_report: Report, page: Page) -> None:
    datum = Datum(value=1.0, unit=EVIL, source=EVIL, note=EVIL, confidence="assumed", low=0.0, high=2.0)
    case = replace(small_report.case, name=EVIL, title=EVIL, modelled=(EVIL,), data={EVIL: datum})
    readings = tuple(replace(reading, label=EVIL) for reading in small_report.readings)
    provenance = {**small_report.provenance, "digest": EVIL}
    evil = Page(report_page(replace(small_report, case=case, readings=readings, provenance=provenance)))
    assert list(scripts_and_events(evil)) == list(scripts_and_events(page)) == ["script", "script"]
    assert EVIL in evil.inside("span")  # the title, word for word
    assert any(EVIL in text for text in evil.inside("title"))
    assert evil.table("Other readings")[0][0] == EVIL


def test_names_of_nodes_cannot_end_the_script_that_holds_them() -> None:
    rack, fabric = nvl72(), torus_fabric(dimensions=[4], capacity_bps=1e12)
    report = measure(Case(name="x", formation=replace(fabric, labels=(EVIL, "a", "b", "c")), scale_up=rack))
    page = Page(report_page(report))
    assert list(scripts_and_events(page)) == ["script", "script"]
    assert page.scene()["nodes"]["label"][0] == EVIL


# --- alone in its file


def test_policy_forbids_everything_but_the_pages_own_style_and_script(page: Page) -> None:
    (policy,) = (a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["connect-src"] == rules["form-action"] == "'none'"
    assert set(rules) == {"default-src", "style-src", "script-src", "img-src", "connect-src", "form-action", "base-uri"}
    for rule, text in (("style-src", page.inside("style")[0]), ("script-src", page.inside("script")[1])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_page_points_at_nothing_outside_itself(page: Page) -> None:
    for tag, attributes in page.elements:
        for name in ("src", "href", "action", "srcset", "xlink:href", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)
        assert "style" not in attributes  # the policy would drop it
    assert not re.search(r"url\(|@import", page.inside("style")[0])
    assert not re.search(r"fetch\(|XMLHttp|WebSocket|import\(|innerHTML|eval\(", page.inside("script")[1])


def test_links_inside_the_page_and_ids_of_its_script_exist(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    pointed = {a["href"][1:] for _, a in page.elements if a.get("href", "").startswith("#")}
    used = set(re.findall(r'byId\("(\w+)"\)', page.inside("script")[1]))
    assert pointed | used <= set(ids)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, as WCAG 2.2 defines it."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_are_the_projects_and_stand_out_on_light_and_on_dark(page: Page) -> None:
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for media, block in re.findall(r"(@media[^{]*\{\s*)?:root \{([^}]*)\}", page.inside("style")[0]):
        into = dark if "dark" in media else light
        into |= dict(re.findall(r"--([\w-]+):\s*(#\w{6});", block))
    assert (light["one"], light["other"], dark["one"], dark["other"]) == (BLUE, ORANGE, SKY, AMBER)
    for theme in (light, dark):
        for paper in (theme["paper"], theme["panel"]):
            assert min(contrast(theme[text], paper) for text in ("ink", "soft", "accent", "warn")) >= 4.5  # WCAG AA
            assert min(contrast(theme[mark], paper) for mark in ("one", "other")) >= 3.0  # graphics


def test_same_report_gives_the_same_bytes_from_the_command_line_too(
    source: str, small_report: Report, tmp_path: Path
) -> None:
    assert report_page(small_report) == source
    done = CliRunner().invoke(
        main, ["report", "lattice-21", "--no-effects", "--out", str(tmp_path / "new" / "page.html")]
    )
    assert done.exit_code == 0, done.output
    said = report_page(replace(small_report, effects_note="left out by --no-effects"))
    assert (tmp_path / "new" / "page.html").read_bytes() == said.encode()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lattice-22"], "did you mean lattice-21"),
        (["lattice-21", "--set", "link.aperture_m=800 Gb/s"], "is a rate; need a length"),
        (["lattice-21", "--rtol", "0"], "need a number above 0"),
        (["lattice-21", "--out", "."], "is a folder; name a file"),
    ],
)
def test_bad_input_is_one_line_and_status_two(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["report", *words])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


# --- bars


def test_bars_of_the_ladder_are_as_long_as_the_logarithm_of_their_step(small_report: Report, page: Page) -> None:
    boxes = [a for tag, a in page.elements if tag == "rect" and a["class"] == "pale"]
    steps = small_report.ladder.rungs  # the last stands in a table of its own, on the same axis
    width = [float(box["width"].rstrip("%")) for box in boxes]
    assert len(width) == len(steps)
    assert all(float(box["x"].rstrip("%")) + w <= 100.01 for box, w in zip(boxes, width, strict=True))
    lost = [math.log(steps[0].upper_bps / step.upper_bps) for step in steps]
    shorter = [width[0] - w for w in width]
    # One factor of e takes the same length off every bar; widths are written to 0.01 per cent.
    assert shorter == pytest.approx([shorter[-1] * one / lost[-1] for one in lost], abs=0.02)


def test_unlimited_ends_are_drawn_to_the_edge_and_written_in_words() -> None:
    scale = LogScale.around([1.0, 10.0, math.inf])
    assert scale.at(math.inf) == 100.0
    assert scale.at(0.0) == 0.0
    assert 0.0 < scale.at(1.0) < scale.at(10.0) < 100.0


def test_package_carries_its_template_style_and_script() -> None:
    names = {item.name for item in files("figures.report").iterdir()}
    assert {"template.html", "report.css", "report.js"} <= names
