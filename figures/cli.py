"""The command `fabricgap`: scenario in, screen and files out; errors are one line and exit status 2."""

import json
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from figures.cli_more import add_commands

__all__ = ["main"]

_QUIET_S = 2.0  # steps shorter than this are not worth a line


class _Progress:
    """Names the current step on standard error once it has taken two seconds; only on a terminal."""

    def __init__(self) -> None:
        self._step, self._since, self._shown = "starting", time.monotonic(), False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __call__(self, step: str) -> None:
        self._clear()
        self._step, self._since = step, time.monotonic()

    def _watch(self) -> None:
        while not self._stop.wait(0.25):
            elapsed = time.monotonic() - self._since
            if elapsed >= _QUIET_S:
                self._shown = True
                sys.stderr.write(f"\r\033[K{self._step} ... {elapsed:.0f} s")
                sys.stderr.flush()

    def _clear(self) -> None:
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    @contextmanager
    def running(self) -> Iterator["_Progress"]:
        """Watch while the block runs, where somebody can see it."""
        if sys.stderr.isatty():
            self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            if self._thread.is_alive():
                self._thread.join()
            self._clear()


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Bad input and unsolved problems as one line on standard error, exit status 2; warnings as lines too."""
    from optimize.flow.problem import NotSolvedError

    show, warnings.showwarning = warnings.showwarning, _show_warning
    try:
        yield
    except (ValueError, NotSolvedError) as error:
        click.echo(f"fabricgap: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
    finally:
        warnings.showwarning = show


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"fabricgap: warning: {message}", err=True)


def _overrides(pairs: tuple[str, ...]) -> dict[str, Any]:
    """`a.b=3` as {"a.b": 3}; the value is read as TOML, and as text where it is none."""
    import tomllib

    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"--set {pair!r}: write KEY=VALUE, such as link.aperture_m='20 cm'")
        try:
            found[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            found[key.strip()] = text.strip()
    return found


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from optimize import __version__

        click.echo(f"fabricgap {__version__}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show the version."
)
def main() -> None:
    """How much interconnect bandwidth GPUs keep when they fly as satellites, compared with a GB300 NVL72 rack.

    \b
    Examples:
      fabricgap gap                                  the default scenario, suncatcher-81
      fabricgap gap rack-apart-18 --set link.sub_apertures=4
      fabricgap gap my.toml --json > report.json
      fabricgap sweep lattice-21 --vary link.channels=12,24,48
      fabricgap report lattice-21 --out lattice-21.html
      fabricgap verify out/suncatcher-81/certificate.npz
    """  # noqa: D301  # click reads the backspace as: do not wrap


# \b is click's mark for lines that must not be wrapped


@main.command()
@click.argument("scenario", default="suncatcher-81")
@click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="Replace a value, such as link.aperture_m='20 cm'."
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder for the files [default: out/NAME].")
@click.option("--rtol", type=float, default=1e-6, show_default=True, help="Width asked of each certified interval.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON and nothing else; write no files unless --out."
)
def gap(scenario: str, sets: tuple[str, ...], out: Path | None, rtol: float, as_json: bool) -> None:
    """Measure SCENARIO (a shipped name or a .toml file): metrics, gaps, ladder, proofs, figure."""
    with _one_line_errors(), _Progress().running() as progress:
        if not rtol > 0:
            raise ValueError(f"--rtol {rtol}: need a number above 0, such as 1e-6")
        progress("loading")
        from optimize.study import build, load_scenario, measure, save_report
        from optimize.study.save import report_table

        case = build(load_scenario(scenario, overrides=_overrides(sets)))
        report = measure(case, rtol=rtol, progress=progress)
        folder = out if out is not None or as_json else Path("out") / case.name
        files: tuple[Path, ...] = ()
        if folder is not None:
            progress("writing files and figure")
            from figures.plots import overview
            from figures.style import save_figure

            files = save_report(report, folder=folder)
            data = overview.table(report)
            found = report.metric("all_to_all").gap_up.interval.text()
            files += save_figure(
                overview.draw(data, title=f"{case.title}: all-to-all gap {found}x"),
                name="gap",
                folder=folder,
                tables=data,
            )
    if as_json:
        click.echo(json.dumps(report_table(report), allow_nan=False))
        return
    from figures.screen import report_screen

    click.echo(report_screen(report, files=[f"{folder}/" + ", ".join(path.name for path in files)]))


@main.command()
@click.argument("scenario", default="suncatcher-81")
@click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="Replace a value, such as link.aperture_m='20 cm'."
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="The file [default: out/NAME/report.html].")
@click.option("--rtol", type=float, default=1e-6, show_default=True, help="Width asked of each certified interval.")
def report(scenario: str, sets: tuple[str, ...], out: Path | None, rtol: float) -> None:
    """Measure SCENARIO and write one HTML file with everything in it; it needs no network and no server."""
    with _one_line_errors(), _Progress().running() as progress:
        if not rtol > 0:
            raise ValueError(f"--rtol {rtol}: need a number above 0, such as 1e-6")
        progress("loading")
        from optimize.study import build, load_scenario, measure
        from optimize.study.save import write_atomically

        case = build(load_scenario(scenario, overrides=_overrides(sets)))
        path = Path("out") / case.name / "report.html" if out is None else out
        if path.is_dir():
            raise ValueError(f"--out {path}: is a folder; name a file in it, such as {path / 'report.html'}")
        found = measure(case, rtol=rtol, progress=progress)
        progress("writing the page")
        from figures.report import report_page

        write_atomically(path=path, content=report_page(found).encode())
    gap_text = found.metric("all_to_all").gap_up.interval.text()
    click.echo(f"{path}: all-to-all gap {gap_text}x; open it in any browser")


@main.command()
@click.argument("scenario")
@click.option(
    "--vary", "varied", multiple=True, required=True, metavar="KEY[=VALUES]",
    help="A key and its values: A,B,C or LOW..HIGH[:N] [log]; without any, the range that the scenario states.",
)  # fmt: skip
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Replace a value at every point.")
@click.option("--metric", "metrics", multiple=True, default=["all_to_all"], show_default=True, help="What to measure.")
@click.option(
    "--design", type=click.Choice(["grid", "lhs", "sobol", "saltelli"]), default="grid", show_default=True,
    help="Every combination, a Latin hypercube, a Sobol sequence, or the sample that Sobol indices need.",
)  # fmt: skip
@click.option(
    "--points", type=int, default=None,
    help="Points of a sample [default: 64]; values of each range of a grid [5]; of saltelli, times (keys + 2) [64].",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample.")
@click.option("--workers", type=int, default=None, help="Local processes [default: one for each CPU].")
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="Folder for the files [default: out/NAME-sweep]."
)
@click.option("--rtol", type=float, default=1e-6, show_default=True, help="Width asked of each certified interval.")
@click.option("--json", "as_json", is_flag=True, help="Print the sweep as JSON and nothing else.")
def sweep(varied: tuple[str, ...], sets: tuple[str, ...], **options: Any) -> None:
    r"""Measure variants of SCENARIO; finished points are kept, and the same command goes on after an interruption.

    \b
    Examples:
      fabricgap sweep lattice-21 --vary link.aperture_m="2 cm..20 cm:5" --vary link.channels=12,24,48
      fabricgap sweep lattice-21 --design sobol --vary link.jitter_rad --vary link.outage --points 16
    """
    with _one_line_errors():
        from figures.cli_sweep import run_sweep

        run_sweep(vary=varied, sets=_overrides(sets), **options)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def verify(file: Path) -> None:
    """Check the proofs of a certificate FILE again, with numpy and scipy only: no solver, no scenario."""
    from figures.screen import verification_screen

    with _one_line_errors():
        from optimize.study.save import verify_file

        checked = verify_file(file)
        click.echo(verification_screen([(proof.label, found, proof.throughput.method) for proof, found in checked]))


@main.command(name="figures")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/figures"), show_default=True)
@click.option("--list", "listed", is_flag=True, help="List the names and what each figure shows; make nothing.")
def make_figures(names: tuple[str, ...], out: Path, listed: bool) -> None:
    """Make the publication figures NAME..., or all of them, from nothing: PDF, SVG, PNG and the CSV behind each."""
    with _one_line_errors(), _Progress().running() as progress:
        progress("loading")
        from figures.plots.figure_set import choose

        for plot in choose(names):
            if listed:
                click.echo(f"{plot.name:<22} {plot.about}")
                continue
            progress(f"figure {plot.name}")
            started = time.monotonic()
            made = plot.save(out)
            progress("next figure")
            click.echo(f"{made.name:<22} {time.monotonic() - started:4.0f} s  {made.finding}")
    if not listed:
        click.echo(f"{out}/")


@main.command()
def scenarios() -> None:
    """List the shipped scenarios."""
    from optimize.study.scenario import load_scenario, scenario_names

    for name in scenario_names():
        click.echo(f"{name:<20} {load_scenario(name).title}")


@main.command()
@click.argument("word", default="")
def parts(word: str) -> None:
    """List the parts whose name, kind or title contains WORD, every value with its source."""
    from links.parts import all_parts

    with _one_line_errors():
        found = [p for p in all_parts().values() if word.lower() in f"{p.name} {p.kind} {p.title}".lower()]
        if not found:
            raise ValueError(f"no part contains {word!r}; `fabricgap parts` lists all {len(all_parts())}")
        for part in found:
            click.echo(str(part) if word else f"{part.name:<28} {part.kind:<16} {part.title}")


add_commands(main, errors=_one_line_errors, progress=_Progress)

if __name__ == "__main__":
    main(prog_name="fabricgap")
