"""Commands `compare`, `new` and `export`: scenarios side by side, a file to start from, fabrics for other programs."""

# ruff: noqa: D301 - in help texts a backspace (\b) is click's mark for lines that it must not wrap

import json
import re
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from .cli_frame import Progress, check_rtol, complete_scenarios, one_line_errors, print_json

__all__ = ["FORMATS", "compare", "export", "new"]

FORMATS = (
    "json", "graphml", "gexf", "czml", "astra", "ns3", "ns3-rates", "ns3-logical", "simai", "htsim", "htsim-traffic",
)  # fmt: skip
"""What `export --format` may say."""

_WHOLE_ORBIT = ("czml",)  # formats that hold all times, not one
_HTSIM_QUEUE_B = 1_000_000
_SIMAI_GPU = "none"  # SimAI counts any name that it does not know as none


def _compare(names: tuple[str, ...], rtol: float, progress: Callable[[str], None]) -> list[dict[str, Any]]:
    from optimize.study import build, load_scenario, measure
    from optimize.study.save import report_table

    if len(names) < 2:
        raise ValueError("compare: name two scenarios or more")
    check_rtol(rtol)
    cases = [
        build(load_scenario(name)) for name in names
    ]  # what cannot be built is refused before anything is measured
    return [report_table(measure(case, rtol=rtol, progress=partial(_named, progress, case.name))) for case in cases]


def _named(progress: Callable[[str], None], name: str, step: str) -> None:
    progress(f"{name}: {step}")


def _comparison_screen(tables: list[dict[str, Any]]) -> str:
    from .text_table import columns, gap_text, unit_text, value_text

    head = ["per GPU, one way", "unit", *(table["name"] for table in tables)]
    values, over, out = [head], [["gap to NVL72", *head[2:]]], [["gap to SuperPOD", *head[2:]]]
    units = {m["name"]: m["unit"] for table in tables for m in table["metrics"]}
    nothing = dict.fromkeys(("formation", "gap_scale_up", "gap_scale_out"))
    for name, unit in units.items():
        rows = [next((m for m in table["metrics"] if m["name"] == name), nothing) for table in tables]
        shown = (value_text(_interval(m["formation"]), unit=unit) for m in rows)
        values.append([name, unit_text(unit), *shown])
        over.append([name, *(gap_text(_interval(m["gap_scale_up"])) for m in rows)])
        out.append([name, *(gap_text(_interval(m["gap_scale_out"])) for m in rows)])
    lines = [f"{table['name']}: {table['title']}" for table in tables]
    blocks = [lines, columns(values), columns(over), columns(out)]
    return "\n\n".join("\n".join(block) for block in blocks)


def _interval(ends: dict[str, float | None] | None) -> Any:
    from optimize.study.findings import interval

    return None if ends is None else interval(ends)


def _one_s_own(text: str, name: str) -> str:
    """The text under a name of its own, without its place in the library and what is published about the system."""
    text = re.sub(r"(?m)^name = .*$", lambda _: f"name = {json.dumps(name)}", text, count=1)
    kept, quoting = [], False
    for line in text.splitlines(keepends=True):
        quoting = line.startswith("[[published]]") or (quoting and not line.startswith("["))
        if not quoting and not line.startswith("group = "):
            kept.append(line)
    return "".join(kept).rstrip("\n") + "\n"


def _write_new(path: Path, origin: str) -> None:
    from importlib.resources import files

    from optimize.study.scenario import load_scenario

    if path.suffix != ".toml":
        raise ValueError(f"{path}: a scenario file must end in .toml")
    if path.name.startswith("."):
        raise ValueError(f"{path}: hidden files name no folder of results; name one without the first point")
    load_scenario(origin)  # an unknown name is refused with the near ones
    text = Path(origin) if origin.endswith(".toml") else files("optimize.study") / "scenarios" / f"{origin}.toml"
    content = _one_s_own(text.read_text(encoding="utf-8"), path.stem)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        raise ValueError(f"{path}: exists already and is not overwritten; name another file") from None
    except OSError as error:
        raise ValueError(f"{path}: cannot be written, {error.strerror}; choose another place") from None


def _exported(scenario: str, *, how: str, epoch: int, lossy: bool, start: str, size_b: int) -> str:
    from optimize.study.case import as_series, build, formation_of
    from optimize.study.scenario import load_scenario
    from topo import export

    loaded = load_scenario(scenario)
    series = as_series(build(loaded).formation)
    if not 0 <= epoch < len(series):
        raise ValueError(f"--epoch {epoch}: {scenario} has {len(series)}, numbered from 0")
    fabric = series.at(epoch)
    hosts = int((fabric.gpus > 0).sum())
    if how == "htsim-traffic":
        pairs = ((s, t, size_b) for s in range(hosts) for t in range(hosts) if s != t)
        return export.htsim_traffic(hosts=hosts, flows=pairs)
    writers: dict[str, Callable[[], str]] = {
        "json": lambda: export.node_link(fabric=fabric),
        "graphml": lambda: export.graphml(fabric=fabric),
        "gexf": lambda: export.gexf(fabric=fabric),
        "czml": lambda: export.czml(formation=formation_of(loaded), series=series, start=start, node_rad=0.0),
        "astra": lambda: export.astra_network(fabric=fabric, lossy=lossy),
        "ns3": lambda: export.ns3_topology(fabric=fabric, lossy=lossy),
        "ns3-rates": lambda: export.ns3_rate_maps(rates_bps=_rates_bps(fabric)),
        "ns3-logical": lambda: export.logical_topology(dimensions=(hosts,)) + "\n",
        "simai": lambda: export.simai_topology(fabric=fabric, gpu_type=_SIMAI_GPU, lossy=lossy),
        "htsim": lambda: export.htsim_topology(fabric=fabric, queue_b=_HTSIM_QUEUE_B, lossy=lossy),
    }
    return writers[how]()


def _rates_bps(fabric: Any) -> Any:
    """Every rate that the ns-3 topology of a fabric has: those of its links, and of hosts that are finite."""
    import numpy as np

    hosts = fabric.host_bps[fabric.gpus > 0]
    return np.concatenate([fabric.capacity_bps, hosts[np.isfinite(hosts)]])


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="A B [C]...", shell_complete=complete_scenarios)
@click.option("--rtol", type=float, default=1e-6, show_default=True, help="Width asked of each certified interval.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON and nothing else.")
def compare(scenarios: tuple[str, ...], rtol: float, as_json: bool) -> None:
    """Measure two scenarios or more and show metrics and gaps side by side.

    \b
    Examples:
      fabricgap compare suncatcher-81 rack-apart-18 ground-nvl72
      fabricgap compare lattice-21 mine.toml --json
    """
    with one_line_errors(), Progress().running() as shown:
        tables = _compare(scenarios, rtol, shown)
        if as_json:
            print_json("comparison", {"reports": tables})
        else:
            click.echo(_comparison_screen(tables))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--from", "origin", default="suncatcher-81", show_default=True, help="The scenario to start from.",
    shell_complete=complete_scenarios,
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON and nothing else.")
def new(file: Path, origin: str, as_json: bool) -> None:
    """Write a scenario FILE to change: the text of a shipped one, with its comments and sources.

    \b
    Examples:
      fabricgap new mine.toml
      fabricgap new small.toml --from lattice-21
    """
    with one_line_errors():
        _write_new(file, origin)
        if as_json:
            print_json("new scenario", {"file": str(file), "from": origin})
        else:
            click.echo(f"{file}: as {origin}; change it and run `fabricgap gap {shlex.quote(str(file))}`")


@click.command()
@click.argument("scenario", shell_complete=complete_scenarios)
@click.option("--format", "how", type=click.Choice(FORMATS), required=True, help="Of the program that reads it.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file.")
@click.option("--epoch", type=int, default=0, show_default=True, help="Which time of the orbit, from 0; czml has all.")
@click.option("--lossy", is_flag=True, help="Leave out limits that the format cannot hold, instead of refusing.")
@click.option("--start", default="2027-01-01T00:00:00", show_default=True, help="Of czml: the time of epoch 0, UTC.")
@click.option(
    "--size-b", type=int, default=1_000_000, show_default=True, help="Of htsim-traffic: bytes from each host to each."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON and nothing else.")
def export(scenario: str, how: str, out: Path, as_json: bool, **options: Any) -> None:
    """Write the fabric of SCENARIO as a file of another program.

    \b
    json           node-link JSON: networkx, D3         graphml, gexf    networkx, Gephi, yEd
    czml           Cesium: satellites, links, an orbit  astra            ASTRA-sim, analytical
    ns3            ns-3 HPCC and ASTRA-sim ns-3: links  ns3-rates        its rate maps (config.txt)
    ns3-logical    its logical topology, one dimension  simai            SimAI
    htsim          htsim's generic topology             htsim-traffic    all to all between its hosts

    \b
    Examples:
      fabricgap export lattice-21 --format czml --out lattice.czml
      fabricgap export lattice-21 --format graphml --out lattice.graphml --epoch 6
      fabricgap export rack-apart-9 --format ns3 --lossy --out topology.txt
    """
    with one_line_errors(), Progress().running() as shown:
        shown("building the fabric")
        from optimize.study.save import write_atomically

        if out.is_dir():
            raise ValueError(f"--out {out}: is a folder; name a file in it")
        write_atomically(path=out, content=_exported(scenario, how=how, **options).encode())
        time = None if how in _WHOLE_ORBIT else options["epoch"]
        if as_json:
            print_json("export", {"file": str(out), "scenario": scenario, "written_as": how, "epoch": time})
        else:
            click.echo(f"{out}: {scenario} {'over its orbit' if time is None else f'at time {time}'} as {how}")
