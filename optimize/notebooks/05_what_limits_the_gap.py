# %% [markdown]
# # What limits the gap
#
# A gap is a number; this notebook asks where it comes from. Which kind of limit binds, which links carry the price,
# where the formation is cut, and what more of something would buy: first as an upper bound from the prices, then for
# certain by solving again. The two differ, and the difference is the lesson.
#
# Rates in payload, **one direction**; 1 GB/s = 8e9 bit/s.

# %%
# %matplotlib inline
from dataclasses import replace

import numpy as np

from figures.plots import binding_cut
from optimize import all_to_all, build, gap, load_scenario, max_throughput, measure
from optimize.flow import binding, evaluate_cut, price_bound_per_s
from optimize.study.point import all_to_all_of
from topo import Fabric

scenario = load_scenario("lattice-21").variant({})  # without its other readings
report = measure(build(scenario))
proof = report.proof("formation all_to_all")
fabric, traffic, now = proof.fabric, proof.traffic, proof.throughput
print(fabric)
print(now)

# %% [markdown]
# ## Which kind of limit
#
# The upper end is proved by a price for each limit. What a kind of limit is worth (price times supply) over the worth
# of all of them is its share of the bound.

# %%
for kind, share in report.binding:
    print(f"{kind}: {share:.1%} of the bound")

# %% [markdown]
# Only links. Network cards, which cost a factor of 8.6 on the ladder, do not bind *now*: the wiring binds first.
#
# ## Which links
#
# On the left of the colour bar a link is nearly free, on the right it holds everybody down. Light grey links have no
# price: they could be wider and nothing would change. Colours of satellites are the sides of the narrowest halving
# found.

# %%
binding_cut.draw(binding_cut.table(["lattice-21"]))

# %% [markdown]
# ## The narrowest halving
#
# A cut is a proof that people can check by hand: whatever crosses it must fit through it. Bisection is an interval,
# because finding the best cut is hard: the upper end is the best one found, the lower end what certified all-to-all
# throughput implies.

# %%
cut = report.cut
one_side, other = int(cut.smaller_gpus), int(fabric.n_gpus - cut.smaller_gpus)
print(f"{one_side} against {other} GPUs; {cut.arcs.size} arcs lead across, {cut.capacity_bps / 1e12:.1f} Tb/s")
print(f"bisection: {report.metric('bisection').formation.as_rate()} per GPU of the smaller side")

# Every GPU sends the same to each of the other 1,511; what crosses must fit.
by_cut_bps = cut.capacity_bps / (one_side * other) * (fabric.n_gpus - 1)
print(f"this cut alone allows {by_cut_bps / 8e9:.2f} GB/s of all-to-all per GPU; certified {now.per_gpu_bps.as_rate()}")

# %% [markdown]
# The cut alone explains all but a few percent. The rest needs many cuts at once, which is what prices are.
#
# ## Prices: what more would buy, at most
#
# With the prices fixed, the bound of a *changed* fabric is a sum. So each price is an upper bound on what its link can
# gain. Here: a second terminal at both ends of the dearest link, of all links that are as dear, and of the cheapest.


# %%
def with_second_terminal(links: list[int]) -> Fabric:
    """The fabric with twice the capacity, terminals and power on both arcs of these links."""
    twice = np.where(np.isin(fabric.link_of_arc, links), 2, 1)
    return replace(
        fabric,
        name=f"{fabric.name}, {len(links)} links doubled",
        capacity_bps=fabric.capacity_bps * twice,
        terminals=fabric.terminals * twice,
        power_w=fabric.power_w * twice,
    )


worth = np.bincount(fabric.link_of_arc, weights=now.prices.arc * fabric.capacity_bps)
choices = {
    "the dearest link": [int(np.argmax(worth))],
    "all that are as dear": np.flatnonzero(worth > 0.99 * worth.max()).tolist(),
    "the cheapest link": [int(np.argmin(worth))],
}
gains = {}
for name, links in choices.items():
    changed = with_second_terminal(links)
    at_most = price_bound_per_s(fabric=changed, traffic=traffic, prices=now.prices) / now.lower_per_s - 1
    again = max_throughput(fabric=changed, traffic=traffic, hints=[now])
    gains[name] = (at_most, again.lower_per_s / now.lower_per_s - 1)
    print(f"{name:<21} ({len(links)}): at most {at_most:+.2%} by price, {gains[name][1]:+.2%} by solving again")

# %% [markdown]
# One link gains nothing, because the lattice has others just like it, and cuts through those bind as before. All of
# them together gain something, still less than their prices allow: traffic moves, and the next links bind. A price of
# zero says where it is *pointless* to spend; where it pays is found only by solving again.
#
# ## One more channel on every link
#
# If everything that binds grows by 1/24, so does the throughput, and bound and truth agree. `all_to_all_of` measures a
# changed scenario over its whole orbit without the rest of the report, in a fraction of the time.

# %%
wider, more = all_to_all_of(build(scenario.variant({"link.channels": 25})), rtol=1e-6)
at_most = price_bound_per_s(fabric=wider, traffic=traffic, prices=now.prices) / now.lower_per_s - 1
gain = more.lower_per_s / now.lower_per_s - 1
print(f"25 instead of 24 channels: at most {at_most:+.3%}, {gain:+.3%} by solving again")

# %% [markdown]
# ## More of everything, until something else binds
#
# The same lattice with 1, 2, 3 and 4 terminals on every link. Past a point the links are no longer what binds, and no
# further terminal helps: the network cards are next on the ladder.

# %%
rack = max_throughput(fabric=report.case.scale_up, traffic=all_to_all(fabric=report.case.scale_up))
by_terminals = {}
for copies in (1, 2, 3, 4):
    changes = {"wiring.terminals_per_link": copies, "satellite.terminals": 8 * copies}
    changed, found = all_to_all_of(build(scenario.variant(changes)), rtol=1e-6)
    by_terminals[copies] = found.per_gpu_bps
    kinds = binding(fabric=changed, throughput=found)
    binds = ", ".join(f"{kind} {share:.0%}" for kind, share in kinds)
    print(
        f"{8 * copies:2d} terminals: {found.per_gpu_bps.as_rate():>11} per GPU, "
        f"gap {gap(reference=rack, formation=found).interval.text()}x, binding: {binds}"
    )

# %% [markdown]
# ## Checks

# %%
# Any cut bounds all-to-all from above, this one too; and evaluating it again gives the same.
assert now.per_gpu_bps.lower <= by_cut_bps * (1 + 1e-9)
assert evaluate_cut(fabric=fabric, side=cut.side).capacity_bps == cut.capacity_bps

# No solution beats its price, none is worse than before.
for at_most, gained in gains.values():
    assert -1e-6 <= gained <= at_most + 1e-6

# Channels scale the whole problem while only links bind.
assert abs(gain - 1 / 24) < 1e-5

# Behind the network cards: 100 GB/s for 1,440 of 1,511 partners.
assert abs(by_terminals[4].upper / 8e9 / (100 * 1511 / 1440) - 1) < 1e-6
