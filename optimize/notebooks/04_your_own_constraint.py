# %% [markdown]
# # Add your own constraint to the optimizer
#
# The throughput problem is open in two ways. Resources that links share (watts, terminals, wavelengths) go in as
# `Limits`, and both ends of the answer then obey them. Anything else that cvxpy can say goes in as `constraints=`: the
# lower end obeys it, the upper end stays that of the problem without it, and the answer says so. This notebook gives
# every satellite a power budget for its links in both ways, then uses the problem for a question of its own.
#
# Power in W, rates in bit/s of payload in **one direction**.

# %%
from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np
from scipy import sparse

from links import load_part
from optimize import Limits, ThroughputProblem, all_to_all, build, load_scenario, max_throughput
from optimize.flow import binding, price_bound_per_s
from topo import FabricSeries

case = build(load_scenario("lattice-21"))
assert isinstance(case.formation, FabricSeries)
fabric = case.formation.worst()  # what every link keeps at every time of the orbit
traffic = all_to_all(fabric=fabric)
free = max_throughput(fabric=fabric, traffic=traffic)
print(fabric)
print(free)

# %% [markdown]
# ## What a link draws
#
# A direction of a link is 24 transceivers of 21 W (a 400ZR data sheet, in the catalogue), so at each of its ends a link
# takes 504 W for 9.6 Tb/s. Suppose that wavelengths that are not needed are switched off: then power goes with the
# capacity that is lit, at 52.5 W per Tb/s.
#
# A satellite in the middle has eight links and would need 4 kW. The budget of 2 kW is assumed, to make it bite.

# %%
transceiver = load_part("coherent_400zr")
watt_per_bps = transceiver["power_w"] / transceiver["mode_400g_unamplified.payload_bps"]
budget_w = 2e3
links_of = np.bincount(np.concatenate([fabric.tail, fabric.head]), minlength=fabric.n_nodes) // 2
full_w = links_of * float(fabric.capacity_bps.max()) * watt_per_bps
print(f"{watt_per_bps * 1e12:.1f} W per Tb/s")
for count in np.unique(links_of):
    which = links_of == count
    print(f"{which.sum():2d} satellites with {count} links: {full_w[which][0]:.0f} W with all wavelengths lit")

# %% [markdown]
# ## The budget as `Limits`
#
# One resource per satellite: `supply` in W, `use[r, link]` in W per bit/s. The optimizer chooses the lit capacity
# `x_link`, the same in both directions, up to what the fabric offers: `sum over links of use x_link <= supply`.

# %%
ends = np.concatenate([fabric.tail, fabric.head])
link = np.concatenate([fabric.link_of_arc, fabric.link_of_arc])
touches = sparse.csr_array((np.ones(ends.size), (ends, link)), shape=(fabric.n_nodes, fabric.n_links))
use = sparse.csr_array((touches > 0) * watt_per_bps)
limits = Limits(
    names=tuple(f"power of {label}" for label in fabric.labels),
    supply=np.full(fabric.n_nodes, budget_w),
    use=use,
)
limited = max_throughput(fabric=fabric, traffic=traffic, limits=limits)
print(limited)
print(f"half the watts in the middle keep {limited.per_gpu_bps.lower / free.per_gpu_bps.upper:.1%} of the throughput")
for what, share in binding(fabric=fabric, throughput=limited, limits=limits):
    print(f"binding: {what}, {share:.0%} of the bound")

# %% [markdown]
# Both ends are certified *with* the budget, and checked again without a solver. Prices say whose watts matter: a
# satellite without a price could live with less.

# %%
again = limited.verify(fabric=fabric, traffic=traffic, limits=limits)
print(f"recomputed: {(again * limited.bit_per_gpu).as_rate(digits=8)} per GPU")
price = limited.prices.limit
for v in np.argsort(-price)[:4]:
    more = replace(limits, supply=limits.supply + 100.0 * (np.arange(fabric.n_nodes) == v))
    bound_per_s = price_bound_per_s(fabric=fabric, traffic=traffic, prices=limited.prices, limits=more)
    at_most = bound_per_s / limited.lower_per_s - 1
    print(f"100 W more for {fabric.labels[v]} ({links_of[v]} links): at most {at_most:.2%} gained")
print(f"without a price: {np.count_nonzero(price < 1e-6 * price.max())} of {fabric.n_nodes} satellites")

# %% [markdown]
# ## The same budget as cvxpy constraints
#
# `constraints=` takes a function that gets the `ThroughputProblem`. Its expressions are in physical units: `load_bps`
# for each arc, `throughput_per_s`, `flow_bps` for each source and arc. A link must light enough for its busier
# direction. Divide by 1e12 before anything nonlinear: `maximum` of bit/s is an auxiliary variable of order 1e13, and
# solvers then stop early.


# %%
def power_budget(problem: ThroughputProblem) -> list[Any]:
    """Each satellite's links, lit for their busier direction, stay within the budget."""
    first = np.array([np.flatnonzero(fabric.link_of_arc == k)[0] for k in range(fabric.n_links)])
    second = np.array([np.flatnonzero(fabric.link_of_arc == k)[1] for k in range(fabric.n_links)])
    load_tbps = problem.load_bps / 1e12  # first of all: solvers want numbers of order one
    lit_tbps = cp.maximum(load_tbps[first], load_tbps[second])
    return [(use * 1e12) @ lit_tbps <= budget_w]


constrained = max_throughput(fabric=fabric, traffic=traffic, constraints=power_budget)
print(constrained)
print(f"note: {constrained.note}")

# %% [markdown]
# The lower end is the one from before: two formulations, one optimum. The upper end is that of the unlimited problem,
# because the certificate knows nothing of constraints that only cvxpy has seen: it would have to trust the solver. So
# the interval is wide, and honest. What you may quote is "at least"; for "at most", write the constraint as `Limits`.

# %%
known = constrained.verify(fabric=fabric, traffic=traffic)
print(f"recomputed without a solver: {(known * constrained.bit_per_gpu).as_rate()} per GPU")

# %% [markdown]
# ## A limit that no linear program has
#
# Constraints may be any convex ones. Say the heat of a satellite's transmitters grows with the square of their load
# (assumed: 1 W for each squared Tb/s, and 250 W of cooling). HiGHS takes linear programs only, so the next solver,
# Clarabel, answers; `method` says so. A status such as `optimal_inaccurate` does no harm: what the routing carries is
# counted anew.


# %%
def cooling(problem: ThroughputProblem) -> list[Any]:
    """The squared loads leaving each satellite, in Tb/s, sum to 250 at most."""
    load_tbps = problem.load_bps / 1e12
    return [cp.sum_squares(load_tbps[np.flatnonzero(fabric.tail == v)]) <= 250.0 for v in range(fabric.n_nodes)]


cooled = max_throughput(fabric=fabric, traffic=traffic, constraints=cooling)
print(cooled)

# %% [markdown]
# ## Another question for the same problem
#
# `ThroughputProblem` is a cvxpy problem that you can take apart. Here: the fewest watts, over all satellites, that keep
# 90 % of the free throughput, when wavelengths are lit as needed in each direction.

# %%
problem = ThroughputProblem(fabric=fabric, traffic=traffic, at_most_per_s=free.upper_per_s)
total_w = watt_per_bps * 1e12 * cp.sum(problem.load_bps / 1e12)
wanted = problem.throughput_per_s / free.lower_per_s >= 0.9
least = cp.Problem(cp.Minimize(total_w), [*problem.problem.constraints, wanted])
least.solve(solver="HIGHS")
all_lit_w = watt_per_bps * float(fabric.capacity_bps.sum())
print(f"all wavelengths lit {all_lit_w / 1e3:.1f} kW; 90 % of the throughput needs {float(total_w.value) / 1e3:.1f} kW")

# %% [markdown]
# ## Checks

# %%
# Two formulations of one budget have one optimum.
assert abs(constrained.lower_per_s / limited.lower_per_s - 1) < 1e-5
assert abs(constrained.upper_per_s / free.upper_per_s - 1) < 1e-5

# A routing that obeys the budget: no satellite lights more than it has watts for.
load_bps = limited.routing.arc_bit(fabric=fabric, traffic=traffic) * limited.lower_per_s
lit_bps = np.zeros(fabric.n_links)
np.maximum.at(lit_bps, fabric.link_of_arc, load_bps)
assert ((use @ lit_bps) <= budget_w * (1 + 1e-6)).all()

# So does the routing under the cooling limit, at the rate that is claimed for it (to the tolerance of the solver).
cooled_tbps = cooled.routing.arc_bit(fabric=fabric, traffic=traffic) * cooled.lower_per_s / 1e12
assert np.bincount(fabric.tail, weights=cooled_tbps**2).max() <= 250.0 * (1 + 1e-4)

# Limits can only cost. Watts for everything cost nothing.
assert limited.lower_per_s < free.lower_per_s
plenty = Limits(names=limits.names, supply=np.full(fabric.n_nodes, 8 * 504.0), use=use)
ample = max_throughput(fabric=fabric, traffic=traffic, limits=plenty)
assert abs(ample.lower_per_s / free.lower_per_s - 1) < 1e-5

# The least watts are those of shortest paths at least: hops times what is sent.
assert float(total_w.value) >= 0.9 * watt_per_bps * free.lower_per_s * traffic.sent_bit.sum()
