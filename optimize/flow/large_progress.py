"""What the large solvers tell while they search."""

from dataclasses import dataclass

__all__ = ["LargeProgress", "StopError"]


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
