"""What a check of a saved report finds: numbers that differ, numbers that follow from proofs, numbers only stated."""

import math
from collections.abc import Mapping, Sequence

from optimize.flow.interval import Interval
from optimize.flow.routing import CertificateError

from .meaning import WORST_TIME
from .report import Proof
from .save import CERTIFICATE, REPORT

__all__ = ["Findings", "interval", "is_close", "unlimited"]

_RTOL = 1e-9  # rounding between what was stored and what is computed again, perhaps on another machine


def unlimited(number: float | None) -> float:
    """A number of JSON, where null stands for infinity."""
    return math.inf if number is None else float(number)


def interval(ends: Mapping[str, float | None]) -> Interval:
    """An interval of JSON."""
    return Interval(lower=unlimited(ends["lower"]), upper=unlimited(ends["upper"]))


def is_close(*, one: float, other: float) -> bool:
    """Whether two numbers are the same but for rounding."""
    return one == other or math.isclose(one, other, rel_tol=_RTOL)


class Findings:
    """Differences between files and proofs, with the file each is in; what was proved, and what is only stated.

    Parameters
    ----------
    proofs : mapping of str to Proof
        Of the certificate, checked, by label.
    """

    def __init__(self, proofs: Mapping[str, Proof]) -> None:
        self.proofs = proofs
        self.differences: list[str] = []
        self.proved: list[str] = []
        self.stated: list[str] = []

    def differ(self, line: str, *, file: str = REPORT) -> None:
        """Something in a file that is not what it must be."""
        self.differences.append(f"{file}: {line}")

    def proof(self, label: str) -> Proof:
        """The proof of a label; `CertificateError` if there is none."""
        if label not in self.proofs:
            raise CertificateError(f"{CERTIFICATE}: holds no proof {label!r}; its report needs one")
        return self.proofs[label]

    def certified(self, who: str, name: str) -> Interval:
        """Interval of a throughput: of a series, the upper end is that of its worst time. [bit/s]"""
        first = self.proof(f"{who} {name}")
        last = self.proofs.get(f"{who} {name}{WORST_TIME}", first)
        return Interval(lower=first.throughput.per_gpu_bps.lower, upper=last.throughput.per_gpu_bps.upper)

    def number(self, where: str, stated: float, found: float) -> None:
        """A number that must be what was computed again."""
        if not is_close(one=stated, other=found):
            self.differ(f"{where} says {stated:.12g}, recomputed {found:.12g}")

    def same(self, where: str, stated: Interval, found: Interval) -> None:
        """Both ends of an interval."""
        self.number(f"{where}, lower", stated.lower, found.lower)
        self.number(f"{where}, upper", stated.upper, found.upper)

    def equal(self, where: str, stated: object, found: object) -> None:
        """A word or a list that must be exactly this."""
        if stated != found:
            self.differ(f"{where} says {stated!r}, need {found!r}")

    def names(self, where: str, stated: Sequence[str], found: Sequence[str]) -> None:
        """Names of a list, in their order."""
        if list(stated) != list(found):
            self.differ(f"{where} are {', '.join(stated) or 'none'}; need {', '.join(found) or 'none'}")
