"""A real browser without a window, driven over a pipe by its DevTools protocol; its only network is this machine."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Browser", "find_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-extensions", "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-pipe",
)  # fmt: skip
_PATIENCE_S = 90.0  # a busy machine may take that long to start one; nothing waits that long otherwise


def find_browser() -> str | None:
    """Path of a Chromium or Chrome that starts; None if there is none."""
    for path in filter(None, map(shutil.which, _NAMES)):
        try:
            # Some systems have a stand-in of that name that only says how to install one.
            subprocess.run([path, "--version"], capture_output=True, check=True, timeout=_PATIENCE_S)
        except (OSError, subprocess.SubprocessError):
            continue
        return path
    return None


class Browser:
    """One page in a new profile.

    Parameters
    ----------
    path : str
        Of the browser.
    profile : Path
        Folder for its profile; new.
    """

    def __init__(self, path: str, profile: Path) -> None:
        self._numbers, self._buffer = itertools.count(1), b""
        self.events: list[dict[str, Any]] = []
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # Chromium reads from 3 and writes to 4; both ends go out of the way first, so that none overwrites the other.
        high_in, high_out = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 16) for end in (theirs_in, theirs_out))
        actions = [(os.POSIX_SPAWN_DUP2, high_in, 3), (os.POSIX_SPAWN_DUP2, high_out, 4),
                   (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                   (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]  # fmt: skip
        command = [path, *_ARGUMENTS, f"--user-data-dir={profile}", "about:blank"]
        self._process = os.posix_spawn(path, command, os.environ, file_actions=actions, setsid=True)
        for end in (theirs_in, theirs_out, high_in, high_out):
            os.close(end)
        try:
            self._session = ""
            targets = self.call("Target.getTargets")["targetInfos"]
            page = next(target["targetId"] for target in targets if target["type"] == "page")
            self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser and all that it started."""
        for end in (self._out, self._in):
            os.close(end)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)

    def _message(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(deadline - time.monotonic(), 0.0))
            more = os.read(self._in, 65536) if ready else b""
            if not more:
                raise TimeoutError("the browser does not answer")
            self._buffer += more
        first, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        if "method" in message:
            self.events.append(message)
        return message

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Result of a command of the protocol."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if getattr(self, "_session", ""):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            answer = self._message(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, address: str) -> None:
        """Go to an address and wait until the page is loaded."""
        before = len(self.events)
        self.call("Page.navigate", url=address)
        deadline = time.monotonic() + _PATIENCE_S
        while not any(event["method"] == "Page.loadEventFired" for event in self.events[before:]):
            self._message(deadline)

    def value(self, expression: str) -> Any:
        """Value of a JavaScript expression in the page; promises are waited for."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def settle(self) -> None:
        """Wait until the page has drawn what it was asked for."""
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until something outside the page has happened."""
        deadline = time.monotonic() + _PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError("it did not happen")
            time.sleep(0.05)

    def key(self, name: str) -> None:
        """Press a key and let it go."""
        text: Mapping[str, str] = {"text": name} if len(name) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name)
        self.settle()

    def drag(self, *points: tuple[float, float]) -> None:
        """Press at the first point, move through the others, let go at the last."""
        for kind, (x, y) in (("mousePressed", points[0]), *(("mouseMoved", point) for point in points[1:]),
                             ("mouseReleased", points[-1])):  # fmt: skip
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
        self.settle()
