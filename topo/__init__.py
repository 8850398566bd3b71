"""Many satellites and links become one capacitated graph.

orbit       the reference orbit
sun         beta angle and eclipses over the year
formation   who flies where: `Formation` and Suncatcher's lattice; designs, explicit: all others, states, CSV
dynamics, elements, drift, control   J2, relative elements, trims and budgets
ranges      distances of pairs over an orbit, neighbours within a reach
visibility  who stands in whose way
wiring      which pairs are linked, with how many terminals; patterns, long_links, clos make them
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
from .clos import clos
from .designs import (
    along_track_train,
    cartwheel,
    fcc_lattice,
    general_circular,
    helix,
    hexagonal_lattice,
    projected_circular,
    tilted_hexagon,
)
from .explicit import formation_from_csv, formation_from_states
from .fabric import Fabric, FabricSeries
from .formation import Formation, lattice_block, suncatcher_lattice
from .graph import from_networkx, to_networkx
from .ground import nvl72, superpod
from .long_links import random_regular, small_world
from .orbit import Orbit
from .patterns import nearest, ring, torus
from .pods import superpod_fat_tree
from .racks import hgx
from .ranges import neighbours_within, range_extremes_m, ranges_m
from .sun import sunlit_year
from .surroundings import formation_surroundings
from .textbook import dragonfly, fat_tree, random_regular_fabric, torus_fabric
from .tpu import tpu_slice
from .visibility import clearance_m, permanently_visible, require_visible, visible
from .wiring import Wiring

__all__ = [
    "Fabric", "FabricSeries", "Formation", "Orbit", "Satellite", "Wiring", "along_track_train", "build_fabric",
    "build_series", "cartwheel", "clearance_m", "clos", "dragonfly", "fat_tree", "fcc_lattice",
    "formation_from_csv", "formation_from_states", "formation_surroundings", "from_networkx", "general_circular",
    "helix", "hexagonal_lattice", "hgx", "lattice_block", "nearest", "neighbours_within", "nvl72",
    "permanently_visible", "projected_circular", "random_regular", "random_regular_fabric", "range_extremes_m",
    "ranges_m", "require_visible", "ring", "small_world", "suncatcher_lattice", "sunlit_year", "superpod",
    "superpod_fat_tree", "tilted_hexagon", "to_networkx", "torus", "torus_fabric", "tpu_slice", "visible",
]  # fmt: skip
