"""Seconds that `at()` takes for a million ranges with near-field coupling and pointing, against a hundred thousand."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from links import LinkModel, OpticalLink, load_part
from tests.benchmarks.measure import Row, peak_mb

RANGES = 1_000_000


def timed(call: Callable[[], object]) -> float:
    """Wall time of one call. [s]"""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def run() -> list[Row]:
    """One row per span of ranges: first call (tables made), later calls, and how the cost grows tenfold in number."""
    rows: list[Row] = []
    for name, low_m, high_m in (("formation, 100 to 283 m", 100.0, 283.0), ("10 m to 10,000 km", 10.0, 1e7)):
        link: LinkModel = OpticalLink(
            aperture_m=0.1, wavelength_m=1.55e-6, transceiver=load_part("coherent_400zr"), channels=24, truncation=1.12,
            optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6,
        )  # fmt: skip
        ranges = np.geomspace(low_m, high_m, RANGES)
        first = timed(lambda: link.at(range_m=ranges))
        again = timed(lambda: link.at(range_m=ranges))
        tenth = timed(lambda: link.at(range_m=ranges[::10]))
        rows.append(
            {
                "a million ranges": name,
                "first_s": first,
                "again_s": again,
                "over_tenth": again / tenth,
                "peak_mb": peak_mb(),
            }
        )
    return rows
