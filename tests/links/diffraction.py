"""Diffraction by other methods than the package's: Huygens sums over points and an FFT. Imports no `links`."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def disc_points(radial: int, turns: int) -> tuple[Floats, Floats, Floats]:
    """Points x, y and area weights of a rule on the unit disc."""
    node, weight = np.polynomial.legendre.leggauss(radial)
    r, dr = 0.5 * (node + 1.0), 0.5 * weight
    angle = (np.arange(turns) + 0.5) * (2.0 * np.pi / turns)
    x, y = np.outer(r, np.cos(angle)).ravel(), np.outer(r, np.sin(angle)).ravel()
    return x, y, np.repeat(r * dr, turns) * (2.0 * np.pi / turns)


def huygens_coupling(
    *, c: float, truncation: float, focus_rad: float = 0.0, offset: float = 0.0,
    tilt_t: float = 0.0, tilt_r: float = 0.0, radial: int = 48, turns: int = 64,
) -> float:  # fmt: skip
    """Coupling of two equal truncated Gaussian modes by summing exp(ikr)/r over all pairs of points (paraxial phase).

    Lengths in aperture radii: `c = k a^2/z`, `focus_rad = k a^2/f`, `offset = d/a`, tilts `k a theta` about one axis.
    """
    x, y, weight = disc_points(radial, turns)
    mode = np.sqrt(2.0 / np.pi) * truncation * np.exp(-((truncation * x) ** 2) - (truncation * y) ** 2)
    mode = mode * weight * np.exp(-0.5j * focus_rad * (x**2 + y**2))
    phase = 0.5 * c * ((x[:, None] - x - offset) ** 2 + (y[:, None] - y) ** 2)
    amplitude = (mode * np.exp(1j * tilt_t * x)) @ (np.exp(1j * phase) @ (mode * np.exp(1j * tilt_r * x)))
    return float(abs(amplitude * c / (2.0 * np.pi)) ** 2)


def fft_coupling(*, c: float, truncation: float, pixels: int = 1024) -> float:
    """Coupling of two equal collimated modes by the angular spectrum on a grid, mask weighted by covered area."""
    side = np.sqrt(2.0 * np.pi * pixels / c)  # lambda z = 2 pi / c in units of a; L^2/n = lambda z samples both planes
    step = side / pixels
    axis = (np.arange(pixels) - pixels / 2) * step
    square = axis[:, None] ** 2 + axis**2
    fine = (np.arange(8) + 0.5) / 8.0 - 0.5
    covered = np.zeros((pixels, pixels))
    for dx in fine:
        for dy in fine:
            covered += (axis[:, None] + dx * step) ** 2 + (axis + dy * step) ** 2 <= 1.0
    mode = np.sqrt(2.0 / np.pi) * truncation * np.exp(-(truncation**2) * square) * covered / 64.0
    frequency = 2.0 * np.pi * np.fft.fftfreq(pixels, step)
    transfer = np.exp(-0.5j * (frequency[:, None] ** 2 + frequency**2) / c)
    field = np.fft.ifft2(np.fft.fft2(mode) * transfer)
    return float(abs(np.sum(field * mode) * step**2) ** 2)


def tilted_couplings(
    *, c: float, truncation: float, tilts_t: Floats, tilts_r: Floats, radial: int = 40, turns: int = 96
) -> Floats:
    """Couplings of two collimated modes for many pairs of tilts `k a theta`, shape (n, 2), by one Huygens sum.

    The beam of a tilted transmitter arrives displaced by theta z and tilted by theta, so one field on a fine ring grid,
    moved and turned, serves all tilts.
    """
    x, y, weight = disc_points(radial, turns)
    source = np.sqrt(2.0 / np.pi) * truncation * np.exp(-(truncation**2) * (x**2 + y**2)) * weight
    reach = 1.0 + float(np.hypot(*tilts_t.T).max()) / c
    ring = np.linspace(0.0, reach, 400 + int(6.0 * c * reach))
    field = np.array([np.sum(source * np.exp(0.5j * c * ((r - x) ** 2 + y**2))) for r in ring]) * c / (2.0 * np.pi)
    found = []
    for (tx, ty), (rx, ry) in zip(tilts_t, tilts_r, strict=True):
        distance = np.hypot(x - tx / c, y - ty / c)
        arriving = np.interp(distance, ring, field.real) + 1j * np.interp(distance, ring, field.imag)
        found.append(abs(np.sum(arriving * source * np.exp(1j * ((tx + rx) * x + (ty + ry) * y)))) ** 2)
    return np.array(found)
