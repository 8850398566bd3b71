"""What a formation and the sky add to each receiver: other radio links in the same band, the Sun and the Earth behind.

Leaves out reflections and scatter, a satellite's own transmitters (they need bands or isolation of their own), the Sun
in radio antennas, and bodies that hide an interferer or the Sun.
"""

import math
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import astronomical_unit

from links.background import background_spectral_density_w_hz
from links.fso import OpticalLink
from links.model import LinkModel, Surroundings
from links.parts import load_part

from .formation import Formation
from .shadow import sun_offset_rad
from .states import links_per_pair
from .sun import in_eclipse
from .wiring import Wiring

__all__ = ["InterferingLink", "SurroundingsModel", "formation_surroundings", "radio_interference_w",
           "sky_background_w_hz"]  # fmt: skip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SurroundingsModel(Protocol):
    """Anything that gives the surroundings of both directions of each link, arrays that broadcast to (n_times, 2k)."""

    def __call__(
        self, *, formation: Formation, wiring: Wiring, links: Sequence[LinkModel], time_s: Floats
    ) -> Surroundings:
        """First all links from their first to their second satellite, then back."""
        ...


@runtime_checkable
class InterferingLink(Protocol):
    """A link model that says what an equal transmitter pointed elsewhere puts into its receiver, like `RadioLink`."""

    def interference_w(
        self, *, range_m: ArrayLike, transmit_angle_rad: ArrayLike, receive_angle_rad: ArrayLike
    ) -> Floats:
        """Power in one channel. [W]"""
        ...


def _angles(points: Floats, start: Ints, end: Ints) -> Floats:
    """Angle at each start between its end and every satellite, shape (arcs, n); 0 towards itself."""
    sight = points[end] - points[start]
    sky = points[None, :, :] - points[start][:, None, :]
    across = np.linalg.norm(np.cross(sky, sight[:, None, :]), axis=-1)
    return np.asarray(np.arctan2(across, np.einsum("awi,ai->aw", sky, sight)))


def _siblings(tail: Ints) -> tuple[Ints, Ints]:
    """All ordered pairs of different arcs that start at the same satellite."""
    groups = [np.flatnonzero(tail == v) for v in np.unique(tail)]
    both = [np.stack([axis.ravel() for axis in np.meshgrid(arcs, arcs, indexing="ij")]) for arcs in groups]
    first, second = np.concatenate(both, axis=1)
    return first[first != second], second[first != second]


def _at_one_time(link: InterferingLink, points: Floats, tail: Ints, head: Ints, siblings: tuple[Ints, Ints]) -> Floats:
    """Interference at the receiver of each arc, from all others that do not start at the receiving satellite."""
    n = len(points)
    i, j = np.triu_indices(n, 1)
    distance = np.linalg.norm(points[i] - points[j], axis=-1)
    straight = np.zeros((n, n))  # what a pair exchanges on axis; nothing with oneself
    straight[i, j] = straight[j, i] = link.interference_w(
        range_m=distance, transmit_angle_rad=0.0, receive_angle_rad=0.0
    )
    some_m = float(np.median(distance))
    on_axis = link.interference_w(range_m=some_m, transmit_angle_rad=0.0, receive_angle_rad=0.0)
    off = _angles(points, tail, head)
    sent = link.interference_w(range_m=some_m, transmit_angle_rad=off, receive_angle_rad=0.0) / on_axis * straight[tail]
    off = _angles(points, head, tail)
    taken = link.interference_w(range_m=some_m, transmit_angle_rad=0.0, receive_angle_rad=off) / on_axis
    from_satellite = np.zeros((n, n))  # all its beams together, towards each other satellite
    np.add.at(from_satellite, tail, sent)
    beams = taken * from_satellite[:, head].T
    beams[np.arange(tail.size), tail] = 0.0
    received = beams.sum(axis=1)
    own, other = siblings  # the sender's other beams, one by one: without the wanted one
    np.add.at(received, own, sent[other, head[own]])
    return np.asarray(received)


def radio_interference_w(
    *,
    formation: Formation,
    wiring: Wiring,
    link: LinkModel | Sequence[LinkModel],
    time_s: ArrayLike,
    band: ArrayLike | None = None,
) -> Floats:
    """Power that other links in the same band put into one channel of each receiver, shape (n_times, 2k). [W]

    Parameters
    ----------
    formation : Formation
    wiring : Wiring
        Of k pairs.
    link : LinkModel, or one per pair
        Links of one and the same model disturb each other if it has `interference_w`; others stay undisturbed.
    time_s : float or (n_times,) array
    band : (2k,) int array, optional
        Links disturb each other within a band only: first all pairs from their first to their second satellite, then
        back. All in one band if not given.

    Notes
    -----
    On-axis coupling times the sidelobe envelopes of both antennas, summed over all transmitters but those of the
    receiving satellite and the wanted one; incoherent. Terminals in parallel are taken to use channels of their own, so
    each counts once. Memory grows as links times satellites.
    """
    times = np.atleast_1d(np.asarray(time_s, dtype=float))
    k = len(wiring)
    bands = np.zeros(2 * k, dtype=np.int64) if band is None else np.asarray(band)
    if bands.shape != (2 * k,):
        raise ValueError(f"band of shape {bands.shape}: need ({2 * k},), both directions of {k} links")
    models = np.tile([id(model) for model in links_per_pair(link=link, count=k)], 2)
    tail, head = np.concatenate([wiring.pairs, wiring.pairs[:, ::-1]]).T
    positions = formation.positions_m(time_s=times)
    result = np.zeros((times.size, 2 * k))
    for model in {id(model): model for model in links_per_pair(link=link, count=k)}.values():
        if isinstance(model, InterferingLink):
            for colour in np.unique(bands):
                arcs = np.flatnonzero((bands == colour) & (models == id(model)))
                siblings = _siblings(tail[arcs])
                for row, points in zip(result, positions, strict=True):
                    row[arcs] = _at_one_time(model, points, tail[arcs], head[arcs], siblings)
    return result


def sky_background_w_hz(
    *,
    formation: Formation,
    pairs: ArrayLike,
    wavelength_m: float,
    time_s: ArrayLike,
    beta_rad: float | None,
    noon_s: float = 0.0,
) -> Floats:
    """Sun and Earth light in one mode and polarisation of each receiver, shape (n_times, 2k). [W/Hz]

    Parameters
    ----------
    formation : Formation
    pairs : (k, 2) int array
        The first k columns are the receivers on the second satellites, which look at the first; the rest the others.
    wavelength_m : float
    time_s : float or (n_times,) array
    beta_rad : float or None
        Sun above the orbital plane; None leaves the Sun out. [rad]
    noon_s : float
        When the reference passes the point of its orbit that is nearest to the Sun. [s]

    Notes
    -----
    A single mode sees 1/(exp(h nu/kT) - 1) photons of a black body that fills it, whatever the aperture. Its field of
    view, lambda/D, is far smaller than the Sun, so the Sun is in it or not; not in eclipse. Before the Earth it sees
    reflected sunlight, at most albedo times (R/d)^2 of the Sun's photons.

    >>> from topo.formation import suncatcher_lattice
    >>> from topo.orbit import Orbit
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=200.0)
    >>> away = sky_background_w_hz(formation=formation, pairs=[(0, 1)], wavelength_m=1.55e-6, time_s=0.0, beta_rad=1.3)
    >>> bool(0.0 < away.max() < 1e-24)  # the Sun is far from the orbital plane; the Earth is faint
    True
    """
    sun, earth, orbit = load_part("sun"), load_part("earth"), formation.orbit
    times = np.atleast_1d(np.asarray(time_s, dtype=float))
    sunlight = float(
        background_spectral_density_w_hz(wavelength_m=wavelength_m, temperature_k=sun["effective_temperature_k"])
    )
    ends = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    positions = formation.positions_m(time_s=times)
    view = np.concatenate([ends[:, ::-1], ends])  # receiver, and what it looks at
    sight = positions[:, view[:, 1]] - positions[:, view[:, 0]]
    down = -sight[..., 0] / np.linalg.norm(sight, axis=-1)
    limb = math.sqrt(1.0 - (earth["equatorial_radius_m"] / orbit.semi_major_axis_m) ** 2)
    radius = sun["radius_m"] / astronomical_unit
    result = np.where(down > limb, earth["bond_albedo"] * radius**2 * sunlight, 0.0)
    if beta_rad is not None:
        offset = sun_offset_rad(formation=formation, pairs=view, beta_rad=beta_rad, time_s=times, noon_s=noon_s)
        dark = in_eclipse(orbit=orbit, beta_rad=beta_rad, phase_rad=orbit.mean_motion_rad_s * (times - noon_s))
        result = np.where((offset < math.asin(radius)) & ~dark[:, None], sunlight, result)
    return result


def formation_surroundings(
    *,
    formation: Formation,
    wiring: Wiring,
    links: Sequence[LinkModel],
    time_s: ArrayLike,
    beta_rad: float | None = None,
    noon_s: float = 0.0,
    band: ArrayLike | None = None,
) -> Surroundings:
    """Interference of radio links, and Sun and Earth behind optical ones, as `build_series` takes them.

    Parameters
    ----------
    formation, wiring, time_s
        As in `radio_interference_w`.
    links : sequence of k LinkModels
    beta_rad, noon_s
        As in `sky_background_w_hz`; without `beta_rad` the Sun is left out.
    band : (2k,) int array, optional
        As in `radio_interference_w`.

    Notes
    -----
    With the Sun, give `build_series` this function with its angle bound:
    `surroundings=functools.partial(formation_surroundings, beta_rad=1.2)`.
    """
    disturbed = radio_interference_w(formation=formation, wiring=wiring, link=links, time_s=time_s, band=band)
    background = np.zeros_like(disturbed)
    for model in {id(model): model for model in links}.values():
        if isinstance(model, OpticalLink):
            mine = np.flatnonzero([other is model for other in links])
            light = sky_background_w_hz(
                formation=formation, pairs=wiring.pairs[mine], wavelength_m=model.wavelength_m, time_s=time_s,
                beta_rad=beta_rad, noon_s=noon_s,
            )  # fmt: skip
            background[:, np.concatenate([mine, len(wiring) + mine])] = light
    return Surroundings(interference_w=disturbed, background_w_hz=background)
