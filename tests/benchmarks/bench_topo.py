"""From a formation to its fabric: seconds of each step up to 10,000 satellites, and of an orbit of the 81.

Asked for: 10,000 satellites under a minute and 2 GB on two cores; 81 satellites over 360 epochs under 2 s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from links import OpticalLink, RadioLink, load_part
from tests.benchmarks.measure import Row, peak_mb
from topo.build import Satellite, build_fabric, build_series
from topo.formation import Formation, suncatcher_lattice
from topo.orbit import Orbit
from topo.pods import superpod_fat_tree
from topo.ranges import neighbours_within
from topo.visibility import permanently_visible
from topo.wiring import Wiring

TAKES_S = 25
T = TypeVar("T")
RADII_M = (1000.0, 3600.0, 11300.0)  # 81, 1009 and 10,029 satellites
EPOCHS = 60
SATELLITE = Satellite(gpus=72, host_bps=57.6e12, local_bps=7.2e12, switch_bps=None, switch_latency_s=0.0,
                      switch_latency_low_s=0.0, terminals=40, radius_m=10.0)  # fmt: skip


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What the work returns, and its wall time. [s]"""
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def lattice(radius_m: float) -> Formation:
    """Suncatcher's lattice of 100 m pitch."""
    return suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=radius_m)


def optical() -> OpticalLink:
    """24 x 400 Gb/s between 10 cm telescopes."""
    return OpticalLink(
        aperture_m=0.1, wavelength_m=1.55e-6, transceiver=load_part("coherent_400zr"), channels=24, truncation=1.12,
        optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6,
    )  # fmt: skip


def radio() -> RadioLink:
    """60 GHz between 10 cm dishes."""
    return RadioLink(
        radio=load_part("radio_60ghz"), amplifier=load_part("pa_gan_60ghz"), modcods=(load_part("dvb_s2x"),),
        frequency_hz=65e9, bandwidth_hz=2e9, transmit_diameter_m=0.1, receive_diameter_m=0.1, outage=1e-6,
    )  # fmt: skip


def by_size(link: OpticalLink, radius_m: float) -> Row:
    """All steps at one size: positions, candidates within 500 m, sight lines over an orbit, one fabric."""
    formation = lattice(radius_m)
    times = formation.epochs_s(count=EPOCHS)
    _, positions_s = timed(lambda: formation.positions_m(time_s=times))
    near, candidates_s = timed(lambda: neighbours_within(formation=formation, reach_m=500.0))
    seen, sight_s = timed(
        lambda: permanently_visible(formation=formation, body_radius_m=10.0, pairs=near, epochs=EPOCHS)
    )
    wiring = Wiring.from_pairs(name="visible", pairs=seen)
    fabric, fabric_s = timed(
        lambda: build_fabric(formation=formation, satellite=SATELLITE, wiring=wiring, link=link, time_s=0.0)
    )
    total_s = positions_s + candidates_s + sight_s + fabric_s
    return {
        "measured": f"{EPOCHS} epochs, then one fabric", "satellites": len(formation), "arcs": fabric.n_arcs,
        "positions_s": positions_s, "candidates_s": candidates_s, "sight_s": sight_s, "fabric_s": fabric_s,
        "wall_s": total_s, "per_satellite_ms": 1e3 * total_s / len(formation), "peak_mb": peak_mb(),
    }  # fmt: skip


def orbit_of_81(label: str, make: Callable[[Formation, Wiring], int]) -> Row:
    """A series of 360 epochs of the Suncatcher lattice with direct and diagonal links."""
    formation = lattice(1000.0)
    wiring = Wiring.from_pairs(name="near", pairs=neighbours_within(formation=formation, reach_m=283.0))
    arcs, wall_s = timed(lambda: make(formation, wiring))
    return {"measured": label, "satellites": len(formation), "arcs": arcs, "wall_s": wall_s, "peak_mb": peak_mb()}


def run() -> list[Row]:
    """Sizes first; then an orbit of the 81 with optics, and with radio and its interference; then a whole SuperPOD."""
    link, waves = optical(), radio()
    link.at(range_m=[100.0, 500.0])  # tables are made once, whatever the size

    def series(model: OpticalLink | RadioLink, disturbed: bool) -> Callable[[Formation, Wiring], int]:
        def make(formation: Formation, wiring: Wiring) -> int:
            times = formation.epochs_s(count=360)
            made = build_series(formation=formation, satellite=SATELLITE, wiring=wiring, link=model, time_s=times,
                                surroundings=disturbed)  # fmt: skip
            return made.structure.n_arcs

        return make

    rows = [by_size(link, radius_m) for radius_m in RADII_M]
    rows.append(orbit_of_81("360 epochs, optical", series(link, False)))
    rows.append(orbit_of_81("360 epochs, radio with interference", series(waves, True)))
    pod, wall_s = timed(lambda: superpod_fat_tree(racks=128, per_gpu=True))
    rows.append(
        {"measured": pod.name, "satellites": pod.n_nodes, "arcs": pod.n_arcs, "wall_s": wall_s, "peak_mb": peak_mb()}
    )
    return rows
