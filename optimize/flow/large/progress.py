"""What the large solvers share: the ends so far, the clock, who is told, and the answer that is checked at the end.

Leaves out how to search: see `solve` and `sparse`.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from optimize.flow.certificate import achieved_per_s
from optimize.flow.certified import Throughput
from optimize.flow.routing import CertificateError, Routing
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

from .bounds import UpperEnd

__all__ = ["LargeProgress", "LargeSearch", "StopError"]

_REPORT_S = 2.0  # least time between two reports of progress


class StopError(Exception):
    """The search ends here, for the reason given."""


@dataclass(frozen=True, kw_only=True)
class LargeProgress:
    """Where the solver is: what it has proved so far, up to the rounding that the final check removes.

    Parameters
    ----------
    elapsed_s : float
    stage : str
        What it is doing.
    lower_per_s, upper_per_s : float
        The interval so far. [1/s]
    upper_by : str
        What proves the upper end.
    """

    elapsed_s: float
    stage: str
    lower_per_s: float
    upper_per_s: float
    upper_by: str

    def __str__(self) -> str:
        width = self.upper_per_s / self.lower_per_s - 1.0 if self.lower_per_s > 0 else float("inf")
        return (
            f"{self.elapsed_s:7.1f} s  {self.stage}: {self.lower_per_s:.6g} to {self.upper_per_s:.6g} rounds/s "
            f"({self.upper_by}), width {width:.2%}"
        )


class LargeSearch(ABC):
    """One run; parameters as of `large_throughput`, `begun` on the clock of `time.monotonic`. [s]"""

    def __init__(
        self,
        *,
        fabric: Fabric,
        traffic: Traffic,
        rtol: float,
        begun: float,
        time_limit_s: float,
        progress: Callable[[LargeProgress], None] | None,
    ) -> None:
        self.fabric, self.traffic, self.rtol, self.begun, self.time_limit_s = fabric, traffic, rtol, begun, time_limit_s
        self.progress, self.told, self.lower = progress, begun, 0.0
        self.upper = UpperEnd(fabric=fabric, traffic=traffic)

    @abstractmethod
    def _search(self) -> None:
        """Narrow the interval until `StopError` says why no more."""

    @abstractmethod
    def _result(self, why: str) -> Throughput:
        """The best routing, by `_checked`."""

    def run(self) -> Throughput:
        """Search until the interval is narrow enough, time is over, or little is gained any more."""
        why = ""
        try:
            self._search()
        except StopError as reason:
            why = str(reason)
        except KeyboardInterrupt:
            if not self.lower > 0:
                raise
            why = "interrupted"
        answer = self._result(why)
        with suppress(KeyboardInterrupt):
            self._tell("done", answer.lower_per_s)
        return answer

    def _checked(self, why: str, routing: Routing, *, what: str, method: str, counted: str, holds: str) -> Throughput:
        """The answer whose lower end is what the certificate makes of the routing, from nothing but itself."""
        lower = achieved_per_s(fabric=self.fabric, traffic=self.traffic, routing=routing)
        if lower > self.upper.per_s * (1.0 + 1e-9):
            raise CertificateError(
                f"{self.traffic.name} on {self.fabric.name!r}: the {what} carry {lower:.9g} rounds/s, but "
                f"{self.upper.how} forbids more than {self.upper.per_s:.9g}"
            )
        did = f"{counted} in {time.monotonic() - self.begun:.1f} s"
        return Throughput(
            traffic=self.traffic.name,
            lower_per_s=lower,
            upper_per_s=max(self.upper.per_s, lower),
            bit_per_gpu=self.traffic.bit_per_gpu,
            routing=routing,
            prices=self.upper.prices,
            method=f"{method}; {self.upper.how}",
            note="; ".join([why] * bool(why) + [did, holds]),
        )

    def _check_done(self) -> None:
        if self.upper.per_s <= self.lower * (1.0 + self.rtol):
            raise StopError("")

    def _check_time(self) -> None:
        if time.monotonic() - self.begun > self.time_limit_s:
            raise StopError(f"the time limit of {self.time_limit_s:g} s is over")

    def _tell_now_and_then(self, stage: str) -> None:
        now = time.monotonic()
        if now - self.told > _REPORT_S:
            self.told = now
            self._tell(stage, self.lower)

    def _tell(self, stage: str, lower: float) -> None:
        if self.progress is not None:
            self.progress(
                LargeProgress(
                    elapsed_s=time.monotonic() - self.begun,
                    stage=stage,
                    lower_per_s=lower,
                    upper_per_s=self.upper.per_s,
                    upper_by=self.upper.how,
                )
            )
