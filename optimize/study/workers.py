"""Local processes for a study: one thread each, silent, and gone as soon as the process that started them is.

Any other `concurrent.futures.Executor` can take their place. Knows nothing of what they compute.
"""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

__all__ = ["local_pool", "usable_cpus"]

# What the libraries under numpy, scipy and numba read when they are loaded.
_THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)  # fmt: skip


def usable_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def local_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """An executor of fresh processes; if the block fails, they end at once, whatever they are doing.

    A script that comes here must do so under `if __name__ == "__main__":`, because fresh processes import it.
    """
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with theirs, ours, _one_thread():
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(theirs,))
        try:
            yield pool
        except BaseException:
            ours.close()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started in the block compute with one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin(tether: Connection) -> None:
    """First thing in a worker: leave Ctrl-C to the parent, end with it, print nothing, solve with one thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(tether,), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # solvers write banners to file descriptor 1
    import highspy

    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.run()  # the first run fixes the threads of all later ones in this process


def _end_with_parent(tether: Connection) -> None:
    """Wait for the other end to be closed, by the parent or by its end, and leave."""
    try:
        tether.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
