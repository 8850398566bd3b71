# %% [markdown]
# # Build and measure your own formation
#
# From orbits to a certified gap without a scenario file: 19 satellites on a rigidly turning hexagon, wired to their
# nearest neighbours, measured like any shipped scenario. On the way the fabric goes out to networkx, loses a satellite
# there, and comes back.
#
# Lengths in m, rates in bit/s of payload in **one direction**. The satellite and its link are those of the scenario
# `lattice-21`, whose file has the sources.

# %%
# %matplotlib inline
import networkx as nx
import numpy as np

import topo
from figures.plots import overview
from links import OpticalLink, load_part
from optimize import Case, all_to_all, max_throughput, measure

# %% [markdown]
# ## Who flies where
#
# Penot and Balakrishnan (arXiv:2605.15335) tilt the plane of the formation by 60 degrees against that of the orbit:
# every satellite then flies a circle round the centre, so the formation turns like a rigid body and no distance
# changes. `topo` has other designs too; a `Formation` of your own takes the coefficients of bounded relative motion, or
# comes from states (`formation_from_states`) or a file (`formation_from_csv`).

# %%
formation = topo.tilted_hexagon(orbit=topo.Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=200.0)
print(formation)
print(f"closest approach over an orbit: {formation.closest_approach_m():.1f} m")

# %% [markdown]
# ## Who is linked to whom
#
# Every pair that never drifts farther apart than 101 m: the nearest neighbours. Bodies of 15 m block sight lines;
# `build_fabric` refuses a wiring that passes through one, and `permanently_visible` tells which pairs are safe.

# %%
pairs = topo.neighbours_within(formation=formation, reach_m=101.0)
wiring = topo.Wiring(name="nearest neighbours", pairs=pairs, terminals=[1] * len(pairs))
low_m, high_m = topo.range_extremes_m(formation=formation, pairs=pairs)
print(wiring)
print(f"link ranges over an orbit: {low_m.min():.1f} to {high_m.max():.1f} m")

# %% [markdown]
# ## What a satellite is and what a link carries

# %%
satellite = topo.Satellite(
    gpus=72,
    host_bps=72 * 800e9,  # a network card of 800 Gb/s for each GPU
    local_bps=900 * 8e9,  # NVLink inside the satellite, per GPU
    switch_bps=None,  # unlimited; the report says how much it would have to switch
    switch_latency_s=1e-6,
    switch_latency_low_s=0.0,
    terminals=8,
    radius_m=15.0,
)
link = OpticalLink(
    aperture_m=0.10,
    wavelength_m=1.55e-6,
    transceiver=load_part("coherent_400zr"),
    channels=24,
    truncation=1.12,
    optics_loss_db=3.0,
    jitter_rad=1e-6,
    outage=1e-6,
)
fabric = topo.build_fabric(
    formation=formation, satellite=satellite, wiring=wiring, link=link, time_s=0.0, name="hexagon-19"
)
print(fabric)

# %% [markdown]
# A `Fabric` is arrays over nodes and over arcs (an arc is one direction of a link), all of them read-only. One time is
# enough here, since no range changes; `build_series` makes a fabric for each of many times.

# %%
for e in range(3):
    print(
        f"{fabric.arc_label(e)}: {fabric.capacity_bps[e] / 1e12:.1f} Tb/s, {fabric.range_m[e]:.0f} m, "
        f"{fabric.latency_low_s[e] * 1e6:.2f} to {fabric.latency_s[e] * 1e6:.2f} us, {fabric.power_w[e]:.0f} W"
    )

# %% [markdown]
# ## Out to networkx, and in again
#
# Any graph algorithm is at hand. Here: how many hops, and what happens when the centre fails.

# %%
graph = topo.to_networkx(fabric)
print(f"diameter {nx.diameter(graph)} hops, mean {nx.average_shortest_path_length(graph):.3f}")

graph.remove_node("sat0")
without_centre = topo.from_networkx(graph, name="hexagon-19 without its centre")
print(without_centre)

# %%
whole, damaged = (max_throughput(fabric=one, traffic=all_to_all(fabric=one)) for one in (fabric, without_centre))
print(f"whole:   {whole}")
print(f"damaged: {damaged}")
kept = damaged.per_gpu_bps.lower / whole.per_gpu_bps.upper
print(f"each of the other {without_centre.n_gpus} GPUs keeps at least {kept:.1%} of its rate")

# %% [markdown]
# ## A report from objects: `Case`
#
# Whatever can be made into a `Fabric` can be measured. References are fabrics too: one NVL72, and a SuperPOD of as many
# racks.

# %%
case = Case(
    name="hexagon-19",
    title="19 satellites on a rigid hexagon",
    formation=fabric,
    scale_up=topo.nvl72(),
    scale_out=topo.superpod(racks=19),
    terminals=satellite.terminals,
    modelled=(str(formation), f"wiring: {wiring}"),
)
report = measure(case)
print(report)
for step in report.ladder.steps:
    print(f"{step.number}  {step.name:<40}{step.upper_bps / 8e9:8.4g} GB/s  factor {step.factor:.4g}")

# %% [markdown]
# Seen along the orbit normal; the plane is tilted by 60 degrees, so the hexagon looks half as high as it is.

# %%
gap = report.metric("all_to_all").gap_up
overview.draw(overview.table(report), title=f"{case.title}: all-to-all gap {gap.interval.text()}x")

# %% [markdown]
# ## Against Suncatcher's lattice
#
# The same satellites and links on 21 points of Suncatcher's lattice, each with up to eight neighbours instead of six.

# %%
lattice = topo.suncatcher_lattice(orbit=topo.Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=500.0)
pairs = topo.neighbours_within(formation=lattice, reach_m=283.0)
eight = topo.Wiring(name="direct and diagonal", pairs=pairs, terminals=[1] * len(pairs))
other = topo.build_fabric(formation=lattice, satellite=satellite, wiring=eight, link=link, time_s=0.0)
answer = max_throughput(fabric=other, traffic=all_to_all(fabric=other))
for name, one, found in (("hexagon", fabric, whole), ("lattice", other, answer)):
    print(f"{name}: {one.n_nodes} satellites, {one.n_links} links, {found.per_gpu_bps.as_rate()} per GPU")

# %% [markdown]
# ## Checks

# %%
# A hexagon of side 2 has 1 + 6 + 12 points and 42 nearest neighbour pairs; nothing moves against anything.
assert (len(formation), len(wiring)) == (19, 42)
assert np.allclose([low_m, high_m], 100.0, rtol=1e-9)

# networkx gives back what it was given.
again = topo.from_networkx(topo.to_networkx(fabric), name=fabric.name)
assert (again.capacity_bps == fabric.capacity_bps).all()
assert again.labels == fabric.labels

# Hops times traffic is what all links must carry: a bound that needs no solver.
hops = nx.average_shortest_path_length(topo.to_networkx(fabric))
sent_bps = fabric.capacity_bps.sum() / hops  # by all satellites together, to other satellites
bound_bps = sent_bps / fabric.n_gpus * (fabric.n_gpus - 1) / (fabric.n_gpus - satellite.gpus)
assert whole.per_gpu_bps.lower <= bound_bps * (1 + 1e-9)

# The report is the same measurement.
assert abs(report.metric("all_to_all").formation.lower / whole.per_gpu_bps.lower - 1) < 1e-6
