"""The page, put together: tables, the drawing's numbers, files to keep, and a policy that forbids every connection."""

import base64
import hashlib
import json
import tempfile
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any
from xml.etree.ElementTree import Element

import matplotlib
from matplotlib.colors import to_hex

from figures.answer import reference_sentences
from figures.style import AMBER, BLUE, LOAD_COLOURS, ORANGE, SKY
from optimize.study.published import published_comparison
from optimize.study.report import Report
from optimize.study.save import save_report

from . import tables
from .drawing import drawing_table
from .markup import element, render

__all__ = ["report_page"]

_SHADES = 17  # of the load's colours; between them they are mixed
_MOST_BYTES = 16_000_000  # of a file inside the page; a larger certificate stays outside
_KINDS = {".json": "application/json", ".csv": "text/csv"}


def report_page(report: Report) -> str:
    """The whole report as one HTML file; the same report gives the same text.

    Parameters
    ----------
    report : Report

    Notes
    -----
    The page may run its own script and use its own style, named by their hashes; its Content-Security-Policy forbids
    everything else, so nothing that a scenario's text could smuggle in would run or be fetched.
    """
    drawn = drawing_table(report)
    style, script = _shades() + _own("report.css"), _own("report.js")
    kept, left_out = _files(report)
    cut_share = sum(
        s for s, cut in zip(drawn["arcs"]["certificate_share"], drawn["arcs"]["in_cut"], strict=True) if cut
    )
    sections: dict[str, Element | None] = {
        "metrics": tables.metrics_table(report),
        "collectives": tables.collectives_table(report),
        "message_times": tables.message_times_table(report),
        "notes": tables.notes_list(report),
        "ladder": tables.ladder_table(report),
        "limits": tables.limits_table(report, cut_share=cut_share),
        "links": tables.links_table(drawn),
        "failure": tables.failure_table(report),
        "published": _published(report),
        "to_published": element("a", "Published", href="#published") if published_comparison(report) else None,
        "assumed": tables.assumed_table(report),
        "parts": tables.parts_list(report),
        "proofs": tables.proofs_table(report),
        "made_with": tables.made_with_table(report),
        "modelled": element("ul", *(element("li", line) for line in report.case.modelled)),
        "finding": _finding(report),
        "references": _references(report),
        "ladder_sum": _ladder_sum(report),
        "downloads": _downloads(kept, left_out),
        "name": element("span", report.case.name),
        "heading": element("span", report.case.title or report.case.name),
        "title": element("title", f"{report.case.name}: {report.metric('all_to_all').gap_up}"),
    }
    if report.readings or report.case.impossible:
        sections["readings"] = tables.readings_table(report)
    else:
        sections["readings"] = element("p", "The scenario names no other readings.")
    return Template(_own("template.html")).substitute(
        {key: "" if made is None else render(made) for key, made in sections.items()},
        policy=_policy(style, script), style=style, script=script, scene=_inert(drawn),
    )  # fmt: skip


def _published(report: Report) -> Element | None:
    """The section of published figures; None where the scenario quotes none."""
    shown = tables.published_table(report)
    if shown is None:
        return None
    heading = element("h2", "Published figures", id="published-h")
    return element("section", heading, shown, id="published", aria_labelledby="published-h")


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    def allowed(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {allowed(style)}; script-src {allowed(script)}; img-src data:; "
        "connect-src 'none'; form-action 'none'; base-uri 'none'"
    )


def _shades() -> str:
    """Colours of the project's figures as variables of the style sheet; on dark paper the map runs the other way."""
    shades = [to_hex(matplotlib.colormaps[LOAD_COLOURS](k / (_SHADES - 1))) for k in range(_SHADES)]
    light = f"--one: {BLUE}; --other: {ORANGE}; --load: {', '.join(shades)};"
    dark = f"--one: {SKY}; --other: {AMBER}; --load: {', '.join(reversed(shades))};"
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _inert(value: Any) -> str:
    """JSON that ends no script element, whatever its texts hold."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _files(report: Report) -> tuple[dict[str, bytes], list[str]]:
    """Files of the report by name, and the names of those too large for a page."""
    with tempfile.TemporaryDirectory() as folder:
        found = {path.name: path.read_bytes() for path in save_report(report, folder=Path(folder))}
    kept = {name: content for name, content in found.items() if len(content) <= _MOST_BYTES}
    return kept, [name for name in found if name not in kept]


def _downloads(kept: dict[str, bytes], left_out: list[str]) -> Any:
    items = []
    for name, content in kept.items():
        kind = _KINDS.get(Path(name).suffix, "application/octet-stream")
        address = f"data:{kind};base64,{base64.b64encode(content).decode()}"
        size = f" {len(content) / 1e3:.0f} kB" if len(content) >= 1e3 else f" {len(content)} bytes"
        link = element("a", name, href=address, download=name)
        items.append(element("li", link, element("span", size, class_="note")))
    items += [element("li", f"{name}: too large for a page; fabricgap gap writes it") for name in left_out]
    return element("ul", *items, class_="downloads")


def _finding(report: Report) -> Any:
    """The answer in a few large numbers."""
    row = report.metric("all_to_all")
    tiles = [
        (f"{tables.interval_text(row.gap_up.interval)}×", "gap to an NVL72 in all-to-all, certified"),
        (tables.interval_text(row.formation, unit="bit/s"), "GB/s per GPU, one direction, every GPU to every other"),
    ]
    if row.gap_out is not None:
        tiles.insert(1, (f"{tables.interval_text(row.gap_out.interval)}×", "gap to a SuperPOD of the same GPUs"))
    costly = max(report.ladder.steps[1:], key=lambda step: step.factor, default=None)
    if costly is not None and costly.factor > 1.0 + 1e-9:
        tiles.append((f"÷ {costly.factor:.4g}", f"the costliest step: {costly.name}"))
    made = [element("div", element("b", number), element("span", meaning)) for number, meaning in tiles]
    return element("div", *made, class_="tiles")


def _ladder_sum(report: Report) -> Any:
    ladder = report.ladder
    factors = " × ".join(f"{step.factor:.4g}" for step in ladder.steps if step.factor > 1.0 + 1e-9) or "1"
    gap = tables.interval_text(ladder.gap, digits=6)
    return element("p", f"Together {factors} = {gap}×, with a certificate {ladder.width:.1e} wide. A factor is exact "
                   "where both of its ends are achieved, else it is a bound.")  # fmt: skip


def _references(report: Report) -> Any:
    lines = [*reference_sentences(report), "Rates are payload in one direction. Above 1× the formation is worse."]
    return element("ul", *(element("li", line) for line in lines))
