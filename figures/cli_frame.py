"""What all commands share: errors in one line, progress on a terminal, JSON, shell completion.

Imports nothing heavy, so that help and completion answer at once. Leaves out the commands themselves.
"""

import importlib.util
import json
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

__all__ = [
    "INTERRUPTED", "Progress", "check_rtol", "complete_figures", "complete_parts", "complete_scenarios",
    "default_folder", "one_line_errors", "overrides_of", "print_json",
]  # fmt: skip

INTERRUPTED = 130
"""Exit status of a program ended by Ctrl-C, as shells report it."""

_LONGEST = 300  # characters of a warning
_QUIET_S = 2.0  # steps shorter than this are not worth a line


class Progress:
    """Names the current step on standard error once it has taken two seconds; only on a terminal."""

    def __init__(self) -> None:
        self._step, self._since, self._shown = "starting", time.monotonic(), False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __call__(self, step: str) -> None:
        """Begin a step."""
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
    def running(self) -> Iterator["Progress"]:
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
def one_line_errors() -> Iterator[None]:
    """Bad input, unsolved problems (exit status 2) and Ctrl-C (130) as one line each on standard error, as warnings."""
    from optimize.flow.problem import NotSolvedError

    show, warnings.showwarning = warnings.showwarning, _Warnings()
    try:
        yield
    except (ValueError, NotSolvedError) as error:
        click.echo(f"fabricgap: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo("fabricgap: interrupted; files that it wrote are whole, others were not begun", err=True)
        sys.exit(INTERRUPTED)
    finally:
        warnings.showwarning = show


class _Warnings:
    """Shows each warning once, in one short line."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, message: Warning | str, *_: Any, **__: Any) -> None:
        text = " ".join(str(message).split())
        if text not in self._seen:
            self._seen.add(text)
            more = " ..." if len(text) > _LONGEST else ""
            click.echo(f"fabricgap: warning: {text[:_LONGEST]}{more}", err=True)


def check_rtol(rtol: float, *, option: str = "--rtol") -> None:
    """`ValueError` for a width that certifies nothing, or that nothing has."""
    if not 0.0 < rtol < 1.0:
        raise ValueError(f"{option} {rtol:g}: need a number above 0 and below 1, such as 1e-6")


def overrides_of(pairs: Sequence[str]) -> dict[str, Any]:
    """`a.b=3` as {"a.b": 3}; the value is read as TOML, and as text where it is none."""
    import tomllib

    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"--set {pair!r}: write KEY=VALUE, such as link.aperture_m='20 cm'")
        if key.strip() in found:
            raise ValueError(f"--set {key.strip()}: given twice; keep one of them")
        try:
            found[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            found[key.strip()] = text.strip()
    return found


def default_folder(scenario: Any, *, changed: bool) -> Path:
    """`out/NAME`, or one of its own for each set of changed values, so that no run writes over another's files."""
    return Path("out") / (f"{scenario.name}-changed-{scenario.digest[:6]}" if changed else scenario.name)


def print_json(kind: str, content: Mapping[str, Any]) -> None:
    """One JSON object on standard output: what it is, then its content."""
    click.echo(json.dumps({"format": f"fabricgap {kind} 1", **content}, allow_nan=False))


def _folder(package: str, *below: str) -> Path:
    """A folder of a package, found without importing it."""
    found = importlib.util.find_spec(package)
    return Path(*(found.submodule_search_locations or [""]), *below) if found is not None else Path()


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))


def complete_scenarios(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """Shipped scenarios that start like the word on the command line, and then files."""
    from click.shell_completion import CompletionItem

    names = _starting((file.stem for file in _folder("optimize", "study", "scenarios").glob("*.toml")), incomplete)
    return [*(CompletionItem(name) for name in names), *([] if names else [CompletionItem(incomplete, type="file")])]


def complete_parts(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Parts that start like the word on the command line."""
    import tomllib

    files = _folder("links", "data").glob("*.toml")
    tables = [part for file in files for part in tomllib.loads(file.read_text(encoding="utf-8"))["part"]]
    return _starting((part["name"] for part in tables), incomplete)


def complete_figures(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Publication figures that start like the word on the command line."""
    names = {file.stem for file in _folder("figures", "plots").glob("*.py")} - {"__init__", "figure_set", "shared"}
    return _starting(names, incomplete)
