"""Whatever stands in a scenario, of whatever type and depth: a scenario, a case, or one line that says why not."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimize.study.case import build
from optimize.study.scenario import Scenario, scenario_from_table
from tests.optimize.test_scenario import leaves, put, raw

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.dates(), st.times(),
    st.sampled_from(["10 cm", "800 Gb/s", "1e308 Tb/s", "0 m", "-1 m", "NaN", 10**400, 10**30, 1e308, -0.0, "a\nb"]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["value", "source", "confidence", "low", "high", "kind", "x\ny", ""]), inner),
    ),
    max_leaves=12,
)
NAMES = ("lattice-21", "suncatcher-hexagonal", "penot-367-clos", "vanberkel-torus-3d", "vanberkel-clos")  # all kinds
PATHS = [(name, path) for name in NAMES for path in sorted(leaves(raw(name)), key=str)]


def attempt(function: Callable[[Any], Any], given: Any) -> Any:
    """What the function makes of it, or None where it refuses with a plain ValueError of one line."""
    refused = ""
    try:
        made = function(given)
    except ValueError as error:
        made, refused = None, f"{type(error).__name__}: {error}"
    if made is None:
        assert refused.startswith("ValueError: scenario")
        assert refused.splitlines() == [refused]
        assert len(refused) < 550
    return made


def loaded(table: Any) -> Scenario | None:
    """The scenario of a table, or None where it is refused."""
    scenario = attempt(scenario_from_table, table)
    if scenario is None:
        return None
    assert isinstance(scenario, Scenario)
    assert len(scenario.digest) == 16
    return scenario


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), ANYTHING)
def test_any_value_in_any_place_gives_a_scenario_or_one_line(
    place: tuple[str, tuple[str | int, ...]], value: Any
) -> None:
    loaded(put(raw(place[0]), place[1], value))


@settings(max_examples=100, deadline=None)
@given(ANYTHING)
def test_anything_as_a_table_is_refused_in_one_line(table: Any) -> None:
    assert loaded(table) is None


@pytest.mark.parametrize("depth", [7, 8, 9, 500, 50_000])
@pytest.mark.parametrize("path", ["name", "link.aperture_m", "reading.0.set", "sources", "new"])
def test_nesting_of_any_depth_is_refused_in_one_line(path: str, depth: int) -> None:
    value: Any = "x"
    for k in range(depth):
        value = [value] if k % 2 else {"value": value}
    keys = tuple(int(key) if key.isdigit() else key for key in path.split("."))
    table = raw()
    level: Any = table
    for key in keys[:-1]:
        level = level[key]
    level[keys[-1]] = value
    assert loaded(table) is None
    while isinstance(value, list | dict) and value:  # taken apart by hand: a deep list must not be freed by recursion
        value = value.pop() if isinstance(value, list) else value.popitem()[1]


def small(name: str, **formation: Any) -> dict[str, Any]:
    """A scenario that is built in no time: few satellites, no reference of as many racks, no readings."""
    table = put(put(put(raw(name), ("reference",), {"scale_out": False}), ("reading",), []), ("published",), [])
    return put(table, ("formation",), formation)


PORTS = {"kind": "torus_fabric", "capacity_bps": 1e11, "latency_s": 1e-6, "host_per_gpu_bps": 8e11, "local_bps": 7.2e12}
SMALL = (
    small("lattice-21", kind="lattice_block", pitch_m=100.0, rows=2, columns=2),
    small("suncatcher-hexagonal", kind="hexagonal_lattice", pitch_m=100.0, radius_m=200.0),
    put(put(small("penot-367-clos", kind="tilted_hexagon", pitch_m=100.0, radius_m=300.0), ("wiring", "terminals"), 4),
        ("orbit", "epochs"), 1),
    small("vanberkel-torus-3d", dimensions=[2, 3], gpus=4, **PORTS),
    small("vanberkel-clos", kind="superpod", racks=2, oversubscription=2.0),
)  # fmt: skip
CHEAP = [
    (k, path)
    for k, table in enumerate(SMALL)
    for path in sorted(leaves(table), key=str)
    if path[0] in ("orbit", "formation", "satellite", "wiring")
]
SIZES = st.one_of(
    st.integers(-2, 50), st.integers(), st.floats(), st.booleans(), st.sampled_from([10**6, 999_999, 1e-300, 1e300]),
    st.builds("{} {}".format, st.floats(0, 1e12), st.sampled_from(["m", "km", "s", "h", "Gb/s"])),
    st.lists(st.lists(st.integers(-1, 5), max_size=3), max_size=4),
)  # fmt: skip


def test_the_small_scenarios_build_as_they_are() -> None:
    for table in SMALL:
        assert build(scenario_from_table(table)).modelled


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(range(len(SMALL))), st.data())
def test_whatever_loads_also_builds_or_is_refused_in_one_line(which: int, data: st.DataObject) -> None:
    table, paths = SMALL[which], [path for k, path in CHEAP if k == which]
    for path, value in data.draw(st.lists(st.tuples(st.sampled_from(paths), SIZES), min_size=1, max_size=2)):
        try:
            table = put(table, path, value)
        except (TypeError, IndexError):  # the first change took the place of the second away
            continue
    scenario = loaded(table)
    if scenario is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numbers beyond all sense may overflow on the way to being refused
            attempt(build, scenario)
