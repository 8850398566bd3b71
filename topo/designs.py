"""Formation designs besides Suncatcher's planar lattice: rings, a train, a tilted hexagon, a volume-filling lattice.

Each is a `Formation` that keeps its shape in linear motion without drift. What it costs to hold against J2 is in
`control`; leaves out how the satellites get there.
"""

import math

import numpy as np
from numpy.typing import NDArray

from links.model import require_positive

from .formation import Formation
from .orbit import Orbit

__all__ = [
    "along_track_train", "cartwheel", "fcc_lattice", "general_circular", "helix", "hexagonal_lattice",
    "projected_circular", "tilted_hexagon",
]  # fmt: skip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SLACK = 1.0 + 1e-12  # a point on the rim up to rounding belongs to the design
_TILT = math.sqrt(3.0)  # normal over radial amplitude that makes the relative orbit a circle in space


def _formation(
    orbit: Orbit, name: str, radial: NDArray[np.complex128], normal: NDArray[np.complex128],
    offset_m: Floats | None = None, index: Ints | None = None,
) -> Formation:  # fmt: skip
    """From complex amplitudes: x = Re(radial e^(i nt)), z = Re(normal e^(i nt))."""
    offset = np.zeros(radial.size) if offset_m is None else offset_m
    return Formation(
        orbit=orbit, name=name, radial_cos_m=radial.real, radial_sin_m=-radial.imag, along_track_offset_m=offset,
        normal_cos_m=normal.real, normal_sin_m=-normal.imag, index=index,
    )  # fmt: skip


def _count(satellites: int) -> int:
    if satellites < 1:
        raise ValueError(f"satellites={satellites}: need at least 1")
    return satellites


def _grid(reach: float, dimensions: int) -> Ints:
    """All integer points with coordinates from -reach to reach."""
    axis = np.arange(-math.floor(reach), math.floor(reach) + 1)
    return np.stack([part.ravel() for part in np.meshgrid(*[axis] * dimensions, indexing="ij")], axis=-1)


def _ring(satellites: int, radial_amplitude_m: float) -> NDArray[np.complex128]:
    require_positive(radial_amplitude_m, name="radial_amplitude_m")
    return np.asarray(radial_amplitude_m * np.exp(2j * np.pi * np.arange(_count(satellites)) / satellites))


def cartwheel(*, orbit: Orbit, satellites: int, radial_amplitude_m: float) -> Formation:
    """A ring of satellites on one 2:1 ellipse in the orbital plane, equally spaced in phase.

    Parameters
    ----------
    orbit : Orbit
    satellites : int
    radial_amplitude_m : float
        Half the minor axis; along-track it is twice that. [m]

    References
    ----------
    D. Massonnet, C. R. Acad. Sci. Paris 329, 351 (1999): the interferometric cartwheel.
    """
    ring = _ring(satellites, radial_amplitude_m)
    return _formation(orbit, "cartwheel", ring, 0.0 * ring)


def helix(*, orbit: Orbit, satellites: int, radial_amplitude_m: float, normal_amplitude_m: float) -> Formation:
    """A ring with parallel eccentricity and inclination vectors, which keeps its distance across the flight direction.

    Parameters
    ----------
    orbit : Orbit
    satellites : int
        Equally spaced in phase.
    radial_amplitude_m, normal_amplitude_m : float
        x = radial cos(nt + phase), z = normal sin(nt + phase): a quarter of a turn apart. [m]

    Notes
    -----
    A satellite is never at the same place across-track as the centre, so an error along-track is harmless: distance in
    the radial-normal plane is at least the smaller amplitude.

    References
    ----------
    S. D'Amico and O. Montenbruck, J. Guidance Control Dyn. 29, 554 (2006): flown by TanDEM-X.
    """
    ring = _ring(satellites, radial_amplitude_m)
    require_positive(normal_amplitude_m, name="normal_amplitude_m", zero=True)
    return _formation(orbit, "helix", ring, -1j * ring * (normal_amplitude_m / radial_amplitude_m))


def projected_circular(*, orbit: Orbit, satellites: int, radial_amplitude_m: float) -> Formation:
    """A ring that looks like a circle from the centre of the Earth: z = 2 x, distance sqrt(y^2 + z^2) constant.

    References
    ----------
    K. T. Alfriend et al., Spacecraft Formation Flying (2010), section 2.2.
    """
    ring = _ring(satellites, radial_amplitude_m)
    return _formation(orbit, "projected_circular", ring, 2.0 * ring)


def general_circular(*, orbit: Orbit, satellites: int, radial_amplitude_m: float) -> Formation:
    """A ring that is a circle in space, of radius twice the radial amplitude: z = sqrt(3) x, all distances constant.

    References
    ----------
    K. T. Alfriend et al., Spacecraft Formation Flying (2010), section 2.2.
    """
    ring = _ring(satellites, radial_amplitude_m)
    return _formation(orbit, "general_circular", ring, _TILT * ring)


def along_track_train(*, orbit: Orbit, satellites: int, spacing_m: float) -> Formation:
    """Satellites at rest in a row along-track, centred on the reference orbit; every one blocks those behind it."""
    require_positive(spacing_m, name="spacing_m")
    offset = np.asarray((np.arange(_count(satellites)) - (satellites - 1) / 2.0) * spacing_m, dtype=float)
    still = np.zeros(satellites, dtype=complex)
    return _formation(orbit, "along_track_train", still, still, offset)


def _hexagonal_points(pitch_m: float, reach: float) -> tuple[Ints, NDArray[np.complex128]]:
    """Indices and places of the hexagonal lattice within `reach` pitches, by distance from the centre."""
    index = _grid(reach * _SLACK / math.sqrt(0.75), 2)
    i, j = index.T
    squared = i**2 + i * j + j**2  # of the point (i + j/2, j sqrt(3)/2)
    order = np.lexsort((j, i, squared))
    index = index[order][squared[order] <= (reach * _SLACK) ** 2]
    return index, pitch_m * (index[:, 0] + 0.5 * index[:, 1] + 1j * math.sqrt(0.75) * index[:, 1])


def hexagonal_lattice(*, orbit: Orbit, pitch_m: float, radius_m: float) -> Formation:
    """Suncatcher's planar lattice with hexagonal instead of square cells: six neighbours at 1 to 2 pitches each.

    Parameters
    ----------
    orbit : Orbit
    pitch_m : float
        Least distance of two satellites over an orbit. [m]
    radius_m : float
        Greatest distance from the centre over an orbit. [m]

    Notes
    -----
    The eccentricity vectors form a hexagonal lattice: x = Re(p e^(-i nt)) with p its points within radius / 2. All
    satellites stay in the orbital plane on 2:1 ellipses, so a pair's ranges run from |dp| to 2 |dp|, as in the square
    lattice, and there are 2 / sqrt(3) times as many satellites. Aguera y Arcas et al., arXiv:2511.19468v2 (2026),
    section 2.2, choose the square "mostly to simplify its description".

    >>> len(hexagonal_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0))
    91
    """
    require_positive(pitch_m, name="pitch_m")
    require_positive(radius_m, name="radius_m")
    index, point = _hexagonal_points(pitch_m, radius_m / (2.0 * pitch_m))
    return _formation(orbit, "hexagonal_lattice", point, np.zeros_like(point), index=index)


def tilted_hexagon(*, orbit: Orbit, pitch_m: float, radius_m: float) -> Formation:
    """A hexagonal lattice in the plane z = sqrt(3) x, which turns rigidly: all distances are constant.

    Parameters
    ----------
    orbit : Orbit
    pitch_m : float
        Distance of nearest neighbours. [m]
    radius_m : float
        Greatest distance from the centre. [m]

    Notes
    -----
    The point p of the lattice flies a circle of radius |p|: w = (px + i py)/2 e^(i nt), x = Re w, y = -2 Im w,
    z = sqrt(3) Re w. The tilt of 60 deg to the orbital plane makes the densest flat formation there is: about
    2 pi / sqrt(3) (radius / pitch)^2 satellites. Ordered by distance from the centre.

    References
    ----------
    B. Penot and H. Balakrishnan, arXiv:2605.15335 (2026): 367 satellites at radius 10 pitch.

    >>> len(tilted_hexagon(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0))
    367
    """
    require_positive(pitch_m, name="pitch_m")
    require_positive(radius_m, name="radius_m")
    index, point = _hexagonal_points(pitch_m, radius_m / pitch_m)
    return _formation(orbit, "tilted_hexagon", 0.5 * point, 0.5 * _TILT * point, index=index)


def _fcc_points(reach: float) -> Ints:
    """Points of the face-centred cubic lattice (integers of even sum) within `reach`."""
    points = _grid(reach, 3)
    squared = (points**2).sum(axis=1)
    even = points.sum(axis=1) % 2 == 0
    return np.asarray(points[even & (squared <= reach**2)])


def fcc_lattice(
    *, orbit: Orbit, pitch_m: float, kappa_squared: float = 4.0,
    radius_m: float | None = None, satellites: int | None = None,
) -> Formation:  # fmt: skip
    """A volume-filling formation: tilted planes stacked along-track, on a face-centred cubic lattice of amplitudes.

    Parameters
    ----------
    orbit : Orbit
    pitch_m : float
        Least distance of two satellites over an orbit. [m]
    kappa_squared : float
        Square of the normal over the radial amplitude, above 1; 4 packs most satellites.
    radius_m : float, optional
        Greatest distance from the centre over an orbit. [m]
    satellites : int, optional
        Instead of the radius: the smallest radius that holds at least so many is used, with all satellites it holds.

    Notes
    -----
    With w = (ex + i ey) e^(i nt): x = Re w, y = yc - 2 Im w, z = -kappa Im w. The squared distance of two satellites
    is at least |de|^2 + m dyc^2, m = (kappa^2 - 1)/(kappa^2 + 3), so a lattice of nearest distance `pitch_m` in
    (ex, ey, sqrt(m) yc) keeps them apart; a satellite goes out to sqrt((|yc| + 2|e|)^2 + kappa^2 |e|^2). Ordered by
    that distance. The count grows as 0.284 (radius / pitch)^3.

    >>> formation = fcc_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, satellites=1000)
    >>> round(formation.closest_approach_m(), 6) >= 100.0
    True
    """
    require_positive(pitch_m, name="pitch_m")
    if not kappa_squared > 1.0:
        raise ValueError(f"kappa_squared={kappa_squared!r}: need more than 1, or satellites meet; 4 packs most")
    if (radius_m is None) == (satellites is None):
        raise ValueError("fcc_lattice: give either radius_m or satellites")
    stretch = math.sqrt((kappa_squared + 3.0) / (kappa_squared - 1.0))  # along-track offset over lattice coordinate
    step_m = pitch_m / math.sqrt(2.0)
    if radius_m is None:
        fill = 0.2 * min(1.0, 4.0 / kappa_squared)  # below the count per cubed radius of any kappa
        outer = pitch_m * (1.0 + (_count(satellites or 0) / fill) ** (1.0 / 3.0))
    else:
        outer = float(require_positive(radius_m, name="radius_m")) * _SLACK
    while True:
        points = _fcc_points(outer / step_m)  # |lattice point| is at most the distance it flies out to
        eccentric = step_m * np.hypot(points[:, 0], points[:, 1])
        centre = step_m * stretch * points[:, 2]
        reach = np.sqrt((np.abs(centre) + 2.0 * eccentric) ** 2 + kappa_squared * eccentric**2)
        order = np.lexsort((*points.T[::-1], np.round(reach / step_m, 9)))
        order = order[reach[order] <= outer]
        if satellites is None or order.size >= satellites:
            break
        outer *= 1.2
    if satellites is not None:
        order = order[reach[order] <= reach[order[satellites - 1]] * _SLACK]
    amplitude = step_m * (points[order, 0] + 1j * points[order, 1])
    return _formation(orbit, "fcc_lattice", amplitude, 1j * math.sqrt(kappa_squared) * amplitude, centre[order])
