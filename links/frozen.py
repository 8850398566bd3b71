"""Read-only arrays for the project's frozen dataclasses; knows nothing of what they mean.

A frozen dataclass only protects its names: an array inside could still be written to. Here every
array (and sparse matrix) is copied and locked when the object is made, and locked again when it is
unpickled, because a pickle forgets the lock.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["FrozenArrays"]


def _lock(value: Any) -> None:
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, sparse.csr_array):
        for part in ("data", "indices", "indptr"):
            getattr(value, part).setflags(write=False)


class FrozenArrays:
    """What a frozen dataclass that holds arrays inherits: copy and lock at birth, lock on unpickling."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray | sparse.csr_array):
                value = value.copy()
                _lock(value)
                object.__setattr__(self, field.name, value)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            _lock(value)
            object.__setattr__(self, name, value)
