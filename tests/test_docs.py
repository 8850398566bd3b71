"""The README does what it says: its Python runs, in order, and its command lines exist."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
from pathlib import Path

import click
import pytest

README = Path(__file__).parents[1] / "README.md"
OWN_WORDS = {"test", "bench", "lock", "--help"}


def blocks(*languages: str) -> list[tuple[int, str]]:
    """Line number and text of every fenced block of the README in these languages."""
    if not README.is_file():
        pytest.fail("README.md is missing", pytrace=False)
    text = README.read_text(encoding="utf-8")
    fences = re.finditer(r"(?ms)^```(\w+)[^\n]*\n(.*?)^```$", text)
    return [(text.count("\n", 0, f.start(2)) + 1, f[2]) for f in fences if f[1] in languages]


def command_lines() -> list[list[str]]:
    """Words after `python3 run.py` of every such command line, comments aside."""
    lines = [line.strip() for _, block in blocks("console", "sh", "bash", "shell") for line in block.splitlines()]
    return [
        shlex.split(line.split("python3 run.py", 1)[1], comments=True)
        for line in lines
        if re.match(r"(\$ )?python3 run\.py\b", line)
    ]


def test_readme_python_runs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "readme"}
    found = blocks("python")
    assert found, "README.md has no Python example"
    for line, source in found:
        if ">>>" in source:
            example = doctest.DocTestParser().get_doctest(source, names, "README.md", str(README), line - 1)
            output: list[str] = []
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            runner.run(example, out=output.append, clear_globs=False)
            assert runner.summarize(verbose=False).failed == 0, "".join(output)
            names.update(example.globs)
        else:
            exec(compile("\n" * (line - 1) + source, str(README), "exec"), names)


def test_readme_shows_how_to_start_and_how_to_test() -> None:
    words = [line[0] for line in command_lines() if line]
    assert words.count("gap") >= 1
    assert "test" in words


def test_readme_command_lines_exist() -> None:
    program = importlib.import_module("figures.cli").main
    for word, *arguments in filter(None, command_lines()):
        if word in OWN_WORDS:
            continue
        assert word in program.commands, f"README.md: python3 run.py {word} is no command"
        if "--help" not in arguments:
            try:
                program.commands[word].make_context(word, arguments)
            except click.BadParameter:
                pass  # a value, as of a file that an earlier command of the README writes; options were known
            except click.UsageError as error:
                pytest.fail(
                    f"README.md: python3 run.py {shlex.join([word, *arguments])}: {error.message}", pytrace=False
                )
