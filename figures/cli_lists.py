"""Commands `scenarios`, `parts`, `figures` and `verify`: what there is, and whether what was saved still holds."""

# ruff: noqa: D301 - in help texts a backspace (\b) is click's mark for lines that it must not wrap

import time
from pathlib import Path
from typing import Any

import click

from .cli_frame import Progress, complete_figures, complete_parts, one_line_errors, print_json

__all__ = ["make_figures", "parts", "scenarios", "verify"]

_json = click.option("--json", "as_json", is_flag=True, help="Print the same as JSON and nothing else.")


@click.command()
@_json
def scenarios(as_json: bool) -> None:
    """List the shipped scenarios.

    \b
    Examples:
      fabricgap scenarios
      fabricgap scenarios --json
    """
    with one_line_errors():
        from optimize.study.library import shelves

        if as_json:
            rows = [
                {"name": one.name, "title": one.title, "group": shelf.group, "satellites": satellites, "gpus": gpus}
                for shelf in shelves()
                for one, satellites, gpus in zip(shelf.scenarios, shelf.satellites, shelf.gpus, strict=True)
            ]
            print_json("scenarios", {"scenarios": rows})
            return
        for shelf in shelves():
            click.echo("\n".join([f"{shelf.group}: name, satellites x GPUs", *(f"  {line}" for line in shelf.lines())]))


@click.command()
@click.argument("word", default="", shell_complete=complete_parts)
@_json
def parts(word: str, as_json: bool) -> None:
    """List the parts whose name, kind or title contains WORD, every value with its source.

    \b
    Examples:
      fabricgap parts                 all of them, a line each
      fabricgap parts nvlink5
      fabricgap parts transceiver --json
    """
    with one_line_errors():
        from dataclasses import asdict

        from links.parts import all_parts

        found = [p for p in all_parts().values() if word.lower() in f"{p.name} {p.kind} {p.title}".lower()]
        if not found:
            raise ValueError(f"no part contains {word!r}; `fabricgap parts` lists all {len(all_parts())}")
        if as_json:
            tables = [{"name": p.name, "kind": p.kind, "title": p.title, "note": p.note,
                       "data": {key: asdict(datum) for key, datum in p.data.items()}} for p in found]  # fmt: skip
            print_json("parts", {"parts": tables})
            return
        for part in found:
            click.echo(str(part) if word else f"{part.name:<28} {part.kind:<16} {part.title}")


@click.command(name="figures")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_figures)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/figures"), show_default=True, help="Folder for them."
)
@click.option("--list", "listed", is_flag=True, help="List the names and what each figure shows; make nothing.")
@_json
def make_figures(names: tuple[str, ...], out: Path, listed: bool, as_json: bool) -> None:
    """Make the publication figures NAME..., or all of them, from nothing: PDF, SVG, PNG and the CSV behind each.

    \b
    Examples:
      fabricgap figures --list
      fabricgap figures near_field link_rates --out paper/figures
    """
    made: list[dict[str, Any]] = []
    with one_line_errors(), Progress().running() as progress:
        progress("loading")
        from figures.plots.figure_set import choose

        for plot in choose(names):
            if listed:
                made.append({"name": plot.name, "about": plot.about})
                line = f"{plot.name:<22} {plot.about}"
            else:
                progress(f"figure {plot.name}")
                started = time.monotonic()
                done = plot.save(out)
                progress("next figure")
                made.append({"name": done.name, "finding": done.finding, "files": [str(file) for file in done.files]})
                line = f"{done.name:<22} {time.monotonic() - started:4.0f} s  {done.finding}"
            if not as_json:
                click.echo(line)
        if as_json:
            print_json("figures", {"figures": made})
        elif not listed:
            click.echo(f"{out}/")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--full", is_flag=True, help="List every number, and build formations beyond 1,000 nodes again (minutes)."
)
@_json
def verify(file: Path, full: bool, as_json: bool) -> None:
    """Check saved results again, with numpy and scipy only: nothing is solved.

    FILE is a report.json or the folder it lies in: formation and references are built again from the scenario in it,
    every proof of the certificate beside it is recomputed, and every number of report and tables is compared with what
    the proofs say. A certificate.npz alone is checked by itself.

    \b
    Examples:
      fabricgap verify out/suncatcher-81
      fabricgap verify out/suncatcher-81 --full
      fabricgap verify out/suncatcher-81/report.json --json
      fabricgap verify certificate.npz
    """
    with one_line_errors():
        from optimize.study.proof_files import verify_file
        from optimize.study.save import CERTIFICATE, REPORT
        from optimize.study.verify import Verification, verify_report

        if file.is_dir() and not (file / REPORT).exists() and (file / CERTIFICATE).exists():
            file = file / CERTIFICATE
        if file.is_dir() or file.suffix == ".json":
            held = verify_report(file, full=full)
        else:
            held = Verification(proofs=verify_file(file), proved=(), stated=(), files=(file.name,))
        if as_json:
            proofs = [{"label": proof.label, "lower_bps": found.lower, "upper_bps": found.upper,
                       "method": proof.throughput.method} for proof, found in held.proofs]  # fmt: skip
            lists = {name: list(getattr(held, name)) for name in ("proved", "stated", "files")}
            print_json("verification", {"proofs": proofs, **lists})
            return
        from .screen import verification_lists, verification_screen

        rows = [(proof.label, found, proof.throughput.method) for proof, found in held.proofs]
        click.echo(verification_screen(rows))
        if held.proved:
            click.echo("\n" + verification_lists(proved=held.proved, stated=held.stated, files=held.files, full=full))
