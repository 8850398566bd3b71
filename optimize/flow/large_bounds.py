"""The best upper end so far: limits of single nodes, swept cuts, metrics; each with the prices that prove it.

Leaves out where metrics come from: see `large`.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from topo.fabric import Fabric

from .certificate import Prices
from .sweeps import sparsest_cut
from .traffic import Traffic

__all__ = ["UpperEnd"]

Floats = NDArray[np.float64]


class UpperEnd:
    """The least of the bounds offered so far.

    Parameters
    ----------
    fabric : Fabric
    traffic : Traffic

    Attributes
    ----------
    per_s : float
        inf at first. [1/s]
    prices : Prices
    how : str
        What proves it.
    """

    def __init__(self, *, fabric: Fabric, traffic: Traffic) -> None:
        self.fabric, self.traffic = fabric, traffic
        self.per_s, self.prices, self.how = np.inf, Prices.zero(fabric=fabric), "nothing yet"

    def offer(self, *, per_s: float, prices: Prices, how: str) -> None:
        """Take a bound if it is better."""
        if per_s < self.per_s:
            self.per_s, self.prices, self.how = per_s, prices, how

    def offer_cut(self, *, values: Iterable[Floats], how: str) -> None:
        """Take the best cut of the sweeps along some values of the nodes."""
        cut = sparsest_cut(fabric=self.fabric, traffic=self.traffic, values=values)
        if cut is not None:
            self.offer(per_s=cut.per_s, prices=cut.prices(fabric=self.fabric), how=how)

    def offer_nodes(self) -> float:
        """Take the limits and the links of single nodes; the least that no routing can change. [1/s]"""
        fabric, traffic = self.fabric, self.traffic
        nothing = Prices.zero(fabric=fabric)
        fixed = np.inf
        for what, name, used, supply in (
            ("host interface", "host_out", traffic.sent_bit, fabric.host_bps),
            ("host interface", "host_in", traffic.received_bit, fabric.host_bps),
            ("switch", "switch", traffic.sent_bit + traffic.received_bit, fabric.switch_bps),
            ("links inside", "local", traffic.local_bit, fabric.local_bps),
            ("GPU ports", "port", traffic.port_bit(gpus=fabric.gpus), fabric.port_bps),
        ):
            v, per_s = self._tightest(used, supply)
            price = np.zeros(fabric.n_nodes)
            price[v] = 1.0
            self.offer(per_s=per_s, prices=replace(nothing, **{name: price}), how=f"the {what} of {fabric.labels[v]}")
            fixed = fixed if name == "switch" else min(fixed, per_s)
        for what, end, bits in (("out of", fabric.tail, traffic.sent_bit), ("into", fabric.head, traffic.received_bit)):
            capacity = np.bincount(end, weights=fabric.capacity_bps, minlength=fabric.n_nodes)
            v, per_s = self._tightest(bits, np.asarray(capacity, dtype=float))
            prices = replace(nothing, arc=(end == v).astype(float))
            self.offer(per_s=per_s, prices=prices, how=f"the links {what} {fabric.labels[v]}")
        return fixed

    @staticmethod
    def _tightest(used: Floats, supply: Floats) -> tuple[int, float]:
        """Node with the least supply per bit used, and that ratio; inf if none uses any."""
        per_s = np.full(used.size, np.inf)
        np.divide(supply, used, out=per_s, where=used > 0)
        v = int(np.argmin(per_s))
        return v, float(per_s[v])
