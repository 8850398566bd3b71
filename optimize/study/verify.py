"""A saved report checked again: every number that its certificate proves, and whether its files say the same.

Works with numpy and scipy on the files alone: no solver, no scenario. Leaves out what a certificate does not hold, such
as latencies over an orbit and other readings: of those it says only that all files agree.
"""

import csv
import hashlib
import io
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from optimize.flow.certificate import utilisation
from optimize.flow.cuts import bisection, evaluate_cut
from optimize.flow.gap import gap
from optimize.flow.interval import Interval
from optimize.flow.routing import CertificateError
from optimize.flow.throughput import binding
from optimize.flow.unloaded import injection_bps, latency
from topo.fabric import Fabric

from .case import as_series
from .orbit_ends import is_same
from .proof_files import report_digest, verify_file
from .report import Proof
from .save import CERTIFICATE, REPORT, REPORT_FORMAT, link_table, table_digest, tables_csv

__all__ = ["Verification", "verify_report"]

_RTOL = 1e-9  # rounding between what was stored and what is computed again, perhaps on another machine
_MOST_NAMED = 6  # differences in one message
_MOST_NODES = 1000  # up to which the search for a cut is a matter of seconds
_SIDES = {"scale_up": "scale-up", "scale_out": "scale-out", "formation": "formation"}
_LEAN = "formation all_to_all, least flow"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What held when a report was checked again.

    Parameters
    ----------
    proofs : tuple of (Proof, Interval)
        Every proof with its interval per GPU, recomputed. [bit/s]
    proved : tuple of str
        Numbers of the report that follow from the proofs.
    stated : tuple of str
        Numbers that no file proves; all files agree on them.
    files : tuple of str
        Names of the files that were compared.
    """

    proofs: tuple[tuple[Proof, Interval], ...] = field(repr=False)
    proved: tuple[str, ...]
    stated: tuple[str, ...]
    files: tuple[str, ...]


def verify_report(path: Path) -> Verification:
    """Check a `report.json`, or the folder it lies in, with the certificate and the CSV tables beside it.

    Raises
    ------
    CertificateError
        If a proof does not hold, or a number is not what the proofs say; it names the file and the number.
    ValueError
        If a file cannot be read, or names no certificate.
    """
    path = path / REPORT if path.is_dir() else path
    table = _read(path)
    certificate = path.parent / CERTIFICATE
    checked = verify_file(certificate)
    check = _Check(table, {proof.label: proof for proof, _ in checked})
    try:
        check.everything()
        found = [f"{path.name}: {line}" for line in check.differences]
        files = [path.name, certificate.name]
        for name, content in {**tables_csv(table), "links.csv": link_table(check.proof(_LEAN))}.items():
            if (path.parent / name).is_file():
                files.append(name)
                found += [f"{name}: {line}" for line in _cells(path.parent / name, content)]
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"{path}: not a whole report ({error!r}); give one that fabricgap wrote") from None
    if table["certificate"]["sha256"] != hashlib.sha256(certificate.read_bytes()).hexdigest():
        found.append(f"{certificate.name} is not the file that {path.name} was written with")
    if report_digest(certificate) != table_digest(table):
        found.append(f"{path.name} is not the report that {certificate.name} was written with")
    if found:
        more = f"; and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise CertificateError(f"{path.parent}: {'; '.join(found[:_MOST_NAMED])}{more}")
    return Verification(proofs=checked, proved=tuple(check.proved), stated=tuple(check.stated), files=tuple(files))


def _read(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path}: cannot be read, {error.strerror}; give a report.json or its folder") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error}); give a report.json that fabricgap wrote") from None
    if not isinstance(table, dict) or table.get("format") != REPORT_FORMAT:
        raise ValueError(f"{path}: not a {REPORT_FORMAT!r}; give a report.json that fabricgap wrote")
    named = table.get("certificate")
    if not isinstance(named, dict) or named.get("file") != CERTIFICATE or "sha256" not in named:
        raise ValueError(f"{path}: names no certificate; write it with its certificate, fabricgap gap --out FOLDER")
    return table


def _unlimited(number: float | None) -> float:
    return math.inf if number is None else float(number)


def _interval(ends: Mapping[str, float | None]) -> Interval:
    return Interval(lower=_unlimited(ends["lower"]), upper=_unlimited(ends["upper"]))


def _close(one: float, other: float) -> bool:
    return one == other or math.isclose(one, other, rel_tol=_RTOL)


class _Check:
    """Differences between a report's table and its proofs; what follows from them, and what is only stated."""

    def __init__(self, table: Mapping[str, Any], proofs: Mapping[str, Proof]) -> None:
        self.table, self.proofs = table, proofs
        self.differences: list[str] = []
        self.proved: list[str] = []
        self.stated: list[str] = []

    def everything(self) -> None:
        self._proofs()
        for row in self.table["metrics"]:
            self._metric(row)
        self._ladder()
        for row in self.table["readings"]:
            value, where = _interval(row["all_to_all"]), f"reading {row['label']!r}"
            self._gaps(where, row, {side: self._row("all_to_all")[side] for side in ("scale_up", "scale_out")}, value)
            self.stated.append(where)
        self.stated += [f"reading {row['label']!r}, not possible" for row in self.table["readings_not_possible"]]
        self.stated += [f"collective {row['name']}" for row in self.table["collectives"]]
        self._limits()
        now = self._row("all_to_all")["gap_scale_up"]
        for row in self.table["effects"]["values"]:
            self._same(f"effect of {row['path']}, gap", _interval(row["gap"]), _interval(now))
            self.stated.append(f"effect of {row['path']}")

    def proof(self, label: str) -> Proof:
        if label not in self.proofs:
            raise CertificateError(f"{CERTIFICATE}: holds no proof {label!r}; its report needs one")
        return self.proofs[label]

    def _row(self, name: str) -> Mapping[str, Any]:
        return next(row for row in self.table["metrics"] if row["name"] == name)

    def _number(self, where: str, stated: float, found: float) -> None:
        if not _close(stated, found):
            self.differences.append(f"{where} says {stated:.12g}, recomputed {found:.12g}")

    def _same(self, where: str, stated: Interval, found: Interval) -> None:
        self._number(f"{where}, lower", stated.lower, found.lower)
        self._number(f"{where}, upper", stated.upper, found.upper)

    def _proofs(self) -> None:
        labels = [row["label"] for row in self.table["proofs"]]
        if labels != list(self.proofs):
            self.differences.append(f"lists proofs {', '.join(labels)}; the certificate has {', '.join(self.proofs)}")
        for row in self.table["proofs"]:
            if row["label"] in self.proofs:
                answer = self.proofs[row["label"]].throughput
                self._number(f"proof {row['label']!r}, lower", row["lower_per_s"], answer.lower_per_s)
                self._number(f"proof {row['label']!r}, upper", row["upper_per_s"], answer.upper_per_s)

    def _certified(self, who: str, name: str) -> Interval:
        """Interval of a throughput: of a series, the upper end is that of its worst time."""
        first = self.proof(f"{who} {name}")
        last = self.proofs.get(f"{who} {name}, worst time", first)
        return Interval(lower=first.throughput.per_gpu_bps.lower, upper=last.throughput.per_gpu_bps.upper)

    def _metric(self, row: Mapping[str, Any]) -> None:
        name = row["name"]
        for side, who in _SIDES.items():
            if row[side] is None:
                continue
            where, stated = f"{name} of {side}", _interval(row[side])
            fabric = self.proof(f"{who} all_to_all").fabric
            varies = f"{who} all_to_all, worst time" in self.proofs
            if f"{who} {name}" in self.proofs:
                self._same(where, stated, self._certified(who, name))
            elif name == "injection" and not varies:
                self._same(where, stated, Interval.point(injection_bps(fabric=fabric)))
            elif name == "bisection" and not varies and fabric.n_nodes <= _MOST_NODES:
                self._bisection(where, stated, who)
            elif name.startswith("latency") and side != "formation":
                found = latency(fabric=fabric)
                self._same(where, stated, found.mean if "mean" in name else found.worst)
            else:
                self.stated.append(where)
                continue
            self.proved.append(where)
        references = {side: row[side] for side in ("scale_up", "scale_out")}
        self._gaps(name, row, references, _interval(row["formation"]), less=row["less_is_better"])

    def _bisection(self, where: str, stated: Interval, who: str) -> None:
        """The lower end follows from the routing; the upper one is a real cut, for the formation the one it names."""
        proof = self.proof(f"{who} all_to_all")
        found, cut = bisection(fabric=proof.fabric, throughput=proof.throughput)
        if who == "formation":
            cut = evaluate_cut(fabric=proof.fabric, side=_side(self.table["cut"]["side"], proof.fabric))
            self._number("cut, capacity_bps", self.table["cut"]["capacity_bps"], cut.capacity_bps)
        self._number(f"{where}, lower", stated.lower, min(found.lower, cut.per_gpu_bps))
        self._number(f"{where}, upper", stated.upper, cut.per_gpu_bps)

    def _gaps(
        self, where: str, row: Mapping[str, Any], references: Mapping[str, Any], value: Interval, *, less: bool = False
    ) -> None:
        """Gaps follow from the intervals beside them; all are 1 where the formation is the reference itself."""
        for side, ends in references.items():
            stated = row[f"gap_{side}"]
            if (stated is None) != (ends is None):
                self.differences.append(f"{where}: gap_{side} and {side} do not both exist")
            elif stated is not None:
                found = gap(reference=_interval(ends), formation=value, less_is_better=less).interval
                if side == "scale_up" and not where.startswith("reading") and self._identical():
                    found = Interval.point(1.0)
                self._same(f"{where}, gap_{side}", _interval(stated), found)

    def _identical(self) -> bool:
        form, up = (self.proof(f"{who} all_to_all").fabric for who in ("formation", "scale-up"))
        return is_same(series=as_series(form), fabric=up)

    def _ladder(self) -> None:
        """Each factor follows from its step and the one above, their product from the certified ends."""
        ladder = self.table["ladder"]
        steps = ladder["steps"]
        up, form = self._certified("scale-up", "all_to_all"), self._certified("formation", "all_to_all")
        self._number("ladder, first step, upper_bps", steps[0]["upper_bps"], up.upper)
        self._number("ladder, first step, achieved_bps", steps[0]["achieved_bps"], up.lower)
        for above, step in itertools.pairwise(steps):
            self._number(f"ladder, factor of step {step['number']}", step["factor"],
                         above["upper_bps"] / step["upper_bps"])  # fmt: skip
        last, before = steps[-1], steps[-2]["upper_bps"]
        self._number("ladder, last step, upper_bps", last["upper_bps"], min(form.upper, before))
        self._number("ladder, last step, achieved_bps", last["achieved_bps"], min(form.lower, before))
        width = last["upper_bps"] / last["achieved_bps"] - 1.0
        if not math.isclose(ladder["width"], width, rel_tol=_RTOL, abs_tol=_RTOL):
            self.differences.append(f"ladder, width says {ladder['width']:.6g}, recomputed {width:.6g}")
        product = float(np.prod([step["factor"] for step in steps]))
        surplus, stated = _interval(ladder["surplus"]), _interval(ladder["gap"])
        found = Interval(lower=product * up.lower / up.upper / surplus.upper,
                         upper=product * (1.0 + width) / surplus.lower)  # fmt: skip
        self._same("ladder, gap", stated, found)
        widest = up / form  # the ladder's bounds may be tighter than those of its ends, and never wider
        if stated.lower < widest.lower * (1.0 - _RTOL) or stated.upper > widest.upper * (1.0 + _RTOL):
            self.differences.append(f"ladder, gap {stated.text(digits=9)} leaves {widest.text(digits=9)}, recomputed")
        self._failure(ladder, last, up)
        self.proved.append("product of the ladder")
        self.stated += [f"ladder step {step['number']}" for step in steps[1:-1]]

    def _failure(self, ladder: Mapping[str, Any], last: Mapping[str, Any], up: Interval) -> None:
        """The step below the ladder: its factor and gap follow from its own ends."""
        step = ladder["failure"]
        if step is not None:
            ends = Interval(lower=step["achieved_bps"], upper=step["upper_bps"])
            factor = last["upper_bps"] / ends.upper if ends.upper > 0 else math.inf
            self._number("ladder, factor of failure", _unlimited(step["factor"]), factor)
            self._same("ladder, gap_with_failure", _interval(ladder["gap_with_failure"]), up / ends)
            self.stated.append("ladder, failure")

    def _limits(self) -> None:
        proof = self.proof("formation all_to_all")
        found = binding(fabric=proof.fabric, traffic=proof.traffic, throughput=proof.throughput)
        stated = {row["limit"]: row["share"] for row in self.table["binding"]}
        for name in dict.fromkeys([*stated, *(limit for limit, _ in found)]):
            self._number(f"binding, {name}", stated.get(name, 0.0), dict(found).get(name, 0.0))
        lean = self.proof(_LEAN)
        used = utilisation(fabric=lean.fabric, traffic=lean.traffic, routing=lean.throughput.routing)
        through = np.bincount(lean.fabric.head, weights=used.arc * lean.fabric.capacity_bps,
                              minlength=lean.fabric.n_nodes) + lean.traffic.sent_bit  # fmt: skip
        self._number("switching_bps", self.table["switching_bps"], float(through.max()) * lean.throughput.lower_per_s)
        self._number("link_power_w", self.table["link_power_w"], float(proof.fabric.power_w.sum()))
        self.proved += ["binding limits", "switching", "power of the links"]


def _side(nodes: Sequence[int], fabric: Fabric) -> Any:
    side = np.zeros(fabric.n_nodes, dtype=bool)
    side[np.asarray(nodes, dtype=np.int64)] = True
    return side


def _cells(path: Path, content: bytes) -> Iterator[str]:
    """Cells of a CSV file that differ from what they must be."""
    try:
        stated = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        yield f"cannot be read as a table ({error})"
        return
    meant = list(csv.reader(io.StringIO(content.decode())))
    if [len(row) for row in stated] != [len(row) for row in meant]:
        yield f"has {len(stated)} lines, need {len(meant)}, all of {len(meant[0])} cells"
        return
    for row, other in zip(stated, meant, strict=True):
        for name, one, two in zip(meant[0], row, other, strict=True):
            if one != two and not _same_number(one, two):
                yield f"{name} of {other[0]!r} says {one}, recomputed {two}"


def _same_number(one: str, other: str) -> bool:
    try:
        return _close(float(one), float(other))
    except ValueError:
        return False
