"""Proof of an interval from a routing and from prices; numpy and scipy only, no solver.

Lower end: rounds per second at which the busiest limit of a checked routing is full. Upper end: for any prices >= 0,
what all limits are worth divided by what one round must pay at least (LP duality). Neither trusts a solver's word.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .limits import Limits
from .node_limits import node_limits, node_supplies, shares
from .paths import distances
from .routing import CertificateError, Routing
from .star import as_star
from .traffic import Traffic

__all__ = ["Prices", "Utilisation", "achieved_per_s", "price_bound_per_s", "utilisation", "worths"]

Floats = NDArray[np.float64]

# Below it, sums of products may be of numbers too small to be rounded in their last digit: they prove nothing. Nor do
# prices above its inverse, of which a path could cost more than there are numbers.
_LEAST = float(np.finfo(float).tiny / np.finfo(float).eps)


@dataclass(frozen=True, kw_only=True, eq=False)
class _PerLimit(FrozenArrays):
    """One number for every limit: of arcs, of nodes, of shared resources."""

    arc: Floats
    host_out: Floats
    host_in: Floats
    switch: Floats
    local: Floats
    port: Floats
    limit: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Prices(_PerLimit):
    """Price of one bit/s of every limit, all >= 0; any choice gives a valid bound.

    Parameters
    ----------
    arc : (m,) array
        Of the arcs' own capacities.
    host_out, host_in, switch, local, port : (n,) arrays
        Of the node limits.
    limit : (r,) array
        Of shared resources, per unit.
    limit_arc : (m,) array
        The part of the shared resources' price that each arc charges; over the two arcs of a link it must not
        exceed what the link uses of them.
    """

    limit_arc: Floats

    @classmethod
    def zero(cls, *, fabric: Fabric, limits: Limits | None = None, **some: Floats) -> "Prices":
        """Zero everywhere except where given."""
        sizes = {"arc": fabric.n_arcs, "limit_arc": fabric.n_arcs, "limit": 0 if limits is None else len(limits.names)}
        return cls(**{f.name: some.get(f.name, np.zeros(sizes.get(f.name, fabric.n_nodes))) for f in fields(cls)})


@np.errstate(over="ignore")  # what overflows proves nothing
def price_bound_per_s(*, fabric: Fabric, traffic: Traffic, prices: Prices, limits: Limits | None = None) -> float:
    """Rounds per second that no routing can exceed, by these prices; inf where they prove nothing. [1/s]

    Notes
    -----
    throughput <= (c.y + host.(q + q') + switch.z + local.w + port.h + b.p)
                  / (sum_st d_st (q_s + q'_t + dist(s, t)) + l.w + o.h)
    with l and o the bits per GPU that stay inside the node and that pass its ports, dist the least sum of y_e + u_e
    over arcs and z_v over nodes entered (the source's included), and the arcs of a link charging sum u_e <= (U^T p)_e.
    Weak duality of maximum concurrent flow: Shahrokhi and Matula, J. ACM 37, 318 (1990); with U = I, b = c it is their
    equation for fixed capacities.
    """
    for name, supply in _supplies(fabric, limits).items():
        price = getattr(prices, name)
        if price.shape != supply.shape or not np.isfinite(price).all() or (price < 0).any():
            raise CertificateError(f"prices of {name} must be {supply.size} finite numbers >= 0")
    _check_limit_arc(fabric, prices, limits)
    worth, charge = sum(worths(fabric=fabric, prices=prices, limits=limits).values()), 0.0
    length = prices.arc + prices.limit_arc
    dearest = max(one.max(initial=0.0) for one in (length, prices.host_out, prices.host_in, prices.switch))
    if max(worth, dearest) > 1.0 / _LEAST:
        return float("inf")
    sources, star = traffic.sources, as_star(fabric=fabric)
    if star is not None:  # one path for every pair: what is paid is what the loads of the arcs pay
        sources, load = sources[:0], star.arc_bit(traffic=traffic)
        entered = np.bincount(fabric.head, weights=load, minlength=fabric.n_nodes) + traffic.sent_bit
        charge += float(load @ length + entered @ prices.switch)
        charge += float(traffic.sent_bit @ prices.host_out + traffic.received_bit @ prices.host_in)
    for part, bits in traffic.blocks(sources):
        some = sources[part]
        reach = distances(fabric=fabric, length=length, sources=some, entering=prices.switch)
        reach = reach + prices.host_out[some][:, None] + prices.host_in[None, :]
        wanted = bits > 0
        if np.isinf(reach[wanted]).any():
            return 0.0  # there is no path
        charge += float(bits[wanted] @ reach[wanted])
    charge += float(traffic.local_bit @ prices.local + traffic.port_bit(gpus=fabric.gpus) @ prices.port)
    return worth / charge if min(worth, charge) >= _LEAST and charge < np.inf else float("inf")


def worths(*, fabric: Fabric, prices: Prices, limits: Limits | None = None) -> dict[str, float]:
    """What all limits of each kind are worth at these prices; inf where something unlimited has a price."""
    found = {}
    for name, supply in _supplies(fabric, limits).items():
        price = getattr(prices, name)
        found[name] = float(supply[price > 0] @ price[price > 0])
    return found


def _supplies(fabric: Fabric, limits: Limits | None) -> dict[str, Floats]:
    if limits is not None:
        limits.check(n_links=fabric.n_links)
    shared = np.zeros(0) if limits is None else limits.supply
    return {"arc": fabric.capacity_bps, **node_supplies(fabric=fabric), "limit": shared}


def _check_limit_arc(fabric: Fabric, prices: Prices, limits: Limits | None) -> None:
    charged = prices.limit_arc
    if charged.shape != (fabric.n_arcs,) or not np.isfinite(charged).all() or (charged < 0).any():
        raise CertificateError(f"limit_arc must be {fabric.n_arcs} finite numbers >= 0")
    if limits is None:
        if charged.any():
            raise CertificateError("limit_arc charges for shared resources, but there are none")
        return
    link = np.bincount(fabric.link_of_arc, weights=charged, minlength=fabric.n_links)
    allowed = prices.limit @ limits.use
    if (link > allowed * (1 + 1e-12)).any():
        raise CertificateError("the arcs of a link charge more for shared resources than the link uses of them")


class Utilisation(_PerLimit):
    """Use of every limit at one round per second, as a share of the limit; 0 where it is unlimited."""

    @property
    def greatest(self) -> float:
        """The busiest limit's share."""
        return max(float(getattr(self, f.name).max(initial=0.0)) for f in fields(self))


def utilisation(*, fabric: Fabric, traffic: Traffic, routing: Routing, limits: Limits | None = None) -> Utilisation:
    """Use of every limit when the routing carries one round per second; loads are recomputed from the routing. [s]"""
    if traffic.n_nodes != fabric.n_nodes:
        raise CertificateError(f"traffic speaks of {traffic.n_nodes} nodes, the fabric has {fabric.n_nodes}")
    if limits is not None:
        limits.check(n_links=fabric.n_links)
    arc = routing.arc_bit(fabric=fabric, traffic=traffic)
    link = np.zeros(fabric.n_links)
    np.maximum.at(link, fabric.link_of_arc, arc)
    return Utilisation(
        arc=shares(used=arc, supply=fabric.capacity_bps),
        limit=np.zeros(0) if limits is None else shares(used=limits.use @ link, supply=limits.supply),
        **{limit.name: limit.share for limit in node_limits(fabric=fabric, traffic=traffic, arc_bit=arc)},
    )


def achieved_per_s(*, fabric: Fabric, traffic: Traffic, routing: Routing, limits: Limits | None = None) -> float:
    """Rounds per second that the routing carries, checked. [1/s]"""
    greatest = utilisation(fabric=fabric, traffic=traffic, routing=routing, limits=limits).greatest
    if greatest == 0.0:
        raise CertificateError(
            f"traffic {traffic.name!r} uses no limit of {fabric.name!r}; its throughput has no bound"
        )
    return 1.0 / greatest
