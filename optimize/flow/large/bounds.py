"""The best upper end so far: limits of single nodes, swept cuts, metrics; each with the prices that prove it.

Leaves out where metrics come from: see `solve`.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from optimize.flow.certificate import Prices
from optimize.flow.direct import tightest_nodes
from optimize.flow.node_limits import fixed_per_s
from optimize.flow.sweeps import sparsest_cut
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

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
        nothing = Prices.zero(fabric=self.fabric)
        for how, prices, per_s in tightest_nodes(fabric=self.fabric, traffic=self.traffic, nothing=nothing):
            self.offer(per_s=per_s, prices=prices, how=f"the {how}")
        return fixed_per_s(fabric=self.fabric, traffic=self.traffic)
