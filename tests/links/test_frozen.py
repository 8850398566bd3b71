"""Arrays inside the project's nouns: copied at birth, locked, and locked again after pickling and copying."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from links.frozen import FrozenArrays
from links.fso import OpticalLink
from links.model import Surroundings
from links.parts import load_part
from links.transceiver import line_modes
from optimize.flow.limits import Limits
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from topo.formation import suncatcher_lattice
from topo.graph import from_networkx
from topo.orbit import Orbit
from topo.wiring import Wiring


@dataclass(frozen=True, kw_only=True, eq=False)
class Noun(FrozenArrays):
    """An array, a sparse matrix and a name."""

    name: str
    values: np.ndarray[Any, Any]
    matrix: sparse.csr_array
    maybe: np.ndarray[Any, Any] | None = None


def nouns() -> dict[str, Any]:
    """One of each noun that holds arrays."""
    ring = from_networkx(nx.cycle_graph(4), name="ring", gpus=1, capacity_bps=1e9)
    answer = max_throughput(fabric=ring, traffic=all_to_all(fabric=ring))
    link = OpticalLink(aperture_m=0.1, wavelength_m=1.55e-6, transceiver=load_part("coherent_400zr"), channels=1,
                       truncation=1.12, optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6)  # fmt: skip
    return {
        "Noun": Noun(name="x", values=np.arange(3.0), matrix=sparse.csr_array(np.eye(2))),
        "Surroundings": Surroundings(interference_w=np.zeros(2), background_w_hz=np.zeros(2)),
        "LinkState": link.at(range_m=[100.0, 200.0]),
        "LineMode": line_modes(load_part("coherent_400zr"))[0],
        "Formation": suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=200.0),
        "Wiring": Wiring(name="w", pairs=np.array([(0, 1)]), terminals=np.array([1])),
        "Fabric": ring,
        "Traffic": all_to_all(fabric=ring),
        "Limits": Limits(names=("r",), supply=np.ones(1), use=sparse.csr_array(np.ones((1, 4)))),
        "Prices": answer.prices,
        "Routing": answer.routing,
    }


NOUNS = nouns()
COPIES: dict[str, Callable[[Any], Any]] = {
    "itself": lambda thing: thing, "unpickled": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deep copy": copy.deepcopy, "copy": copy.copy, "replaced": replace,
}  # fmt: skip


def arrays_in(thing: Any) -> list[np.ndarray[Any, Any]]:
    found = []
    for f in fields(thing):
        value = getattr(thing, f.name)
        if isinstance(value, sparse.csr_array):
            found += [value.data, value.indices, value.indptr]
        elif isinstance(value, np.ndarray):
            found.append(value)
    return found


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("name", NOUNS)
def test_no_array_of_a_noun_or_of_its_copies_can_be_written_to(name: str, how: str) -> None:
    thing = COPIES[how](NOUNS[name])
    assert arrays_in(thing)
    for array, original in zip(arrays_in(thing), arrays_in(NOUNS[name]), strict=True):
        assert np.array_equal(array, original)
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(FrozenInstanceError):
        setattr(thing, fields(thing)[0].name, None)


def test_arrays_are_copied_so_that_their_owner_may_go_on_writing() -> None:
    values, matrix = np.arange(3.0), sparse.csr_array(np.eye(2))
    noun = Noun(name="x", values=values, matrix=matrix)
    values[:] = 7.0
    matrix.data[:] = 7.0
    assert noun.values.tolist() == [0.0, 1.0, 2.0]
    assert noun.matrix.toarray().tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert noun.maybe is None


def test_a_slice_of_a_noun_is_locked_and_a_copy_of_it_is_free() -> None:
    noun = NOUNS["Noun"]
    with pytest.raises(ValueError, match="read-only"):
        noun.values[1:][0] = 5.0
    free = noun.values.copy()
    free[0] = 5.0
    assert noun.values[0] == 0.0
