"""The same study on Dask's scheduler and worker processes, over the loopback, as on local processes."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import Any

import pytest

from optimize.study.sampling import grid
from optimize.study.sweep import run_study
from tests.optimize.sweeps import Here, small


@pytest.mark.slow
# Dask closes its sockets and event loops in threads of its own, some of them only when they are collected.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_dask_plugs_in_through_its_executor(tmp_path: Path) -> None:
    study = grid(small(), vary=["link.channels=6,12,24", "satellite.terminals=4,8"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whatever that package says about itself
        dask: Any = importlib.import_module("distributed")
        with (
            dask.LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster,
            dask.Client(cluster) as client,
        ):
            far = run_study(study, folder=tmp_path, executor=client.get_executor())
    local = run_study(study, workers=2)
    assert far == local
    assert far.infeasible == 3
    rest = Here()
    assert run_study(study, folder=tmp_path, executor=rest) == local
    assert rest.count == 0  # what Dask finished is on disk here
