"""Rules of the test run: slow tests are asked for, skips are named, published cases come from folders."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ALLOWED_SKIPS: dict[str, str] = {
    "tests/figures/test_report_browser.py": "no Chromium or Chrome on this machine; .ci/browser says how to get one",
}
"""Node id of every test that may be skipped or xfailed, with the reason. Any other skip fails the run."""

_TESTS = Path(__file__).parent
# Property tests draw the same examples in every run, and a busy machine fails none of them.
settings.register_profile("house", derandomize=True, deadline=None, database=None)
settings.load_profile("house")

_slow_not_run = pytest.StashKey[int]()
_named_skips = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow (minutes each)")
    parser.addoption(
        "--published",
        action="append",
        default=[],
        metavar="DIR",
        help="also run the published cases (*.toml) of this folder; may be given several times",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_slow_not_run] = 0
    config.stash[_named_skips] = []
    published_files(config)  # a folder without cases is refused before anything runs


def published_files(config: pytest.Config) -> list[Path]:
    """Every case file of tests/published and of the folders given by --published, each once."""
    files = sorted((_TESTS / "published").glob("*.toml"))
    for name in config.getoption("--published"):
        folder = Path(config.invocation_params.dir, name).resolve()
        found = sorted(folder.glob("*.toml"))
        if not found:
            raise pytest.UsageError(f"--published {name}: no *.toml in {folder}; name a folder that holds case files")
        files += [file for file in found if file not in files]
    return files


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.stash[_slow_not_run] = len(slow)
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


def _judge_skip(config: pytest.Config, report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip (or an expected failure) that nobody named into a failure."""
    if report.outcome != "skipped":
        return
    if report.nodeid in ALLOWED_SKIPS:
        config.stash[_named_skips].append(report.nodeid)
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "")
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: {reason}\nA skip or xfail must be named, with its reason, in ALLOWED_SKIPS."
    if hasattr(report, "wasxfail"):
        del report.wasxfail


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _judge_skip(item.config, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _judge_skip(collector.config, report)
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    skips = config.stash[_named_skips]
    terminalreporter.write_line(f"skips named in tests/conftest.py: {len(skips)}")
    for nodeid in skips:
        terminalreporter.write_line(f"  {nodeid}: {ALLOWED_SKIPS[nodeid]}")
    if not config.getoption("--slow"):
        terminalreporter.write_line(f"slow tests not run: {config.stash[_slow_not_run]} (python3 run.py test --slow)")
