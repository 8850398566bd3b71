"""Fabrics as files of other programs, as text; a file that would say less about what the fabric carries is refused.

node_link  node-link JSON (networkx, D3): whole, reads back
xml_graph  GraphML: whole, reads back; GEXF for Gephi
astra      ASTRA-sim analytical `network.yml`
ns3        ns-3 HPCC and ASTRA-sim ns-3: topology, rate maps, logical dimensions
simai      SimAI topology
htsim      htsim generic topology and connections
czml       Cesium: satellites and links over an orbit
packets    what the packet simulators have in common

`lossy=True` writes a file without the limits that its format cannot hold. Simulators' files hold rates and latencies
(the upper end of an interval, or the lower if asked for); names, places, powers and availabilities are not theirs.
"""

from .astra import astra_network
from .czml import czml
from .htsim import htsim_topology, htsim_traffic
from .node_link import fabric_from_node_link, node_link
from .ns3 import logical_topology, ns3_rate_maps, ns3_topology
from .simai import simai_topology
from .xml_graph import fabric_from_graphml, gexf, graphml

__all__ = [
    "astra_network", "czml", "fabric_from_graphml", "fabric_from_node_link", "gexf", "graphml", "htsim_topology",
    "htsim_traffic", "logical_topology", "node_link", "ns3_rate_maps", "ns3_topology", "simai_topology",
]  # fmt: skip
