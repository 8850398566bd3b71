"""Commands `compare`, `new` and `export`: scenarios side by side, a file to start from, fabrics for other programs.

Leaves out how errors and progress are shown, which `cli` hands over when it adds these commands.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import click

__all__ = ["FORMATS", "add_commands"]

FORMATS = ("json", "graphml", "gexf", "astra", "ns3", "simai", "htsim")
"""What `export --format` may say."""

_HTSIM_QUEUE_B = 1_000_000
_SIMAI_GPU = "none"  # SimAI counts any name that it does not know as none


def _compare(names: tuple[str, ...], rtol: float, progress: Callable[[str], None]) -> list[dict[str, Any]]:
    from optimize.study import build, load_scenario, measure
    from optimize.study.save import report_table

    if len(names) < 2:
        raise ValueError("compare: name two scenarios or more")
    if not rtol > 0:
        raise ValueError(f"--rtol {rtol}: need a number above 0, such as 1e-6")
    cases = [
        build(load_scenario(name)) for name in names
    ]  # what cannot be built is refused before anything is measured
    return [report_table(measure(case, rtol=rtol, progress=partial(_named, progress, case.name))) for case in cases]


def _named(progress: Callable[[str], None], name: str, step: str) -> None:
    progress(f"{name}: {step}")


def _comparison_screen(tables: list[dict[str, Any]]) -> str:
    from .screen import _columns, _value

    head = ["per GPU, one direction", "unit", *(table["name"] for table in tables)]
    values, over, out = [head], [["gap to NVL72", *head[2:]]], [["gap to SuperPOD", *head[2:]]]
    for rows in zip(*(table["metrics"] for table in tables), strict=True):
        name, unit = rows[0]["name"], rows[0]["unit"]
        values.append([name, "us" if unit == "s" else "GB/s", *(_value(_interval(m["formation"]), unit) for m in rows)])
        over.append([name, *(_gap(m["gap_scale_up"]) for m in rows)])
        out.append([name, *(_gap(m["gap_scale_out"]) for m in rows)])
    lines = [f"{table['name']}: {table['title']}" for table in tables]
    blocks = [lines, _columns(values), _columns(over), _columns(out)]
    return "\n\n".join("\n".join(block) for block in blocks)


def _interval(ends: dict[str, float | None] | None) -> Any:
    from optimize.flow.interval import Interval

    if ends is None:
        return None
    lower, upper = (float("inf") if ends[end] is None else float(ends[end] or 0.0) for end in ("lower", "upper"))
    return Interval(lower=lower, upper=upper)


def _gap(ends: dict[str, float | None] | None) -> str:
    interval = _interval(ends)
    return "-" if interval is None else f"{interval.text()}x"


def _write_new(path: Path, origin: str) -> None:
    from importlib.resources import files

    from optimize.study.scenario import load_scenario

    if path.suffix != ".toml":
        raise ValueError(f"{path}: a scenario file must end in .toml")
    load_scenario(origin)  # an unknown name is refused with the near ones
    text = Path(origin) if origin.endswith(".toml") else files("optimize.study") / "scenarios" / f"{origin}.toml"
    content = text.read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        raise ValueError(f"{path}: exists already and is not overwritten; name another file") from None
    except OSError as error:
        raise ValueError(f"{path}: cannot be written, {error.strerror}; choose another place") from None


def _exported(scenario: str, how: str, epoch: int, lossy: bool) -> str:
    from optimize.study.case import as_series, build
    from optimize.study.scenario import load_scenario
    from topo import export

    series = as_series(build(load_scenario(scenario)).formation)
    if not 0 <= epoch < len(series):
        raise ValueError(f"--epoch {epoch}: {scenario} has {len(series)}, numbered from 0")
    fabric = series.at(epoch)
    if how == "json":
        return export.node_link(fabric=fabric)
    if how == "graphml":
        return export.graphml(fabric=fabric)
    if how == "gexf":
        return export.gexf(fabric=fabric)
    if how == "astra":
        return export.astra_network(fabric=fabric, lossy=lossy)
    if how == "ns3":
        return export.ns3_topology(fabric=fabric, lossy=lossy)
    if how == "simai":
        return export.simai_topology(fabric=fabric, gpu_type=_SIMAI_GPU, lossy=lossy)
    return export.htsim_topology(fabric=fabric, queue_b=_HTSIM_QUEUE_B, lossy=lossy)


def add_commands(
    group: click.Group, *, errors: Callable[[], AbstractContextManager[None]], progress: Callable[[], Any]
) -> None:
    """Add the commands to `group`; `errors` turns bad input into one line, `progress().running()` shows steps."""

    @group.command()
    @click.argument("scenarios", nargs=-1, required=True, metavar="A B [C]...")
    @click.option("--rtol", type=float, default=1e-6, show_default=True, help="Width asked of each certified interval.")
    @click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON and nothing else.")
    def compare(scenarios: tuple[str, ...], rtol: float, as_json: bool) -> None:
        """Measure two scenarios or more and show metrics and gaps side by side."""
        with errors(), progress().running() as shown:
            tables = _compare(scenarios, rtol, shown)
        if as_json:
            click.echo(json.dumps({"format": "fabricgap comparison 1", "reports": tables}, allow_nan=False))
        else:
            click.echo(_comparison_screen(tables))

    @group.command()
    @click.argument("file", type=click.Path(path_type=Path))
    @click.option("--from", "origin", default="suncatcher-81", show_default=True, help="The scenario to start from.")
    def new(file: Path, origin: str) -> None:
        """Write a scenario FILE to change: the text of a shipped one, with its comments and sources."""
        with errors():
            _write_new(file, origin)
            click.echo(f"{file}: as {origin}; change it and run `fabricgap gap {file}`")

    @group.command()
    @click.argument("scenario")
    @click.option("--format", "how", type=click.Choice(FORMATS), required=True, help="Of the program that reads it.")
    @click.option("--out", type=click.Path(path_type=Path), required=True, help="The file.")
    @click.option("--epoch", type=int, default=0, show_default=True, help="Which time of the orbit, from 0.")
    @click.option("--lossy", is_flag=True, help="Leave out limits that the format cannot hold, instead of refusing.")
    def export(scenario: str, how: str, out: Path, epoch: int, lossy: bool) -> None:
        """Write the fabric of SCENARIO as a file of another program."""
        with errors():
            from optimize.study.save import write_atomically

            if out.is_dir():
                raise ValueError(f"--out {out}: is a folder; name a file in it")
            text = _exported(scenario, how, epoch, lossy)
            write_atomically(path=out, content=text.encode())
            click.echo(f"{out}: {scenario} at time {epoch} as {how}")
