"""Many satellites and links become one capacitated graph.

orbit       the reference orbit
formation   who flies where: `Formation` and planar designs
ranges      distances of pairs over an orbit, neighbours within a reach
visibility  who stands in whose way
wiring      which pairs are linked, with how many terminals
fabric      the graph: `Fabric`, `FabricSeries`
build       formation + satellites + wiring + link models -> fabric
surroundings  what other links, Sun and Earth add to each receiver
ground      NVL72 and SuperPOD as ordinary fabrics
racks, pods, tpu   HGX boards, a SuperPOD as it is cabled, TPU slices
textbook    torus, fat tree, dragonfly, random regular graph
graph       to and from networkx
export      files for other programs: JSON, GraphML, GEXF, ASTRA-sim, ns-3, SimAI, htsim, Cesium
"""

from .build import Satellite, build_fabric, build_series
from .fabric import Fabric, FabricSeries
from .formation import Formation, lattice_block, suncatcher_lattice
from .graph import from_networkx, to_networkx
from .ground import nvl72, superpod
from .orbit import Orbit
from .pods import superpod_fat_tree
from .racks import hgx
from .ranges import neighbours_within, ranges_m
from .surroundings import formation_surroundings
from .textbook import dragonfly, fat_tree, random_regular_fabric, torus_fabric
from .tpu import tpu_slice
from .visibility import clearance_m, permanently_visible, visible
from .wiring import Wiring

__all__ = [
    "Fabric", "FabricSeries", "Formation", "Orbit", "Satellite", "Wiring", "build_fabric", "build_series",
    "clearance_m", "dragonfly", "fat_tree", "formation_surroundings", "from_networkx", "hgx", "lattice_block",
    "neighbours_within", "nvl72", "permanently_visible", "random_regular_fabric", "ranges_m", "suncatcher_lattice",
    "superpod", "superpod_fat_tree", "to_networkx", "torus_fabric", "tpu_slice", "visible",
]  # fmt: skip
