# %% [markdown]
# # Reproduce a published study
#
# Three publications on this kind of formation, their numbers beside ours. Inputs come from the publications only; where
# a number is not met, the difference is reported and explained, never absorbed.
#
# 1. Aguera y Arcas et al., *Towards a future space-based, highly scalable AI infrastructure system design*,
#    arXiv:2511.19468v2 (2026), "Suncatcher": 81 satellites, their ranges, spatial channels.
# 2. K. van Berkel, *The Cost and Network Limits of Space-Based AI Compute*, arXiv:2607.14172 (2026): 8,000 satellites
#    on tori, 12,880 and 2,880 times worse than a Clos network.
# 3. Penot and Balakrishnan, *Designing Dense Satellite Clusters for Distributed Space-based Datacenters*,
#    arXiv:2605.15335 (2026): 367 satellites, and a Clos network among them.
#
# Rates in payload, **one direction**; 1 TB/s = 8e12 bit/s.

# %%
# %matplotlib inline
import math

import numpy as np

import topo
from figures.plots import side_by_side
from links.modes import tiling_reach_m
from optimize import all_to_all, gap, max_throughput
from optimize.flow import Cut, evaluate_cut
from topo.clos import clos_compute_fraction

rows: list[tuple[str, str, str]] = []


def compare(what: str, published: str, ours: str) -> None:
    """Put one number beside the published one."""
    rows.append((what, published, ours))
    print(f"{what:<52} published {published:>14}   here {ours:>14}")


# %% [markdown]
# ## Suncatcher: geometry and spatial channels
#
# Section 2.2: satellites on a planar lattice within 1 km, 100 to 200 m from their neighbours. Section 4.2: how far 1, 2
# x 2 and 4 x 4 channels reach with 10 cm apertures.

# %%
suncatcher = topo.suncatcher_lattice(orbit=topo.Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
nearest = topo.neighbours_within(formation=suncatcher, reach_m=200.0 * (1 + 1e-9))
low_m, high_m = topo.range_extremes_m(formation=suncatcher, pairs=nearest)
compare("satellites", "81", str(len(suncatcher)))
compare("ranges of direct neighbours [m]", "100 to 200", f"{low_m.min():.1f} to {high_m.max():.1f}")
reach_m = tiling_reach_m(aperture_m=0.10, tiles_per_side=[1, 2, 4], wavelength_m=1.55e-6)
for n, published, ours in zip((1, 2, 4), ("5 km", "1.25 km", "0.32 km"), reach_m, strict=True):
    compare(f"reach of {n} x {n} spatial channels", published, f"{ours / 1e3:.3f} km")

# %% [markdown]
# All met: the paper rounds. Its "9.6 Tb/s bidirectional" for 24 x 400 Gb/s is the one number that can be read in two
# ways (each way, or both together), and it doubles every gap. So both are measured, see notebook 01.
#
# ## Van Berkel: tori of 8,000 satellites
#
# 8,000 satellites of 72 GPUs, with four links of 100 Gb/s each on a planar torus of 89 x 90, six on a cubic one of 20 x
# 20 x 20. He compares bisections with a Clos network of 8,000 racks at 100 GB/s per GPU. Here that is `superpod`, and
# all three are cut in the middle by the same function: `evaluate_cut` gives the capacity across, one direction.


# %%
def halves(fabric: topo.Fabric, first_half: np.ndarray) -> Cut:
    """The middle cut of a fabric, hosts included; says what fits through it."""
    cut = evaluate_cut(fabric=fabric, side=first_half)
    print(f"{fabric.name}: {cut.capacity_bps / 8e12:,.3f} TB/s across")
    return cut


pod = topo.superpod(racks=8000)
planar = topo.torus_fabric(dimensions=(89, 90), capacity_bps=100e9, gpus=72)
cubic = topo.torus_fabric(dimensions=(20, 20, 20), capacity_bps=100e9, gpus=72)
racks = np.flatnonzero(pod.gpus > 0)
clos = halves(pod, np.isin(np.arange(pod.n_nodes), racks[:4000]))
flat = halves(planar, np.arange(planar.n_nodes) % 90 < 45)
cube = halves(cubic, np.arange(cubic.n_nodes) % 20 < 10)

# %%
compare("bisection of the Clos network [TB/s]", "28,800", f"{clos.capacity_bps / 8e12:,.0f}")
compare("bisection of the planar torus [TB/s]", "2.25", f"{flat.capacity_bps / 8e12:.3f}")
compare("bisection of the cubic torus [TB/s]", "10", f"{cube.capacity_bps / 8e12:.3f}")
compare("planar torus, times worse", "12,880", f"{clos.capacity_bps / flat.capacity_bps:,.0f}")
compare("cubic torus, times worse", "2,880", f"{clos.capacity_bps / cube.capacity_bps:,.0f}")

# %% [markdown]
# The cubic torus is met exactly. The planar one is not, and the two published figures do not go together: 28,800 / 2.25
# is 12,800.
#
# - Cutting 89 x 90 in the middle of the 90 crosses 2 x 89 = 178 links: 2.225 TB/s, and 12,944 times less than the Clos
#   network.
# - 2.25 TB/s is 180 links, a torus of 90 x 90.
# - 12,880 rests on a torus of sqrt(8000) = 89.4 satellites a side, which no torus has: 2 sqrt(8000) links are 2.236
#   TB/s.

# %%
ideal_bps = 2 * math.sqrt(8000) * 100e9
compare("28,800 TB/s over 2 sqrt(8000) links", "12,880", f"{clos.capacity_bps / ideal_bps:,.0f}")

# %% [markdown]
# Two things his ratio leaves out, both easy to ask for here.
#
# *Faster links.* His 100 Gb/s are not Suncatcher's 9.6 Tb/s. A bisection scales with them, so the planar torus would
# still be 135 times worse: "still inferior", as he writes.
#
# *All-to-all is not bisection.* Half of the all-to-all traffic stays on its side of the cut, so where a cut binds, the
# gap of all-to-all is about half that of bisection. On a torus of 8 x 8 satellites, certified:

# %%
faster = clos.capacity_bps / (96 * flat.capacity_bps)
print(f"with 9.6 Tb/s links: {faster:.0f}x in bisection")

small = topo.torus_fabric(dimensions=(8, 8), capacity_bps=100e9, gpus=72)
reference = topo.superpod(racks=64)
form, ref = (max_throughput(fabric=one, traffic=all_to_all(fabric=one)) for one in (small, reference))
middle = evaluate_cut(fabric=small, side=np.arange(64) % 8 < 4)
in_all_to_all = gap(reference=ref, formation=form).interval
in_bisection = 100 * 8e9 / middle.per_gpu_bps
print(f"8 x 8: {in_all_to_all.text()}x in all-to-all, {in_bisection:.1f}x in bisection ({form.method})")

# %% [markdown]
# ## Penot and Balakrishnan: 367 satellites, and a Clos network among them
#
# A plane tilted by 60 degrees turns the formation into a rigid hexagon, with 100 m between neighbours and 1 km of
# radius. For a Clos network of L layers, switches with k terminals and two uplinks from each computing satellite, a
# part k / (k + 4 L - 6) of all satellites computes.

# %%
hexagon = topo.tilted_hexagon(orbit=topo.Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
pairs = topo.neighbours_within(formation=hexagon, reach_m=101.0)
low_m, high_m = topo.range_extremes_m(formation=hexagon, pairs=pairs)
compare("satellites in the tilted plane", "367", str(len(hexagon)))
compare("satellites, 3.63 (R / d)^2", "363", f"{2 * math.pi / math.sqrt(3) * 100:.0f}")
compare("change of neighbours' range over an orbit [m]", "0", f"{(high_m - low_m).max():.1e}")
compare("part that computes, k = 10, L = 3", "0.625", f"{clos_compute_fraction(terminals=10, layers=3):.3f}")

# %% [markdown]
# Geometry is met. The paper has no data rates, so there is no gap to reproduce; the scenario `penot-367` gives its
# lattice Suncatcher's links. `topo.clos` maps such a network onto sight lines that stay free. Here on 37 satellites of
# 3 m radius, within sight of each other for the whole orbit:

# %%
few = topo.tilted_hexagon(orbit=topo.Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=300.0)
far_m = 2 * few.radius_m()
free = topo.permanently_visible(
    formation=few, pairs=topo.neighbours_within(formation=few, reach_m=far_m), body_radius_m=3.0
)
wiring, tier = topo.clos(n=len(few), terminals=10, seed=0, candidates=free)
print(f"{len(few)} satellites, {len(free)} free sight lines, {wiring}")
print(f"compute, aggregation, top: {np.bincount(tier).tolist()}")
compare("part that computes, 37 satellites", "0.625", f"{np.mean(tier == 0):.3f}")

# %% [markdown]
# A little less than 0.625: the formula is for a network without rounding, and 37 satellites do not divide evenly.
#
# ## A rack and a formation, each to its own scale

# %%
side_by_side.draw(side_by_side.table("lattice-21"))

# %% [markdown]
# ## All of it

# %%
for what, published, ours in rows:
    print(f"{what:<52}{published:>14}{ours:>16}")

# %% [markdown]
# ## Checks

# %%
assert len(suncatcher) == 81
assert len(hexagon) == 367
assert np.allclose(reach_m, [5e3, 1.25e3, 320.0], rtol=0.02)  # as rounded in the paper
assert math.isclose(clos.capacity_bps, 28_800 * 8e12, rel_tol=1e-12)
assert math.isclose(clos.capacity_bps / cube.capacity_bps, 2_880, rel_tol=1e-9)
assert math.isclose(clos.capacity_bps / ideal_bps, 12_880, rel_tol=1e-4)
assert math.isclose(flat.capacity_bps, 2 * 89 * 100e9, rel_tol=1e-12)

# On a torus of even side k the mean distance to another node, in each dimension k/4, decides all-to-all.
hops = 2 * (8 / 4) * 64 / 63
per_gpu_bps = small.capacity_bps.sum() / hops / small.n_gpus * (small.n_gpus - 1) / (small.n_gpus - 72)
assert math.isclose(form.per_gpu_bps.lower, per_gpu_bps, rel_tol=1e-6)
