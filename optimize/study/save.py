"""Reports to files: JSON, CSV, and the certificate that proves them.

Every file is written beside its place and then renamed, so a reader never sees half of one. Draws nothing.
"""

import csv
import hashlib
import io
import json
import math
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from links.parts import Datum
from optimize.design.ladder import LadderStep
from optimize.flow.collective.optimum import Collective
from optimize.flow.interval import Interval

from .proof_files import packed_proofs
from .published import published_comparison
from .report import AssumedEffect, Proof, Report

__all__ = [
    "CERTIFICATE", "REPORT", "REPORT_FORMAT", "datum_table", "link_table", "report_table", "save_report",
    "table_digest", "tables_csv", "write_atomically",
]  # fmt: skip

REPORT, CERTIFICATE = "report.json", "certificate.npz"
REPORT_FORMAT = "fabricgap report 1"
"""What a report's JSON says it is."""


def write_atomically(*, path: Path, content: bytes) -> None:
    """Write `content` to `path` so that the path holds either the old file or the whole new one."""
    # Named before it exists, so that it can be removed wherever an interruption comes.
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    handle = -1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException as error:
        if not isinstance(error, OSError):
            temporary.unlink(missing_ok=True)
            raise
        if handle < 0:
            raise ValueError(
                f"{path.parent}: cannot write there, {error.strerror}; choose another output folder"
            ) from None
        temporary.unlink(missing_ok=True)
        raise ValueError(f"{path}: cannot be written, {error.strerror}; free the place or choose another") from None


def _number(value: float) -> float | None:
    """JSON has no infinity: None stands for unlimited."""
    return float(value) if math.isfinite(value) else None


def _ends(interval: Interval | None) -> dict[str, float | None] | None:
    return None if interval is None else {"lower": _number(interval.lower), "upper": _number(interval.upper)}


def _step(step: LadderStep | None) -> dict[str, Any] | None:
    """A step whose factor may be infinite."""
    return None if step is None else {**asdict(step), "factor": _number(step.factor)}


def datum_table(datum: Datum) -> dict[str, Any]:
    """A value with its source as plain values, without what is not given."""
    return {key: value for key, value in asdict(datum).items() if value not in (None, "")}


def report_table(report: Report) -> dict[str, Any]:
    """The report as nested plain values, ready for JSON; rates in bit/s, one direction, times in s."""
    case = report.case
    return {
        "format": REPORT_FORMAT,
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
        "collectives": [
            {"name": row.name, **{side: _collective(getattr(row, side)) for side in _SIDES}}
            for row in report.collectives
        ],
        "all_reduce_link_bps": report.all_reduce_link_bps,
        "all_reduce_times": [asdict(one) for one in report.message_times],
        "notes": list(report.notes),
        "ladder": {
            "steps": [asdict(step) for step in report.ladder.steps],
            "width": report.ladder.width,
            "surplus": _ends(report.ladder.surplus),
            "gap": _ends(report.ladder.gap),
            "failure": _step(report.ladder.failure),
            "gap_with_failure": _ends(report.ladder.gap_with_failure),
        },
        "readings": [
            {
                "label": r.label,
                "all_to_all": _ends(r.all_to_all),
                "gap_scale_up": _ends(r.gap_up.interval),
                "gap_scale_out": None if r.gap_out is None else _ends(r.gap_out.interval),
                "link_bps": r.link_bps,
                "power_w_per_node": r.power_w_per_node,
            }
            for r in report.readings
        ],
        "readings_not_possible": [{"label": label, "why": why} for label, why in case.impossible],
        "published": [
            {
                "what": row.claim.what,
                "published": row.published,
                "here": _ends(row.here),
                "verdict": row.verdict,
                "source": row.claim.source,
            }
            for row in published_comparison(report)
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
        "effects": {"note": report.effects_note, "values": [_effect(effect) for effect in report.effects]},
        "scenario_data": {path: datum_table(datum) for path, datum in case.data.items()},
        "parts": {
            part.name: {"title": part.title, "data": {k: datum_table(d) for k, d in part.data.items()}}
            for part in case.parts
        },
        "provenance": dict(report.provenance),
    }


def _collective(found: Collective | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"between_nodes": _ends(found.between_bps), "inside_a_node": _number(found.inside_bps),
            "upper_by": found.upper_by, "lower_by": found.lower_by}  # fmt: skip


def _effect(effect: AssumedEffect) -> dict[str, Any]:
    ends = {name: _ends(getattr(effect, name)) for name in ("gap_low", "gap", "gap_high")}
    return {**asdict(effect), **ends, "swing": _number(effect.swing)}


def table_digest(table: Mapping[str, Any]) -> str:
    """SHA-256 of a report's table, what it says of its certificate aside."""
    content = {key: value for key, value in table.items() if key != "certificate"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _both(side: Mapping[str, Any] | None) -> list[float | str]:
    """A collective between nodes and inside one as cells."""
    if side is None:
        return ["", "", ""]
    inside = side["inside_a_node"]
    return [*_pair(side["between_nodes"]), math.inf if inside is None else inside]


def _pair(ends: Mapping[str, float | None] | None) -> list[float | str]:
    """Both ends as cells: empty where there is no interval, inf where it has no end."""
    return ["", ""] if ends is None else [math.inf if ends[end] is None else ends[end] or 0.0 for end in _ENDS]


_ENDS = ("lower", "upper")


def tables_csv(table: Mapping[str, Any]) -> dict[str, bytes]:
    """The lists of a report's table as CSV files, by name."""
    metrics = [
        [m["name"], m["unit"], *(cell for what in _COLUMNS for cell in _pair(m[what]))] for m in table["metrics"]
    ]
    last = table["ladder"]["failure"]
    rungs = [*table["ladder"]["steps"], *([] if last is None else [last])]
    steps = [[s["number"], s["name"], s["upper_bps"], s["achieved_bps"],
              math.inf if s["factor"] is None else s["factor"], s["exact"], s["how"]] for s in rungs]  # fmt: skip
    readings = [[r["label"], *_pair(r["all_to_all"]), *_pair(r["gap_scale_up"]), r["link_bps"], r["power_w_per_node"],
                 ""] for r in table["readings"]]  # fmt: skip
    readings += [[r["label"], *[""] * 6, r["why"]] for r in table["readings_not_possible"]]
    effects = [
        [e["path"], e["unit"], e["low"], e["value"], e["high"], *_pair(e["gap_low"]), *_pair(e["gap"]),
         *_pair(e["gap_high"]), e["error_low"] or e["error_high"] or e["reason"]]
        for e in table["effects"]["values"]
    ]  # fmt: skip
    collectives = [
        [row["name"], *(cell for side in _SIDES for cell in _both(row[side])), row["formation"]["upper_by"],
         row["formation"]["lower_by"]]
        for row in table["collectives"]
    ]  # fmt: skip
    times = [
        [t["algorithm"], t["message_bit"], t["scale_up_s"], "" if t["scale_out_s"] is None else t["scale_out_s"],
         t["formation_s"]]
        for t in table["all_reduce_times"]
    ]  # fmt: skip
    parts = ("between_nodes_lower", "between_nodes_upper", "inside_a_node")
    return {
        "collectives.csv": _csv(["collective", *(f"{side}_{part}_bps" for side in _SIDES for part in parts), "upper_by",
                                 "lower_by"], collectives),
        "all_reduce_times.csv": _csv(["algorithm", "message_bit", "scale_up_s", "scale_out_s", "formation_s"], times),
        "metrics.csv": _csv(["metric", "unit", *(f"{what}_{end}" for what in _COLUMNS for end in _ENDS)], metrics),
        "ladder.csv": _csv(["step", "name", "upper_bps", "achieved_bps", "factor", "exact", "how"], steps),
        "readings.csv": _csv(["reading", "all_to_all_lower_bps", "all_to_all_upper_bps", "gap_lower", "gap_upper",
                              "link_bps", "power_w_per_node", "not_possible_because"], readings),
        "effects.csv": _csv(["key", "unit", "low", "value", "high", "gap_at_low_lower", "gap_at_low_upper", "gap_lower",
                             "gap_upper", "gap_at_high_lower", "gap_at_high_upper", "remark"], effects),
    }  # fmt: skip


_SIDES = ("scale_up", "scale_out", "formation")
_COLUMNS = ("scale_up", "scale_out", "formation", "gap_scale_up", "gap_scale_out")


def link_table(proof: Proof) -> bytes:
    """Loads, capacities and prices of every arc of a proof as a CSV file."""
    fabric = proof.fabric
    load = proof.throughput.routing.arc_bit(fabric=fabric, traffic=proof.traffic) * proof.throughput.lower_per_s
    links = [
        [fabric.labels[int(fabric.tail[e])], fabric.labels[int(fabric.head[e])], fabric.range_m[e],
         fabric.capacity_bps[e], load[e], proof.throughput.prices.arc[e]]
        for e in range(fabric.n_arcs)
    ]  # fmt: skip
    return _csv(["from", "to", "longest_range_m", "capacity_bps", "load_bps", "price"], links)


def save_report(report: Report, *, folder: Path) -> tuple[Path, ...]:
    """Write `report.json`, CSV tables and `certificate.npz` into `folder`; the paths, in the order written.

    Report and certificate name each other by digest, so that `verify_report` finds out if one of them was exchanged.
    """
    table = report_table(report)
    certificate = packed_proofs(report.proofs, report=table_digest(table))
    table["certificate"] = {"file": CERTIFICATE, "sha256": hashlib.sha256(certificate).hexdigest()}
    files = {REPORT: (json.dumps(table, indent=1, allow_nan=False) + "\n").encode()}
    files |= tables_csv(table)
    files["links.csv"] = link_table(report.proof("formation all_to_all, least flow"))
    files[CERTIFICATE] = certificate
    paths = tuple(folder / name for name in files)
    for path, content in zip(paths, files.values(), strict=True):
        write_atomically(path=path, content=content)
    return paths
