"""Finished points on disk at once: one append-only file of JSON lines that survives SIGKILL, one writer at a time.

Every line is one `write` followed by `fsync`, so only the last line can be torn; it is dropped. Knows no scenario.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["FILE_NAME", "Checkpoint", "checkpoint", "kept_points"]

FILE_NAME = "points.jsonl"


class Checkpoint:
    """Results by key: those found in the file, and those added since. Made by `checkpoint`."""

    def __init__(self, found: Mapping[str, Mapping[str, Any]], handle: int | None) -> None:
        self._results, self._handle = dict(found), handle

    def __contains__(self, key: str) -> bool:
        return key in self._results

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        return self._results[key]

    def add(self, key: str, *, point: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Keep a result; when this returns, it is on disk."""
        line = json.dumps({"key": key, "point": point, "result": result}, allow_nan=False).encode() + b"\n"
        if self._handle is not None:
            try:
                written = os.write(self._handle, line)
                os.fsync(self._handle)
            except OSError as error:
                raise ValueError(f"{FILE_NAME}: a point cannot be written, {error.strerror}; free some space") from None
            if written < len(line):
                raise ValueError(f"{FILE_NAME}: a point was written in part, the disk is full; free some space")
        # What was read back, so that a result is the same whether it was computed now or before.
        self._results[key] = json.loads(line)["result"]


@contextmanager
def checkpoint(folder: Path | None) -> Iterator[Checkpoint]:
    """Results of a folder, held against other writers until the block ends; of nothing, kept in memory, for None.

    Raises
    ------
    ValueError
        If the folder cannot be written, another study is writing there, or the file is not one of points.
    """
    if folder is None:
        yield Checkpoint({}, None)
        return
    import fcntl  # not on Windows, where everything else can still be imported

    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        raise ValueError(f"{folder}: cannot write there, {error.strerror}; choose another output folder") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{folder}: another study is writing there; wait for its end, or choose another folder"
            ) from None
        _sync_folder(folder)
        found, whole = _read(path)
        os.ftruncate(handle, whole)  # a torn last line, if there is one
        yield Checkpoint(found, handle)
    finally:
        os.close(handle)  # gives up the lock, as the end of the process does


def kept_points(folder: Path) -> int:
    """How many finished points the file of a folder holds, whichever studies they are of."""
    path = folder / FILE_NAME
    return len(_read(path)[0]) if path.exists() else 0


def _sync_folder(folder: Path) -> None:
    """Make the file's name as durable as its lines."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> tuple[dict[str, Mapping[str, Any]], int]:
    """Results by key, and the length in bytes of the whole lines."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    found: dict[str, Mapping[str, Any]] = {}
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        try:
            record = json.loads(line)
            found[record["key"]] = {**record["result"]}
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{path}: line {number} is no finished point; remove it, or choose another output folder"
            ) from None
    return found, whole
