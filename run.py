"""Starts everything: `python3 run.py gap` needs nothing but Python 3.11 or newer.

It keeps the locked packages in .venv beside this file and runs the program there; `--help` says the rest.
It leaves out Windows, except under WSL.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

if sys.version_info < (3, 11):  # noqa: UP036 - older Pythons get this far, and deserve an answer
    newer = [name for name in ("python3.13", "python3.12", "python3.11", "python3.14") if shutil.which(name)]
    remedy = f"start it with {newer[0]} instead" if newer else "install one and start run.py with it"
    sys.exit("run.py: this is Python {}.{}, and 3.11 or newer is needed; {}".format(*sys.version_info[:2], remedy))

try:
    import fcntl
except ImportError:
    sys.exit("run.py: this system has no fcntl (Windows?); start it under WSL, or on Linux or macOS")

HELP = """\
python3 run.py COMMAND ...      COMMAND --help says more, with examples

gap [SCENARIO]                  how much bandwidth a formation keeps, and what limits it
report SCENARIO                 the same as one HTML page to look at
compare A B ...                 scenarios side by side
sweep SCENARIO --vary KEY=...   a study over values of a scenario
scenarios, parts [WORD], new    what there is to measure; the hardware with its sources; a scenario file of your own
figures [NAME ...]              the publication figures
export SCENARIO, verify FILE    for other programs; saved results checked again, without a solver

test [--slow] [--published DIR] [pytest arguments]; bench [NAME ...]; lock [--upgrade] (of pyproject.toml)
"""

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"  # written last: without it an installation did not finish
RUN_LOCK, TEST_LOCK = "requirements.lock", "tests/requirements.lock"
ORIGIN = [str(ROOT), sys.platform, str(sys.implementation.cache_tag)]  # an environment cannot outlive a change of these
# PYTHONPATH is replaced, not extended: packages of another environment must not shadow the locked ones.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def say(text: str) -> None:
    """Report progress where it cannot mix with the output of the program."""
    print(f"run.py: {text}", file=sys.stderr, flush=True)


def digest(lock: str) -> str:
    """Hash of a lock file."""
    if not (ROOT / lock).is_file():
        sys.exit(f"run.py: {lock} is missing; restore it (git checkout {lock})")
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def fingerprint() -> list[int]:
    """Count and total size in bytes of the installed files, compiled ones aside."""
    count = size = 0
    folders = [str(VENV / "lib")]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        folders.append(entry.path)
                elif not entry.name.endswith(".pyc"):
                    count, size = count + 1, size + entry.stat(follow_symlinks=False).st_size
    return [count, size]


def intact(lock: str) -> bool:
    """Whether .venv holds all packages of a lock, installed to the end, and has lost nothing since."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        return (
            lock in stamp["locks"]
            and all(digest(name) == known for name, known in stamp["locks"].items())
            and stamp["origin"] == ORIGIN
            and PYTHON.exists()
            and stamp["files"] == fingerprint()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def call(*command: str | Path, stdout: TextIO | None = None, close_fds: bool = True) -> int:
    """Exit status of a command run from the root of the project."""
    return subprocess.call(command, cwd=ROOT, env=ENVIRONMENT, stdout=stdout, close_fds=close_fds)


def step(*command: str | Path) -> None:
    """Run one step of the installation, its output on stderr; it holds the lock even if run.py is killed."""
    status = call(*command, stdout=sys.stderr, close_fds=False)
    if status:
        sys.exit(f"run.py: the installation failed, see above (status {status}); the next start tries again")


def install(lock: str) -> None:
    """Fill .venv with the packages of a lock, from nothing unless only the test packages are missing."""
    known = {name: digest(name) for name in {RUN_LOCK, lock}}
    extend = intact(RUN_LOCK) and TEST_LOCK not in json.loads(STAMP.read_text(encoding="utf-8"))["locks"]
    STAMP.unlink(missing_ok=True)
    say(f"installing {lock} into {VENV} (about 0.6 GB; some minutes the first time)")
    started = time.monotonic()
    if not extend:
        if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
            hint = "Debian, Ubuntu: apt-get install python3-venv; elsewhere: install a complete Python 3.11 or newer"
            sys.exit(f"run.py: this Python lacks venv or ensurepip. {hint}")
        for entry in VENV.iterdir():
            if entry.name != "lock":
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        step(getattr(sys, "_base_executable", sys.executable), "-I", "-m", "venv", VENV)
    pip = [str(PYTHON), "-m", "pip", "install", "--no-input", *([] if sys.stderr.isatty() else ["--quiet"])]
    step(*pip, "--require-hashes", "--only-binary", ":all:", "-r", lock)
    if lock == TEST_LOCK:
        step(*pip, "--no-build-isolation", "--no-deps", "--editable", ".")
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps({"origin": ORIGIN, "locks": known, "files": fingerprint()}), encoding="utf-8")
    fresh.replace(STAMP)
    say(f"installed in {time.monotonic() - started:.0f} s")


def hold(guard: int, kind: int) -> None:
    """Lock .venv: LOCK_SH to use it, LOCK_EX to change it."""
    try:
        fcntl.flock(guard, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another run.py that uses or installs .venv")
        fcntl.flock(guard, kind)


def prepare(lock: str) -> None:
    """Return when .venv is complete; it is then held, so that nobody replaces it, until this process ends."""
    VENV.mkdir(exist_ok=True)
    guard = os.open(VENV / "lock", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(guard, True)  # the program that replaces this process keeps holding it
    hold(guard, fcntl.LOCK_SH)
    while not intact(lock):
        hold(guard, fcntl.LOCK_EX)
        if not intact(lock):  # another run.py may have installed it while this one waited
            install(lock)
        hold(guard, fcntl.LOCK_SH)


def test(arguments: list[str]) -> int:
    """Run every check, also after one has failed; the status is 0 if all passed."""
    steps: dict[str, list[str | Path]] = {
        "ruff check": ["-m", "ruff", "check", "."],
        "ruff format": ["-m", "ruff", "format", "--check", "."],
        "mypy": ["-m", "mypy"],
        "lint-imports": [PYTHON.with_name("lint-imports")],
        "pytest": ["-m", "pytest", *arguments],
    }
    failed, started = [], time.monotonic()
    for name, command in steps.items():
        print(f"--- {name}", flush=True)
        if call(PYTHON, *command):
            failed.append(name)
    verdict = f"FAILED: {', '.join(failed)}" if failed else "all passed"
    print(f"--- {len(steps)} steps in {time.monotonic() - started:.0f} s, {verdict}", flush=True)
    return int(bool(failed))


def lock(arguments: list[str]) -> int:
    """Write both lock files; the second is bound to the versions of the first."""
    uv = PYTHON.with_name("uv")
    if not uv.exists():
        sys.exit(f"run.py: .venv has no uv, which writes the locks; put it into the extra `test` and {TEST_LOCK}")
    common = ["pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--quiet"]
    common += ["--generate-hashes", "--only-binary", ":all:", "--custom-compile-command", "python3 run.py lock"]
    status = call(uv, *common, *arguments, "--all-extras", "-o", TEST_LOCK)
    return status or call(uv, *common, *arguments, "--constraints", TEST_LOCK, "-o", RUN_LOCK)


def main(word: str = "--help", *arguments: str) -> int:
    """Do what the first word says."""
    if word in ("--help", "-h", "help"):
        print(HELP, end="")
        return 0
    prepare(TEST_LOCK if word in ("test", "bench", "lock") else RUN_LOCK)
    if word in ("test", "lock"):
        return {"test": test, "lock": lock}[word](list(arguments))
    # This process becomes the program: exit status and Ctrl-C are its own. -P: the user's folder shadows no package.
    program = ["-m", "tests.benchmarks"] if word == "bench" else ["-m", "figures.cli", word]
    os.execve(PYTHON, [str(PYTHON), "-P", *program, *arguments], ENVIRONMENT)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
