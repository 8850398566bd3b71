"""Resources that links share (terminals, channels, watts): `Limits`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from links.frozen import FrozenArrays

__all__ = ["Limits"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Limits(FrozenArrays):
    """Shared resources: both directions of link e get x_e, with sum_e use[r, e] x_e <= supply[r].

    The capacities of the fabric stay upper bounds of x_e in each direction.

    Parameters
    ----------
    names : tuple of r str
        Such as "terminals of sat3".
    supply : (r,) array
        What there is of each resource, >= 0.
    use : (r, n_links) csr array
        Use of the resource per bit/s of the link, >= 0; links are numbered by `Fabric.link_of_arc`.
    """

    names: tuple[str, ...]
    supply: NDArray[np.float64]
    use: sparse.csr_array

    def __post_init__(self) -> None:
        super().__post_init__()
        r = len(self.names)
        if self.supply.shape != (r,) or self.use.shape[0] != r:
            raise ValueError(
                f"limits: {r} names, {self.supply.shape} supplies, {self.use.shape[0]} rows of use: they must agree"
            )
        for what, values in (("supply", self.supply), ("use", self.use.data)):
            if not np.isfinite(values).all() or (values < 0).any():
                raise ValueError(f"limits: {what} has a negative or undefined value; give finite numbers >= 0")

    def check(self, *, n_links: int) -> None:
        """`ValueError` unless `use` speaks of that many links."""
        if self.use.shape[1] != n_links:
            raise ValueError(
                f"limits: use has {self.use.shape[1]} columns, the fabric has {n_links} links; give one each"
            )
