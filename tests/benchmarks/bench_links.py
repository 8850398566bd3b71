"""Seconds that `at()` takes for a million ranges with near-field coupling and pointing, against a hundred thousand."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from links import LinkModel, OpticalLink, load_part
from tests.benchmarks.measure import Row, peak_mb

TAKES_S = 5
RANGES = 1_000_000
SPANS_M = {"formation, 100 to 283 m": (100.0, 283.0), "10 m to 10,000 km": (10.0, 1e7)}


def seconds(link: LinkModel, range_m: NDArray[np.float64]) -> float:
    """Wall time of one call of `at()`. [s]"""
    begun = time.perf_counter()
    link.at(range_m=range_m)
    return time.perf_counter() - begun


def run() -> list[Row]:
    """One row per span of ranges: first call (tables made), a later call, and how the cost grows tenfold in number."""
    link = OpticalLink(
        aperture_m=0.1, wavelength_m=1.55e-6, transceiver=load_part("coherent_400zr"), channels=24, truncation=1.12,
        optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6,
    )  # fmt: skip
    rows: list[Row] = []
    for name, (low_m, high_m) in SPANS_M.items():
        ranges = np.geomspace(low_m, high_m, RANGES)
        first, again, tenth = seconds(link, ranges), seconds(link, ranges), seconds(link, ranges[::10])
        rows.append({"a million ranges": name, "first_s": first, "again_s": again, "over_tenth": again / tenth})
    return [{**row, "peak_mb": peak_mb()} for row in rows]
