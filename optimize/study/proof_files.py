"""Proofs to one file and back: `certificate.npz`, checked again by numpy and scipy, without a solver.

Holds fabrics, traffic, routings and prices as plain arrays. Leaves out what a report says about them: see `verify`.
"""

import io
import itertools
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimize.flow.certificate import Prices
from optimize.flow.certified import Throughput
from optimize.flow.interval import Interval
from optimize.flow.mixture import MirroredRouting, SymmetricRouting, UnitFlowRouting
from optimize.flow.routing import CertificateError, FlowRouting, Routing, ShortestPathRouting
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

from .meaning import traffic_differences
from .report import Proof

__all__ = ["load_proofs", "packed_proofs", "report_digest", "verify_file"]

_REPORT = "report.sha256"  # the one entry that belongs to no proof


def _strip(thing: Any, prefix: str) -> dict[str, NDArray[Any]]:
    """Arrays, numbers and texts of a dataclass as named arrays."""
    found: dict[str, NDArray[Any]] = {}
    for f in fields(thing):
        value, key = getattr(thing, f.name), f"{prefix}{f.name}"
        if value is None:
            continue
        if type(value).__name__ in _ROUTINGS:
            found |= {f"{key}.kind": np.array(type(value).__name__), **_strip(value, f"{key}.")}
        elif isinstance(value, sparse.csr_array):
            found |= {f"{key}.data": value.data, f"{key}.indices": value.indices, f"{key}.indptr": value.indptr,
                      f"{key}.shape": np.array(value.shape)}  # fmt: skip
        else:
            found[key] = np.asarray(value)
    return found


def packed_proofs(proofs: Sequence[Proof], *, report: str = "") -> bytes:
    """Bytes of a `certificate.npz`; the same proofs give the same. `report` is the digest of the report they prove.

    What several proofs share, such as a fabric or a routing, is written once and named by the others.
    """
    arrays: dict[str, NDArray[Any]] = {_REPORT: np.array(report)} if report else {}
    first: dict[int, str] = {}
    for i, proof in enumerate(proofs):
        answer = proof.throughput
        arrays |= {f"{i}.label": np.array(proof.label), f"{i}.method": np.array(answer.method),
                   f"{i}.ends": np.array([answer.lower_per_s, answer.upper_per_s, answer.bit_per_gpu]),
                   f"{i}.routing.kind": np.array(type(answer.routing).__name__)}  # fmt: skip
        for thing, name in (
            (proof.fabric, "fabric"),
            (proof.traffic, "traffic"),
            (answer.routing, "routing"),
            (answer.prices, "prices"),
        ):
            place = first.setdefault(id(thing), f"{i}.{name}.")
            arrays |= {f"{i}.{name}.is": np.array(place)} if place != f"{i}.{name}." else _strip(thing, place)
    # Not numpy's own writer: it stamps the time, and the same report must give the same bytes.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, value in arrays.items():
            body = io.BytesIO()
            np.lib.format.write_array(body, np.asanyarray(value), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), body.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _fill(kind: type, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Any:
    values: dict[str, Any] = {}
    for f in fields(kind):
        key = f"{prefix}{f.name}"
        if f"{key}.shape" in arrays:
            parts = (arrays[f"{key}.data"], arrays[f"{key}.indices"], arrays[f"{key}.indptr"])
            values[f.name] = sparse.csr_array(parts, shape=tuple(arrays[f"{key}.shape"].tolist()))
            values[f.name].check_format(full_check=True)  # indices out of range would be followed blindly
            if (np.diff(parts[2]) < 0).any():  # scipy looks only where there is an entry
                raise ValueError(f"{key}.indptr goes down")
        elif f"{key}.kind" in arrays:
            values[f.name] = _fill(_ROUTINGS[arrays[f"{key}.kind"].item()], arrays, f"{key}.")
        elif key in arrays:
            value = arrays[key]
            values[f.name] = value.item() if value.ndim == 0 else value
    if "labels" in values:
        values["labels"] = tuple(values["labels"].tolist())
    return kind(**values)


_ROUTINGS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (FlowRouting, ShortestPathRouting, UnitFlowRouting, SymmetricRouting, MirroredRouting)
}


# What numpy, zipfile and the nouns raise for files and arrays that are something else.
_NOT_ONE = (
    ArithmeticError, AttributeError, EOFError, LookupError, RuntimeError, TypeError, ValueError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def report_digest(path: Path) -> str:
    """Digest of the report that a certificate was written with; empty if it names none."""
    return str(_arrays(path).get(_REPORT, ""))


def load_proofs(path: Path) -> tuple[Proof, ...]:
    """Proofs of a `certificate.npz`; `ValueError` if it is not one."""
    try:
        arrays = _arrays(path)
        arrays.pop(_REPORT, None)
        count = 1 + max(int(key.split(".", 1)[0]) for key in arrays)
        return tuple(_proof(arrays, f"{i}.") for i in range(count))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read, {error.strerror or error}; give a certificate.npz") from None
    except _NOT_ONE as error:
        raise ValueError(f"{path}: not a certificate ({error}); give a certificate.npz that fabricgap wrote") from None


def _filled(kind: type, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Any:
    """A thing that stands at this place, or at the one that is named there."""
    return _fill(kind, arrays, arrays[f"{prefix}is"].item() if f"{prefix}is" in arrays else prefix)


def _proof(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Proof:
    lower, upper, bits = (float(end) for end in arrays[f"{prefix}ends"])
    traffic: Traffic = _filled(Traffic, arrays, f"{prefix}traffic.")
    routing: Routing = _filled(_ROUTINGS[arrays[f"{prefix}routing.kind"].item()], arrays, f"{prefix}routing.")
    answer = Throughput(
        traffic=traffic.name, lower_per_s=lower, upper_per_s=upper, bit_per_gpu=bits, routing=routing,
        prices=_filled(Prices, arrays, f"{prefix}prices."), method=arrays[f"{prefix}method"].item(),
    )  # fmt: skip
    fabric: Fabric = _filled(Fabric, arrays, f"{prefix}fabric.")
    return Proof(label=arrays[f"{prefix}label"].item(), fabric=fabric, traffic=traffic, throughput=answer)


def verify_file(path: Path) -> tuple[tuple[Proof, Interval], ...]:
    """Every proof of a certificate with both ends recomputed by numpy and scipy; `CertificateError` if one fails.

    Also checked: that each is about the traffic that its label names, computed again from the fabric stored with it.
    """
    proofs = load_proofs(path)
    try:
        wrong = next(itertools.chain(_miscounted(proofs), traffic_differences(proofs)), "")
    except _NOT_ONE as error:
        raise CertificateError(f"{path}: {error}") from None
    if wrong:
        raise CertificateError(f"{path}: {wrong}")
    checked = []
    for proof in proofs:
        try:
            found = proof.throughput.verify(fabric=proof.fabric, traffic=proof.traffic)
        except _NOT_ONE as error:
            raise CertificateError(f"{path}: {proof.label}: {error}") from None
        checked.append((proof, found * proof.throughput.bit_per_gpu))
    return tuple(checked)


def _miscounted(proofs: Sequence[Proof]) -> Iterator[str]:
    for proof in proofs:
        counted, meant = proof.throughput.bit_per_gpu, proof.traffic.bit_per_gpu
        if counted != meant:
            yield f"{proof.label}: counts {counted:g} bit per GPU, its traffic {meant:g}"
