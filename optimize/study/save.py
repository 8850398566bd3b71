"""Reports to files and certificates back from them: JSON, CSV and one `certificate.npz` that needs no solver to check.

Every file is written beside its place and then renamed, so a reader never sees half of one. Draws nothing.
"""

import csv
import io
import json
import math
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from links.parts import Datum
from optimize.flow.certificate import Prices
from optimize.flow.interval import Interval
from optimize.flow.mixture import MirroredRouting, SymmetricRouting, UnitFlowRouting
from optimize.flow.routing import CertificateError, FlowRouting, Routing, ShortestPathRouting
from optimize.flow.throughput import Throughput
from optimize.flow.traffic import Traffic, all_to_all
from topo.fabric import Fabric

from .report import Proof, Report

__all__ = ["load_proofs", "report_table", "save_report", "verify_file", "write_atomically"]


def write_atomically(*, path: Path, content: bytes) -> None:
    """Write `content` to `path` so that the path holds either the old file or the whole new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ValueError(f"{path.parent}: cannot write there, {error.strerror}; choose another output folder") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ValueError(f"{path}: cannot be written, {error.strerror}; free the place or choose another") from None
        raise


def _number(value: float) -> float | None:
    """JSON has no infinity: None stands for unlimited."""
    return float(value) if math.isfinite(value) else None


def _ends(interval: Interval | None) -> dict[str, float | None] | None:
    return None if interval is None else {"lower": _number(interval.lower), "upper": _number(interval.upper)}


def _datum(datum: Datum) -> dict[str, Any]:
    return {key: value for key, value in asdict(datum).items() if value not in (None, "")}


def report_table(report: Report) -> dict[str, Any]:
    """The report as nested plain values, ready for JSON; rates in bit/s, one direction, times in s."""
    case = report.case
    return {
        "format": "fabricgap report 1",
        "name": case.name,
        "title": case.title,
        "modelled": list(case.modelled),
        "conventions": "rates are payload bit/s in one direction; null is unlimited; gap > 1: the formation is worse",
        "metrics": [
            {
                "name": m.name,
                "unit": m.unit,
                "less_is_better": m.less_is_better,
                "scale_up": _ends(m.scale_up),
                "scale_out": _ends(m.scale_out),
                "formation": _ends(m.formation),
                "gap_scale_up": _ends(m.gap_up.interval),
                "gap_scale_out": None if m.gap_out is None else _ends(m.gap_out.interval),
            }
            for m in report.metrics
        ],
        "ladder": {
            "steps": [asdict(step) for step in report.ladder.steps],
            "width": report.ladder.width,
            "gap": _ends(report.ladder.gap),
        },
        "readings": [
            {
                "label": r.label,
                "all_to_all": _ends(r.all_to_all),
                "gap_scale_up": _ends(r.gap_up.interval),
                "gap_scale_out": None if r.gap_out is None else _ends(r.gap_out.interval),
                "link_bps": r.link_bps,
                "power_w_per_node": r.power_w,
            }
            for r in report.readings
        ],
        "binding": [{"limit": name, "share": share} for name, share in report.binding],
        "cut": {
            "capacity_bps": report.cut.capacity_bps,
            "smaller_gpus": report.cut.smaller_gpus,
            "side": np.flatnonzero(report.cut.side).tolist(),
        },
        "switching_bps": report.switching_bps,
        "link_power_w": report.link_power_w,
        "proofs": [
            {
                "label": p.label,
                "method": p.throughput.method,
                "note": p.throughput.note,
                "lower_per_s": p.throughput.lower_per_s,
                "upper_per_s": p.throughput.upper_per_s,
            }
            for p in report.proofs
        ],
        "scenario_data": {path: _datum(datum) for path, datum in case.data.items()},
        "parts": {
            part.name: {"title": part.title, "data": {k: _datum(d) for k, d in part.data.items()}}
            for part in case.parts
        },
        "provenance": dict(report.provenance),
    }


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _tables(report: Report) -> dict[str, bytes]:
    ends = ("lower", "upper")

    def pair(interval: Interval | None) -> list[float | str]:
        return ["", ""] if interval is None else [interval.lower, interval.upper]

    metrics = [
        [m.name, m.unit, *pair(m.scale_up), *pair(m.scale_out), *pair(m.formation), *pair(m.gap_up.interval),
         *pair(None if m.gap_out is None else m.gap_out.interval)]
        for m in report.metrics
    ]  # fmt: skip
    columns = [
        f"{what}_{end}"
        for what in ("scale_up", "scale_out", "formation", "gap_scale_up", "gap_scale_out")
        for end in ends
    ]
    steps = [[s.number, s.name, s.upper_bps, s.achieved_bps, s.factor, s.exact] for s in report.ladder.steps]
    readings = [
        [r.label, *pair(r.all_to_all), *pair(r.gap_up.interval), r.link_bps, r.power_w] for r in report.readings
    ]
    proof = report.proof("formation all_to_all, least flow")
    fabric = proof.fabric
    load = proof.throughput.routing.arc_bit(fabric=fabric, traffic=proof.traffic) * proof.throughput.lower_per_s
    links = [
        [
            fabric.labels[int(fabric.tail[e])],
            fabric.labels[int(fabric.head[e])],
            fabric.range_m[e],
            fabric.capacity_bps[e],
            load[e],
            proof.throughput.prices.arc[e],
        ]
        for e in range(fabric.n_arcs)
    ]
    return {
        "metrics.csv": _csv(["metric", "unit", *columns], metrics),
        "ladder.csv": _csv(["step", "name", "upper_bps", "achieved_bps", "factor", "exact"], steps),
        "readings.csv": _csv(
            [
                "reading",
                "all_to_all_lower_bps",
                "all_to_all_upper_bps",
                "gap_lower",
                "gap_upper",
                "link_bps",
                "power_w_per_node",
            ],
            readings,
        ),
        "links.csv": _csv(["from", "to", "longest_range_m", "capacity_bps", "load_bps", "price"], links),
    }


def save_report(report: Report, *, folder: Path) -> tuple[Path, ...]:
    """Write `report.json`, CSV tables and `certificate.npz` into `folder`; the paths, in the order written."""
    files = {"report.json": (json.dumps(report_table(report), indent=1, allow_nan=False) + "\n").encode()}
    files |= _tables(report)
    files["certificate.npz"] = _pack(report.proofs)
    paths = tuple(folder / name for name in files)
    for path, content in zip(paths, files.values(), strict=True):
        write_atomically(path=path, content=content)
    return paths


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


def _pack(proofs: Sequence[Proof]) -> bytes:
    arrays: dict[str, NDArray[Any]] = {}
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
            arrays |= _strip(thing, f"{i}.{name}.")
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


def load_proofs(path: Path) -> tuple[Proof, ...]:
    """Proofs of a `certificate.npz`; `ValueError` if it is not one."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        count = 1 + max(int(key.split(".", 1)[0]) for key in arrays)
        return tuple(_proof(arrays, f"{i}.") for i in range(count))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read, {error.strerror or error}; give a certificate.npz") from None
    except _NOT_ONE as error:
        raise ValueError(f"{path}: not a certificate ({error}); give a certificate.npz that fabricgap wrote") from None


def _proof(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Proof:
    lower, upper, bits = (float(end) for end in arrays[f"{prefix}ends"])
    traffic: Traffic = _fill(Traffic, arrays, f"{prefix}traffic.")
    routing: Routing = _fill(_ROUTINGS[arrays[f"{prefix}routing.kind"].item()], arrays, f"{prefix}routing.")
    answer = Throughput(
        traffic=traffic.name, lower_per_s=lower, upper_per_s=upper, bit_per_gpu=bits, routing=routing,
        prices=_fill(Prices, arrays, f"{prefix}prices."), method=arrays[f"{prefix}method"].item(),
    )  # fmt: skip
    fabric: Fabric = _fill(Fabric, arrays, f"{prefix}fabric.")
    return Proof(label=arrays[f"{prefix}label"].item(), fabric=fabric, traffic=traffic, throughput=answer)


def verify_file(path: Path) -> tuple[tuple[Proof, Interval], ...]:
    """Every proof of a certificate with both ends recomputed by numpy and scipy; `CertificateError` if one fails."""
    proofs = load_proofs(path)
    checked = []
    for proof in proofs:
        try:
            _check_traffic(proof)
            found = proof.throughput.verify(fabric=proof.fabric, traffic=proof.traffic)
        except _NOT_ONE as error:
            raise CertificateError(f"{path}: {proof.label}: {error}") from None
        checked.append((proof, found * proof.throughput.bit_per_gpu))
    return tuple(checked)


def _check_traffic(proof: Proof) -> None:
    """Refuse a proof about other traffic than its name says."""
    traffic = proof.traffic
    if proof.throughput.bit_per_gpu != traffic.bit_per_gpu:
        raise CertificateError(
            f"counts {proof.throughput.bit_per_gpu:g} bit per GPU, its traffic {traffic.bit_per_gpu:g}"
        )
    if traffic.name == "all_to_all":
        meant = all_to_all(fabric=proof.fabric)
        every = np.arange(proof.fabric.n_nodes)
        same = traffic.n_nodes == meant.n_nodes and np.array_equal(traffic.rows(every), meant.rows(every))
        if not (
            same and np.array_equal(traffic.local_bit, meant.local_bit) and traffic.bit_per_gpu == meant.bit_per_gpu
        ):
            raise CertificateError("its traffic is not one bit from every GPU to every other")
