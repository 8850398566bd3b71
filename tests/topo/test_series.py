"""The same arcs over time: single times, what every arc keeps, what it has at best, and links that break."""

import copy
import pickle
from dataclasses import fields
from typing import Any

import networkx as nx
import numpy as np
import pytest

from tests.optimize.flow_lp import all_to_all_bps
from topo.fabric import Fabric, FabricSeries
from topo.graph import from_networkx

ROWS = ("capacity_bps", "latency_s", "latency_low_s", "power_w", "range_m", "availability")


def varying(*, times: int = 4, seed: int = 1, **changes: Any) -> FabricSeries:
    """Five satellites in a ring with two chords; capacities of links wander between 1 and 10 Gb/s, each way apart."""
    graph = nx.cycle_graph(5)
    graph.add_edges_from([(0, 2), (1, 3)])
    structure = from_networkx(graph, name="wandering", gpus=1, capacity_bps=1.0)
    shape = (times, structure.n_arcs)
    draw = np.random.default_rng(seed)
    values: dict[str, Any] = {
        "time_s": np.arange(times) * 100.0, "structure": structure, "capacity_bps": draw.uniform(1e9, 10e9, shape),
        "latency_s": draw.uniform(2e-6, 3e-6, shape), "latency_low_s": draw.uniform(1e-6, 2e-6, shape),
        "power_w": draw.uniform(5.0, 10.0, shape), "range_m": draw.uniform(100.0, 200.0, shape),
        "availability": draw.uniform(0.9, 1.0, shape), "positions_m": draw.uniform(-1.0, 1.0, (times, 5, 3)),
    }  # fmt: skip
    return FabricSeries(**(values | changes))


@pytest.mark.parametrize("seed", [1, 2])
def test_worst_of_each_arc_bounds_every_time_from_below_and_best_from_above(seed: int) -> None:
    series = varying(seed=seed)
    each = [all_to_all_bps(series.at(i)) for i in range(len(series))]
    worst, best = all_to_all_bps(series.worst()), all_to_all_bps(series.best())
    assert worst < min(each) <= max(each) < best  # strictly: different arcs are at their worst at different times


def test_a_single_time_is_the_row_of_that_time() -> None:
    series = varying()
    assert len(series) == 4
    for index in (0, 3, -1):
        fabric = series.at(index)
        for name in ROWS:
            assert np.array_equal(getattr(fabric, name), getattr(series, name)[index])
        assert series.positions_m is not None
        assert np.array_equal(fabric.positions_m, series.positions_m[index])  # type: ignore[arg-type]
    assert series.at(2).name == "wandering at 200 s"


@pytest.mark.parametrize("index", [4, -5, 1000])
def test_a_time_that_is_not_there_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match=f"time index {index}: the series has 4 times, from 0"):
        varying().at(index)


def test_worst_and_best_take_each_value_at_its_own_worst_and_best() -> None:
    series = varying()
    worst, best = series.worst(), series.best()
    for name, low_is_worst in zip(ROWS, (True, False, True, False, False, True), strict=True):
        ends = getattr(series, name).min(axis=0), getattr(series, name).max(axis=0)
        if name == "latency_low_s":  # the lower end of an interval: the least in both
            assert np.array_equal(worst.latency_low_s, ends[0])
            assert np.array_equal(best.latency_low_s, ends[0])
        else:
            assert np.array_equal(getattr(worst, name), ends[0 if low_is_worst else 1]), name
            assert np.array_equal(getattr(best, name), ends[1 if low_is_worst else 0]), name


def test_a_link_that_breaks_is_named_with_its_time_and_left_out() -> None:
    capacity = np.full((3, 14), 1e9)
    capacity[1:, 2] = 0.0
    capacity[2, 5] = 0.0
    series = varying(times=3, capacity_bps=capacity)
    label = series.structure.arc_label
    assert series.breaks() == ((label(2), 100.0), (label(5), 200.0))
    assert [series.at(i).n_arcs for i in range(3)] == [14, 13, 12]
    assert series.worst().n_arcs == 12
    assert series.best().n_arcs == 14
    assert "2 arcs break" in str(series)


def test_a_link_that_is_always_dark_is_in_no_fabric_of_the_series() -> None:
    capacity = np.full((2, 14), 1e9)
    capacity[:, 0] = 0.0
    series = varying(times=2, capacity_bps=capacity)
    assert [f.n_arcs for f in (series.at(0), series.worst(), series.best())] == [13, 13, 13]


def test_a_series_of_one_time_is_its_own_worst_and_best() -> None:
    series = varying(times=1, positions_m=None)
    for fabric in (series.worst(), series.best()):
        assert all(np.array_equal(getattr(fabric, n), getattr(series.at(0), n)) for n in ROWS)
        assert fabric.positions_m is None


BAD = np.full((4, 14), 1e9)
BAD[2, 3] = np.nan
NEGATIVE = np.full((4, 14), 1.0)
NEGATIVE[0, 0] = -1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"capacity_bps": BAD}, r"arc 4->0, time 2: capacity_bps=nan, need finite and >= 0; a capacity of 0 marks"),
        ({"power_w": NEGATIVE}, r"arc 0->1, time 0: power_w=-1\.0, need finite and >= 0"),
        ({"latency_s": BAD}, r"arc 4->0, time 2: latency_s=nan, need finite"),
        ({"capacity_bps": BAD[:, :3]}, r"capacity_bps has shape \(4, 3\), need \(4, 14\): times by arcs"),
        ({"capacity_bps": BAD.astype(str)}, r"capacity_bps holds <U32 values; give numbers"),
        ({"time_s": []}, r"time_s of shape \(0,\); need one or more finite times"),
        ({"time_s": [0.0, np.nan, 1.0, 2.0]}, r"need one or more finite times"),
        ({"positions_m": np.zeros((4, 5))}, r"positions_m has shape \(4, 5\), need \(4, 5, 3\)"),
    ],
)  # fmt: skip
def test_a_bad_series_is_one_line_that_names_thing_and_value(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        varying(**changes)
    assert str(caught.value).startswith("series of 'wandering': ")


@pytest.mark.parametrize("make", [lambda s: s, lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy])
def test_nobody_writes_to_a_series_nor_to_its_copies(make: Any) -> None:
    series = make(varying())
    for f in fields(FabricSeries):
        value = getattr(series, f.name)
        array = value.capacity_bps if isinstance(value, Fabric) else value
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    capacity = np.full((4, 14), 1e9)
    copied = varying(capacity_bps=capacity)
    capacity[:] = 0.0
    assert (copied.capacity_bps == 1e9).all()
