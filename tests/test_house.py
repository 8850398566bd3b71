"""The house itself: run.py, the locks, the wheel, and the versions in the papers that go with them."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import run

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = re.findall(r"(?m)^__version__ = \"(.+)\"$", (ROOT / "optimize" / "__init__.py").read_text(encoding="utf-8"))[
    0
]
LOCKS = ("requirements.lock", "tests/requirements.lock")


# --- the wheel


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_wheel_holds_the_four_packages_and_nothing_else(wheel_names: list[str]) -> None:
    info = f"fabricgap-{VERSION}.dist-info"
    assert {name.split("/")[0] for name in wheel_names} == {"links", "topo", "optimize", "figures", info}


def test_wheel_holds_every_data_file_and_type_marker_and_no_notebook(wheel_names: list[str]) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in ("links", "topo", "optimize", "figures")
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".toml", ".typed")
    }
    assert wanted - set(wheel_names) == set()
    assert [name for name in wheel_names if name.endswith((".ipynb", ".pyc")) or "notebooks" in name] == []


def test_index_uploads_are_refused() -> None:
    assert "Private :: Do Not Upload" in PROJECT["classifiers"]


# --- the locks


def pins(lock: str) -> list[Requirement]:
    """The requirements of a lock file, without their hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [Requirement(line.split("--hash")[0].strip()) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_every_package_by_hash_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    lines = [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    assert [line for line in lines if not re.match(r"[\w.-]+==[^\s;]+ .*--hash=sha256:[0-9a-f]{64}", line)] == []
    assert "://" not in text
    assert re.findall(r"(?m)^\s*-(?!-hash).*|#.* /.*| @ ", text) == []  # options, absolute paths, direct references


def test_both_locks_agree() -> None:
    assert {str(pin) for pin in pins(LOCKS[0])} - {str(pin) for pin in pins(LOCKS[1])} == set()


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_lock_serves_what_pyproject_asks_for(lock: str, python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.1"}
    locked = {p.name: p for p in pins(lock) if p.marker is None or p.marker.evaluate(environment)}
    asked = PROJECT["dependencies"] + (PROJECT["optional-dependencies"]["test"] if lock != LOCKS[0] else [])
    for requirement in map(Requirement, asked):
        version = next(iter(locked[requirement.name].specifier)).version
        assert requirement.specifier.contains(version), f"{requirement}: {lock} has {version}; python3 run.py lock"


# --- run.py


def test_run_py_is_short_and_needs_only_the_standard_library() -> None:
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    # 3.7: an older Python must get as far as the line that says which one is needed.
    nodes = list(ast.walk(ast.parse(source, feature_version=(3, 7))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) == set()
    assert len(source.splitlines()) <= 200


def test_ci_runs_the_test_command_and_nothing_else_but_the_search_for_a_browser() -> None:
    script = ROOT / ".ci" / "run"
    lines = [line for line in script.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert os.access(script, os.X_OK)
    begin = ["set -eu", 'cd "$(dirname "${BASH_SOURCE[0]}")/.."', "bash .ci/browser </dev/null || true"]
    assert lines == [*begin, "exec python3 run.py test"]


@pytest.mark.parametrize(
    ("user", "apt", "says"),
    [
        (1000, "exit 0", "it takes root and apt-get"),
        (0, None, "it takes root and apt-get"),
        (0, "exit 0", "was installed"),
        (0, "echo first; echo no network; exit 100", "tests that need one are skipped. It said: no network"),
    ],
)
def test_search_for_a_browser_never_fails_and_says_what_it_did(
    user: int, apt: str | None, says: str, tmp_path: Path
) -> None:
    programs = {"id": f"echo {user}", "timeout": 'shift; "$@"', "apt-get": apt}
    for name, body in programs.items():
        if body is not None:
            (tmp_path / name).write_text(f"#!{shutil.which('bash')}\n{body}\n")
            (tmp_path / name).chmod(0o755)
    command = [str(shutil.which("bash")), str(ROOT / ".ci" / "browser")]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert says in done.stdout


PROGRAM = """\
import pathlib, sys
print(*sys.argv[1:], pathlib.Path.cwd())
sys.exit(7)
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with run.py, empty locks and a program that prints its arguments; installing it needs no network."""
    root = tmp_path_factory.mktemp("house with a space")
    shutil.copy(ROOT / "run.py", root)
    for name, text in {"requirements.lock": "", "figures/__init__.py": "", "figures/cli.py": PROGRAM}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


def start(house: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, str(house / "run.py"), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, **options)


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def test_two_first_starts_at_once_install_once_and_both_reach_the_program(house: Path) -> None:
    results = [
        finished(process) for process in [start(house, "gap", "a b", cwd="/"), start(house, "gap", "a b", cwd="/")]
    ]
    assert [result[:2] for result in results] == [(7, "gap a b /\n")] * 2  # the program's status, stdout and folder
    assert "".join(stderr for _, _, stderr in results).count("installing") == 1


def test_next_start_is_quick_and_silent(house: Path) -> None:
    finished(start(house, "gap"))
    begun = time.monotonic()
    status, _, stderr = finished(start(house, "gap"))
    assert (status, stderr) == (7, "")
    assert time.monotonic() - begun < 2.0  # the promise; measured: 0.1 s


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation as run.py leaves it, small and made by hand; `run` looks at it."""
    venv = tmp_path / ".venv"
    package = venv / "lib" / "python3" / "site-packages" / "package.py"
    package.parent.mkdir(parents=True)
    package.write_text("answer = 42\n")
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "requirements.lock").write_text("package==1\n")
    places = {"ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin" / "python", "STAMP": venv / "installed.json"}
    for name, place in places.items():
        monkeypatch.setattr(run, name, place)
    locks = {"requirements.lock": run.digest("requirements.lock")}
    run.STAMP.write_text(json.dumps({"origin": run.ORIGIN, "locks": locks, "files": run.fingerprint()}))
    return tmp_path


def test_whole_installation_is_used_as_it_is(installed: Path) -> None:
    compiled = installed / ".venv" / "lib" / "python3" / "site-packages" / "__pycache__" / "package.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(b"made by running it")
    assert run.intact("requirements.lock")


@pytest.mark.parametrize(
    ("damage", "file", "text"),
    [
        ("installation interrupted", ".venv/installed.json", None),
        ("stamp cut short", ".venv/installed.json", '{"locks": {'),
        ("file lost", ".venv/lib/python3/site-packages/package.py", None),
        ("file cut short", ".venv/lib/python3/site-packages/package.py", ""),
        ("Python gone", ".venv/bin/python", None),
        ("lock changed", "requirements.lock", "package==2\n"),
    ],
)
def test_broken_installation_is_noticed(installed: Path, damage: str, file: str, text: str | None) -> None:
    (installed / file).unlink() if text is None else (installed / file).write_text(text)
    assert not run.intact("requirements.lock"), damage


def test_installation_for_another_python_is_noticed(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ORIGIN", [*run.ORIGIN[:-1], "cpython-399"])
    assert not run.intact("requirements.lock")


def test_broken_installation_is_redone(house: Path) -> None:
    finished(start(house, "gap"))
    next((house / ".venv" / "lib").rglob("pip/__init__.py")).unlink()
    status, stdout, stderr = finished(start(house, "gap", cwd="/"))
    assert (status, stdout) == (7, "gap /\n")
    assert "installing" in stderr


def test_python_without_ensurepip_is_told_what_to_install(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "STAMP", house / "none.json")
    monkeypatch.setattr(run, "ROOT", house)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"apt-get install python3-venv"):
        run.install("requirements.lock")


def test_help_needs_no_installation(tmp_path: Path) -> None:
    shutil.copy(ROOT / "run.py", tmp_path)
    assert finished(start(tmp_path)) == (0, run.HELP, "")
    assert [path.name for path in tmp_path.iterdir()] == ["run.py"]


# --- the rules of tests/conftest.py

SKIPPING = """\
import pytest

def test_passes(): pass

@pytest.mark.skip(reason="no machine for it")
def test_named(): pass

@pytest.mark.skip(reason="no wish to")
def test_unnamed(): pass

@pytest.mark.xfail(reason="known")
def test_expected_to_fail(): raise ValueError

@pytest.mark.slow
def test_slow(): pass
"""


def test_only_named_skips_pass_and_slow_tests_are_counted(tmp_path: Path) -> None:
    (tmp_path / "test_small.py").write_text(SKIPPING)
    (tmp_path / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    named = "from tests.conftest import ALLOWED_SKIPS\nALLOWED_SKIPS['test_small.py::test_named'] = 'a reason'\n"
    (tmp_path / "named.py").write_text(named)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow: minutes\n")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "named", "--continue-on-collection-errors"]

    def closing_line(*arguments: str) -> tuple[str, str]:
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout, done.stdout.strip().splitlines()[-1]

    output, last = closing_line()
    assert "1 failed, 1 passed, 1 skipped, 1 deselected, 2 errors" in last
    assert "test_small.py::test_named: a reason" in output
    assert "slow tests not run: 1 " in output
    assert "1 failed, 2 passed, 1 skipped, 2 errors" in closing_line("--slow")[1]


def test_folder_of_cases_on_the_command_line_needs_no_change_of_code(tmp_path: Path) -> None:
    (tmp_path / "more.toml").write_text("[[case]]\nid = 'new'\nkind = 'unheard.of'\nexpected = 1.0\n")
    command = [sys.executable, "-m", "pytest", "-q", "tests/test_published.py", "-k", "new", "--published"]
    empty = tmp_path / "empty"
    for folder, status, words in [(tmp_path, 1, "'unheard.of' is known to no adapter"), (empty, 4, "no *.toml in")]:
        done = subprocess.run([*command, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, words in done.stdout + done.stderr) == (status, True), done.stdout + done.stderr


# --- versions


def test_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## \[([^]]+)]", changelog)[0] == VERSION
    assert re.findall(r"(?m)^version: (\S+)$", citation) == [VERSION]
