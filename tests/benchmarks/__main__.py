"""Runs bench_*.py, each in its own process, and prints their tables; names on the command line choose some.

Leaves out any judgement: a table is for people, and for comparing two commits on one machine.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module
from pathlib import Path

from tests.benchmarks.measure import Row, alone


def shown(value: object) -> str:
    """A cell: four significant digits of a float, anything else as it is."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """In words, roughly."""
    return f"about {seconds / 60:.0f} minutes" if seconds >= 100 else f"about {seconds:.0f} s"


def table(rows: list[Row]) -> str:
    """Aligned columns, one for each key in order of first appearance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, *([shown(row.get(column, "-")) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    return "\n".join("  " + "  ".join(line).rstrip() for line in padded)


def main(chosen: list[str]) -> int:
    """Run and print; the status is 1 if a benchmark failed, 2 if a name is unknown."""
    names = sorted(file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py"))
    unknown = [name for name in chosen if name not in names]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(names)}", file=sys.stderr)
        return 2
    modules = {name: import_module(f"tests.benchmarks.bench_{name}") for name in chosen or names}
    whole_s = sum(module.TAKES_S for module in modules.values())
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs")
    print(f"{len(modules)} benchmarks, on two idle cores {duration(whole_s)} in all", flush=True)
    failed = 0
    for name, module in modules.items():
        print(f"\n{name}, {duration(module.TAKES_S)}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
        try:
            rows, seconds, peak_mb = alone(module.__name__)
        except Exception as error:
            failed += 1
            print(f"{name}: FAILED, {type(error).__name__}: {error}", flush=True)
        else:
            print(f"{table(rows)}\n{name}: took {seconds:.1f} s, peak {peak_mb:.0f} MB", flush=True)
    print(f"\n{len(modules)} benchmarks, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
