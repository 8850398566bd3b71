"""The list of shipped scenarios: all of them once, by group, with counts that the built fabrics have."""

from optimize.study.case import as_series, build
from optimize.study.library import shelves
from optimize.study.scenario import load_scenario, scenario_names


def test_every_scenario_stands_on_one_shelf_and_suncatcher_comes_first() -> None:
    found = [scenario.name for shelf in shelves() for scenario in shelf.scenarios]
    assert sorted(found) == list(scenario_names())
    assert found[0] == "suncatcher-81"
    groups = [shelf.group for shelf in shelves()]
    assert len(set(groups)) == len(groups)
    assert groups[-1] == "for tests"


def test_a_line_tells_name_satellites_gpus_of_each_and_title() -> None:
    lines = {line.split()[0]: line for shelf in shelves() for line in shelf.lines()}
    assert set(lines) == set(scenario_names())
    assert len({line.index(" x ") for line in lines.values()}) == 1
    assert lines["gigawatt-10000"].split()[1:4] == ["9,997", "x", "72"]
    assert lines["tpu-trillium-pod"].split()[1:4] == ["256", "x", "1"]
    assert all(line.endswith(load_scenario(name).title) for name, line in lines.items())


def test_the_counts_are_those_of_the_fabrics() -> None:
    shelf = next(shelf for shelf in shelves() if shelf.group == "one rack taken apart")
    for scenario, satellites, gpus in zip(shelf.scenarios, shelf.satellites, shelf.gpus, strict=True):
        structure = as_series(build(scenario).formation).structure
        assert (structure.n_nodes, set(structure.gpus.tolist())) == (satellites, {gpus})
        assert satellites * gpus == 72
