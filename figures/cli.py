"""The command `fabricgap`: scenario in, screen and files out; errors are one line and exit status 2."""

# ruff: noqa: D301 - in help texts a backspace (\b) is click's mark for lines that it must not wrap

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from figures.cli_frame import (
    Progress,
    check_rtol,
    complete_scenarios,
    default_folder,
    one_line_errors,
    overrides_of,
    print_json,
)
from figures.cli_lists import make_figures, parts, scenarios, verify
from figures.cli_more import compare, export, new

if TYPE_CHECKING:
    from optimize.study import Report

__all__ = ["main"]


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
      fabricgap verify out/suncatcher-81
      fabricgap COMMAND --help                       examples of each

    \b
    Shell completion of commands, options, scenarios, parts and figures:
      eval "$(_FABRICGAP_COMPLETE=bash_source fabricgap)"     in ~/.bashrc; zsh_source in ~/.zshrc
      _FABRICGAP_COMPLETE=fish_source fabricgap | source      in fish
    """


_DEFAULT = "[default: out/NAME; with --set out/NAME-changed-DIGEST"
_scenario = click.argument("scenario", default="suncatcher-81", shell_complete=complete_scenarios)
_set = click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="Replace a value, such as link.aperture_m='20 cm'."
)
_rtol = click.option(
    "--rtol", type=float, default=1e-6, show_default=True,
    help="Width asked of each certified interval of fabrics up to a million flows (satellites times arcs).",
)  # fmt: skip
_large_rtol = click.option(
    "--large-rtol", type=float, default=1e-2, show_default=True, help="The same of larger fabrics."
)
_time_limit = click.option(
    "--time-limit", "time_limit_s", type=float, default=300.0, show_default=True,
    help="Seconds for each of them; then the interval is what it is by then.",
)  # fmt: skip
_effects = click.option(
    "--effects/--no-effects", default=None,
    help="Measure the gap at both ends of every assumed value [default: up to 400 satellites without radio links].",
)  # fmt: skip


def _measured(
    scenario: str, sets: tuple[str, ...], effects: bool | None, progress: Progress, *, rtol: float, large_rtol: float,
    time_limit_s: float,
) -> "Report":  # fmt: skip
    """The report of a command, with the effects of its assumed values where they are wanted."""
    check_rtol(rtol)
    check_rtol(large_rtol, option="--large-rtol")
    if not time_limit_s > 0:
        raise ValueError(f"--time-limit {time_limit_s:g}: need seconds above 0, such as 300")
    progress("loading")
    from optimize.study import build, load_scenario, measure
    from optimize.study.effects import MOST_SATELLITES, with_effects

    case = build(load_scenario(scenario, overrides=overrides_of(sets)))
    report = measure(case, rtol=rtol, large_rtol=large_rtol, time_limit_s=time_limit_s, progress=progress)
    if effects is False:
        return replace(report, effects_note="left out by --no-effects")
    progress("effects of assumed values")
    return with_effects(report, most_satellites=math.inf if effects else MOST_SATELLITES)


@main.command()
@_scenario
@_set
@click.option("--out", type=click.Path(path_type=Path), default=None, help=f"Folder for the files {_DEFAULT}].")
@_rtol
@_large_rtol
@_time_limit
@_effects
@click.option("--full", is_flag=True, help="Print all there is, not one screen of it.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON and nothing else; write no files unless --out."
)
def gap(
    scenario: str, sets: tuple[str, ...], out: Path | None, effects: bool | None, full: bool, as_json: bool,
    **effort: float,
) -> None:  # fmt: skip
    """Measure SCENARIO (a shipped name or a .toml file): metrics, gaps, ladder, proofs, figure.

    \b
    Examples:
      fabricgap gap rack-apart-18
      fabricgap gap suncatcher-81 --set link.aperture_m='5 cm' --out out/5cm
      fabricgap gap mine.toml --json > report.json
      fabricgap gap radio-60ghz --effects --full
    """
    with one_line_errors(), Progress().running() as progress:
        report = _measured(scenario, sets, effects, progress, **effort)
        folder = out if out is not None or as_json else default_folder(report.case.scenario, changed=bool(sets))
        files: tuple[Path, ...] = ()
        if folder is not None:
            progress("writing files and figure")
            files = _written(report, folder)
        if as_json:
            from optimize.study.save import report_table

            click.echo(json.dumps(report_table(report), allow_nan=False))
            return
        from figures.screen import report_screen

        names = ", ".join(path.name for path in files) if full else f"{files[0].name}, CSV tables, proofs and figure"
        click.echo(report_screen(report, files=[f"Files in {folder}/: {names}"], full=full))


def _written(report: "Report", folder: Path) -> tuple[Path, ...]:
    from figures.plots import overview
    from figures.style import save_figure
    from optimize.study import save_report

    files = save_report(report, folder=folder)
    data = overview.table(report)
    drawn = overview.draw(data, title=overview.finding(report))
    return files + save_figure(drawn, name="gap", folder=folder, tables=data)


@main.command()
@_scenario
@_set
@click.option("--out", type=click.Path(path_type=Path), default=None, help=f"The file {_DEFAULT}/report.html].")
@_rtol
@_large_rtol
@_time_limit
@_effects
@click.option("--json", "as_json", is_flag=True, help="Print where the page is, and its gap, as JSON and nothing else.")
def report(
    scenario: str, sets: tuple[str, ...], out: Path | None, effects: bool | None, as_json: bool, **effort: float
) -> None:
    """Measure SCENARIO and write one HTML file with everything in it; it needs no network and no server.

    \b
    Examples:
      fabricgap report lattice-21 --out lattice-21.html
      fabricgap report suncatcher-81 --set link.channels=48 --out wide.html
    """
    with one_line_errors(), Progress().running() as progress:
        if out is not None and out.is_dir():
            raise ValueError(f"--out {out}: is a folder; name a file in it, such as {out / 'report.html'}")
        found = _measured(scenario, sets, effects, progress, **effort)
        path = default_folder(found.case.scenario, changed=bool(sets)) / "report.html" if out is None else out
        progress("writing the page")
        from figures.report import report_page
        from optimize.study.save import write_atomically

        write_atomically(path=path, content=report_page(found).encode())
        interval = found.metric("all_to_all").gap_up.interval
        if as_json:
            ends = {"lower": interval.lower, "upper": interval.upper}
            print_json("page", {"file": str(path), "name": found.case.name, "gap_scale_up": ends})
        else:
            click.echo(f"{path}: all-to-all gap {interval.text()}x; open it in any browser")


@main.command()
@click.argument("scenario", shell_complete=complete_scenarios)
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
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder for the files [default: as of `gap`, and -sweep- with a number for the study].",
)
@_rtol
@click.option("--json", "as_json", is_flag=True, help="Print the sweep as JSON and nothing else.")
def sweep(varied: tuple[str, ...], sets: tuple[str, ...], **options: Any) -> None:
    """Measure variants of SCENARIO; finished points are kept, and the same command goes on after an interruption.

    \b
    Examples:
      fabricgap sweep lattice-21 --vary link.aperture_m="2 cm..20 cm:5" --vary link.channels=12,24,48
      fabricgap sweep lattice-21 --design sobol --vary link.jitter_rad --vary link.outage --points 16
    """
    with one_line_errors():
        from figures.cli_sweep import run_sweep

        run_sweep(vary=varied, sets=overrides_of(sets), **options)


for command in (compare, export, make_figures, new, parts, scenarios, verify):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="fabricgap")
