"""Many satellites and links become one capacitated graph.

orbit       the reference orbit
formation   who flies where: `Formation` and planar designs
ranges      distances of pairs over an orbit, neighbours within a reach
visibility  who stands in whose way
wiring      which pairs are linked, with how many terminals
fabric      the graph: `Fabric`, `FabricSeries`
build       formation + satellites + wiring + link model -> fabric
ground      NVL72 and SuperPOD as ordinary fabrics
graph       to and from networkx
"""

from .build import Satellite, build_fabric, build_series
from .fabric import Fabric, FabricSeries
from .formation import Formation, lattice_block, suncatcher_lattice
from .graph import from_networkx, to_networkx
from .ground import nvl72, superpod
from .orbit import Orbit
from .ranges import neighbours_within, ranges_m
from .visibility import clearance_m, permanently_visible, visible
from .wiring import Wiring

__all__ = [
    "Fabric", "FabricSeries", "Formation", "Orbit", "Satellite", "Wiring", "build_fabric", "build_series",
    "clearance_m", "from_networkx", "lattice_block", "neighbours_within", "nvl72", "permanently_visible", "ranges_m",
    "suncatcher_lattice", "superpod", "to_networkx", "visible",
]  # fmt: skip
