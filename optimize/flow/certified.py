"""A certified interval and what proves both of its ends: `Throughput`, and the best of several while it is sought.

Leaves out the search: see `throughput`.
"""

from dataclasses import dataclass, replace

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .certificate import Prices, achieved_per_s, price_bound_per_s
from .direct import simple_prices, simple_routings
from .interval import Interval
from .limits import Limits
from .routing import CertificateError, Routing
from .traffic import Traffic

__all__ = ["Best", "Throughput"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Throughput(FrozenArrays):
    """Rounds of a traffic per second that a fabric carries: an interval with what proves both ends.

    Parameters
    ----------
    traffic : str
        Its name.
    lower_per_s, upper_per_s : float
        What `routing` achieves, and what `prices` forbid to exceed. [1/s]
    bit_per_gpu : float
        Bits a GPU sends per round. [bit]
    routing : Routing
    prices : Prices
    method : str
        How it was found: which proof, or which solver and its status.
    note : str
        What a reader must know, such as constraints that the upper end does not have.
    """

    traffic: str
    lower_per_s: float
    upper_per_s: float
    bit_per_gpu: float
    routing: Routing
    prices: Prices
    method: str
    note: str = ""

    @property
    def width(self) -> float:
        """Upper / lower - 1. [-]"""
        return self.upper_per_s / self.lower_per_s - 1.0

    @property
    def per_gpu_bps(self) -> Interval:
        """Rate of one GPU, one direction: rounds per second times bits per round. [bit/s]"""
        return Interval(lower=self.lower_per_s * self.bit_per_gpu, upper=self.upper_per_s * self.bit_per_gpu)

    def verify(self, *, fabric: Fabric, traffic: Traffic, limits: Limits | None = None, rtol: float = 1e-9) -> Interval:
        """Both ends recomputed from routing and prices, without a solver; `CertificateError` if they do not hold. [1/s]

        `rtol` is the rounding allowed between the stored and the recomputed ends.
        """
        lower = achieved_per_s(fabric=fabric, traffic=traffic, routing=self.routing, limits=limits)
        upper = price_bound_per_s(fabric=fabric, traffic=traffic, prices=self.prices, limits=limits)
        if self.traffic != traffic.name or self.bit_per_gpu != traffic.bit_per_gpu:
            raise CertificateError(
                f"claims {self.bit_per_gpu:.9g} bit per GPU of {self.traffic!r}, given {traffic.bit_per_gpu:.9g} of "
                f"{traffic.name!r}"
            )
        if not self.lower_per_s <= lower * (1 + rtol):
            raise CertificateError(f"claims {self.lower_per_s:.9g} rounds/s, its routing carries {lower:.9g}")
        if not self.upper_per_s >= upper * (1 - rtol):
            raise CertificateError(f"claims at most {self.upper_per_s:.9g} rounds/s, its prices prove only {upper:.9g}")
        if lower > upper * (1 + rtol):
            raise CertificateError(f"the routing carries {lower:.9g} rounds/s, the prices forbid more than {upper:.9g}")
        return Interval(lower=min(lower, upper), upper=upper)

    def __str__(self) -> str:
        return f"{self.traffic}: {self.per_gpu_bps.as_rate()} per GPU, width {self.width:.1e}, by {self.method}"


class Best:
    """The best certified ends so far of one problem."""

    def __init__(self, fabric: Fabric, traffic: Traffic, limits: Limits | None) -> None:
        self.fabric, self.traffic, self.limits = fabric, traffic, limits
        self.lower, self.upper = 0.0, float("inf")
        self.routing: Routing | None = None
        self.prices: Prices | None = None
        self.how_lower = self.how_upper = ""
        self.stopped = ""  # why no more is tried

    def offer_simple(self, rtol: float) -> None:
        """Proofs that need no search, until they close the interval."""
        if not self.closed(rtol):
            for how, routing in simple_routings(fabric=self.fabric):
                self.offer_routing(how, routing)
        for how, prices in simple_prices(fabric=self.fabric, traffic=self.traffic, limits=self.limits):
            if self.closed(rtol):
                break
            self.offer_prices(how, prices)

    def ended_early(self) -> Throughput:
        """What is proved when no more may be tried."""
        self.offer_simple(0.0)
        return replace(self.result(f"ended early ({self.how_lower}; {self.how_upper})"), note=self.stopped)

    def offer_routing(self, how: str, routing: Routing) -> None:
        """Take a routing if its checked rate is the best so far."""
        value = achieved_per_s(fabric=self.fabric, traffic=self.traffic, routing=routing, limits=self.limits)
        if value > self.lower:
            self.lower, self.routing, self.how_lower = value, routing, how

    def offer_prices(self, how: str, prices: Prices) -> None:
        """Take prices if the bound that they prove is the least so far."""
        value = price_bound_per_s(fabric=self.fabric, traffic=self.traffic, prices=prices, limits=self.limits)
        if value < self.upper:
            self.upper, self.prices, self.how_upper = value, prices, how

    def closed(self, rtol: float) -> bool:
        """Whether both ends are known and the width is at most `rtol`."""
        return self.routing is not None and self.upper <= self.lower * (1.0 + rtol)

    def result(self, method: str) -> Throughput:
        """What is proved so far; `CertificateError` if an end is missing or the ends contradict each other."""
        if self.routing is None or self.prices is None:
            raise CertificateError(f"{self.traffic.name} on {self.fabric.name!r}: no routing or no prices to report")
        if self.lower > self.upper * (1 + 1e-9):
            raise CertificateError(
                f"{self.traffic.name} on {self.fabric.name!r}: {self.how_lower} carries {self.lower:.9g} rounds/s, "
                f"{self.how_upper} forbids more than {self.upper:.9g}"
            )
        # A lower end above the upper one by rounding is the same number twice.
        upper = max(self.upper, self.lower)
        return Throughput(
            traffic=self.traffic.name,
            lower_per_s=self.lower,
            upper_per_s=upper,
            bit_per_gpu=self.traffic.bit_per_gpu,
            routing=self.routing,
            prices=self.prices,
            method=method,
        )
