"""`compare`, `new` and `export`: side by side, never over a file, readable by what they are written for."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from figures.cli import main
from figures.cli_more import FORMATS
from optimize.study.case import as_series, build
from optimize.study.scenario import load_scenario
from topo.export import fabric_from_graphml, fabric_from_node_link
from topo.fabric import Fabric


def test_compare_puts_metrics_and_gaps_side_by_side() -> None:
    done = CliRunner().invoke(main, ["compare", "ground-nvl72", "rack-apart-9"])
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["per", "GPU,", "one", "way", "unit", "ground-nvl72", "rack-apart-9"] in rows
    gaps = next(
        row
        for row in rows[rows.index(["gap", "to", "NVL72", "ground-nvl72", "rack-apart-9"]) :]
        if row[0] == "all_to_all"
    )
    assert gaps[1] == "1x"  # the rack compared with itself
    assert float(gaps[2].removesuffix("x")) > 1.0


def test_compare_as_json_is_nothing_but_the_reports_in_the_order_asked_for() -> None:
    done = CliRunner().invoke(main, ["compare", "rack-apart-9", "ground-nvl72", "--json"])
    assert done.exit_code == 0, done.output
    assert [report["name"] for report in json.loads(done.stdout)["reports"]] == ["rack-apart-9", "ground-nvl72"]


def test_new_writes_the_commented_text_and_the_file_is_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    done = CliRunner().invoke(main, ["new", str(path), "--from", "lattice-21"])
    assert done.exit_code == 0, done.output
    shipped = files("optimize.study") / "scenarios" / "lattice-21.toml"
    text = shipped.read_text(encoding="utf-8").replace('group = "for tests"\n', "")
    text = text.replace('name = "lattice-21"', 'name = "mine"')
    assert path.read_text(encoding="utf-8") == text
    assert load_scenario(str(path)).digest == load_scenario("lattice-21").digest
    assert load_scenario(str(path)).group == "your own"


@pytest.mark.parametrize("name", ["suncatcher-81", "penot-367-clos", "vanberkel-torus-3d", "ground-nvl72"])
def test_a_new_scenario_quotes_nothing_that_was_published_about_the_old_one(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    done = CliRunner().invoke(main, ["new", str(path), "--from", name])
    assert done.exit_code == 0, done.output
    mine, shipped = load_scenario(str(path)), load_scenario(name)
    assert shipped.published
    assert (mine.published, mine.group) == ((), "your own")
    assert (mine.digest, mine.reading, mine.data) == (shipped.digest, shipped.reading, shipped.data)


def test_new_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("precious")
    done = CliRunner().invoke(main, ["new", str(path)])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "not overwritten" in done.stderr
    assert path.read_text() == "precious"


def arcs(fabric: Fabric) -> set[tuple[int, int, float, float]]:
    """Ends, capacity and range of every arc: their order is the reader's own."""
    columns = (fabric.tail, fabric.head, fabric.capacity_bps, fabric.range_m)
    return set(zip(*(column.tolist() for column in columns), strict=True))


def test_an_exported_fabric_reads_back_as_it_was_at_that_time(tmp_path: Path) -> None:
    series = as_series(build(load_scenario("rack-apart-9")).formation)
    for how, read in (("json", fabric_from_node_link), ("graphml", fabric_from_graphml)):
        path = tmp_path / how
        words = ["export", "rack-apart-9", "--format", how, "--out", str(path), "--epoch", "5"]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        back = read(text=path.read_text(encoding="utf-8"))
        assert arcs(back) == arcs(series.at(5))


@pytest.mark.parametrize("how", ["gexf", "ns3", "ns3-rates", "ns3-logical", "simai", "htsim", "htsim-traffic"])
def test_every_other_format_is_written_for_the_formation(how: str, tmp_path: Path) -> None:
    path = tmp_path / "fabric"
    done = CliRunner().invoke(main, ["export", "rack-apart-9", "--format", how, "--out", str(path), "--lossy"])
    assert done.exit_code == 0, done.output
    assert path.stat().st_size > 0


def test_every_exporter_of_topo_has_its_format() -> None:
    from topo import export

    writers = [name for name in export.__all__ if not name.startswith("fabric_from")]
    assert len(FORMATS) == len(writers)


def test_an_orbit_is_exported_to_cesium(tmp_path: Path) -> None:
    path = tmp_path / "lattice.czml"
    words = ["export", "rack-apart-9", "--format", "czml", "--out", str(path), "--start", "2030-06-01T12:00:00"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    document, *packets = json.loads(path.read_text(encoding="utf-8"))
    assert document["clock"]["currentTime"].startswith("2030-06-01T12:00:00")
    assert sum("point" in packet for packet in packets) == 9  # satellites
    ground = CliRunner().invoke(main, ["export", "ground-nvl72", "--format", "czml", "--out", str(path)])
    assert (ground.exit_code, ground.stderr.count("\n")) == (2, 1)
    assert "has no orbit" in ground.stderr


def test_traffic_for_htsim_goes_from_every_host_to_every_other(tmp_path: Path) -> None:
    path = tmp_path / "all.cm"
    words = ["export", "rack-apart-9", "--format", "htsim-traffic", "--size-b", "4096", "--out", str(path)]
    assert CliRunner().invoke(main, words).exit_code == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["Nodes 9", "Connections 72"]
    assert all(line.endswith("size 4096") for line in lines[2:])


def test_a_ring_is_exported_to_astra(tmp_path: Path) -> None:
    ring = tmp_path / "ring.toml"
    text = (files("optimize.study") / "scenarios" / "tpu-trillium-pod.toml").read_text(encoding="utf-8")
    ring.write_text(text.replace('chip = "tpu_v6e"', 'chip = "tpu_v6e"\nshape = [1, 16]'))
    done = CliRunner().invoke(main, ["export", str(ring), "--format", "astra", "--out", str(tmp_path / "network.yml")])
    assert done.exit_code == 0, done.output
    assert "Ring" in (tmp_path / "network.yml").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["compare", "lattice-21"], "name two scenarios or more"),
        (["compare", "lattice-21", "lattice-12"], "did you mean lattice-21"),
        (["compare", "lattice-21", "ground-nvl72", "--rtol", "0"], "need a number above 0"),
        (["new", "mine.txt"], "must end in .toml"),
        (["new", "mine.toml", "--from", "lattice-12"], "did you mean lattice-21"),
        (["new", "nowhere/mine.toml"], "cannot be written"),
        (["export", "lattice-21", "--format", "json", "--out", "f", "--epoch", "24"], "numbered from 0"),
        (["export", "lattice-21", "--format", "json", "--out", "."], "is a folder"),
        (["export", "lattice-21", "--format", "astra", "--out", "f"], "GPU"),
    ],
)
def test_bad_input_is_one_line_and_status_two(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert (done.stderr.count("\n"), done.stdout) == (1, "")
    assert list(tmp_path.iterdir()) == []
