"""A saved report checked again: every number that its certificate proves, and whether its files say the same.

Works with numpy and scipy on the files and the shipped data: nothing is solved. Builds the formation of the report's
scenario again, so that the proofs are about what the report says. Leaves out what only a solver finds, and says so.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optimize.flow.interval import Interval
from optimize.flow.routing import CertificateError

from .claims import check_claims
from .findings import Findings, is_close
from .ladder_claims import check_ladder
from .meaning import LEAST_FLOW, differing, label_differences, reference_fabrics
from .proof_files import report_digest, verify_file
from .rebuilt import Rebuilt, rebuild
from .report import Proof
from .save import CERTIFICATE, REPORT, REPORT_FORMAT, link_table, table_digest, tables_csv

__all__ = ["Verification", "verify_report"]

_MOST_NAMED = 6  # differences in one message


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


def verify_report(path: Path, *, full: bool = False) -> Verification:
    """Check a `report.json`, or the folder it lies in, with the certificate and the CSV tables beside it.

    Parameters
    ----------
    path : Path
    full : bool
        Build formations in orbit of more than 1000 nodes again too, and find their latencies, which takes minutes.

    Raises
    ------
    CertificateError
        If a proof does not hold or is about something else, or a number is not what the proofs say; it names the file
        and the number.
    ValueError
        If a file cannot be read, or names no certificate.
    """
    path = path / REPORT if path.is_dir() else path
    table = _read(path)
    certificate = path.parent / CERTIFICATE
    checked = verify_file(certificate)
    found = Findings({proof.label: proof for proof, _ in checked})
    files = [path.name, certificate.name]
    try:
        _everything(table, found, full)
        for name, content in _tables(table, found).items():
            if (path.parent / name).is_file():
                files.append(name)
                for line in _cells(path.parent / name, content):
                    found.differ(line, file=name)
    except CertificateError:
        raise
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    except (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError) as error:
        raise ValueError(f"{path}: not a whole report ({error!r}); give one that fabricgap wrote") from None
    lines = found.differences
    if table["certificate"]["sha256"] != hashlib.sha256(certificate.read_bytes()).hexdigest():
        lines.append(f"{certificate.name} is not the file that {path.name} was written with")
    if report_digest(certificate) != table_digest(table):
        lines.append(f"{path.name} is not the report that {certificate.name} was written with")
    if lines:
        more = f"; and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
        raise CertificateError(f"{path.parent}: {'; '.join(lines[:_MOST_NAMED])}{more}")
    return Verification(proofs=checked, proved=tuple(found.proved), stated=tuple(found.stated), files=tuple(files))


def _everything(table: Mapping[str, Any], found: Findings, full: bool) -> None:
    rebuilt = rebuild(table, formation=found.proof("formation all_to_all").fabric, full=full)
    for line in rebuilt.differences:
        found.differ(line)
    for line in label_differences(found.proofs, references=rebuilt.references, series=rebuilt.series):
        found.differ(line, file=CERTIFICATE)
    found.proved += [f"{who} fabric" for who in rebuilt.references]
    found.proved += ["formation fabric, from the scenario"] if rebuilt.case is not None else []
    _references_by_hand(found, rebuilt)
    found.stated += rebuilt.stated
    check_claims(table=table, found=found, rebuilt=rebuilt, full=full)
    check_ladder(ladder=table["ladder"], found=found, rebuilt=rebuilt)


def _references_by_hand(found: Findings, rebuilt: Rebuilt) -> None:
    """Where no scenario says which references are meant: whether they are the usual ones."""
    if rebuilt.references:
        return
    usual = reference_fabrics(n_gpus=found.proof("formation all_to_all").fabric.n_gpus, scale_out=True)
    for who in ("scale-up", "scale-out"):
        if f"{who} all_to_all" in found.proofs:
            fabric = found.proofs[f"{who} all_to_all"].fabric
            same = who in usual and not differing(stated=fabric, meant=usual[who])
            (found.proved if same else found.stated).append(f"{who} fabric{'' if same else ' as stored'}")


def _tables(table: Mapping[str, Any], found: Findings) -> dict[str, bytes]:
    return {**tables_csv(table), "links.csv": link_table(found.proof(f"formation all_to_all{LEAST_FLOW}"))}


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
        return is_close(one=float(one), other=float(other))
    except ValueError:
        return False
