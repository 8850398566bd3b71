"""Line-of-sight MIMO: orthogonal at the Rayleigh spacing, a keyhole at none, sensitive to geometry in between."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.constants import speed_of_light

from links.mimo import keyhole_capacity_b_s_hz, los_channel, mimo_capacity_b_s_hz, rayleigh_spacing_m, stream_gains

GHZ_60: dict[str, Any] = {"frequency_hz": 60e9, "elements": 4}


def test_all_streams_are_equal_at_the_optimal_spacing() -> None:
    spacing = float(rayleigh_spacing_m(range_m=300.0, **GHZ_60))
    gains = stream_gains(channel=los_channel(spacing_m=spacing, range_m=300.0, **GHZ_60))
    assert gains == pytest.approx(np.ones(4), abs=1e-3)  # spherical phases against the parabola of the formula


def test_tilted_lines_need_more_spacing_and_then_work_as_well() -> None:
    tilts: dict[str, Any] = {"tilt_t_rad": 0.5, "tilt_r_rad": -0.3}
    spacing = float(rayleigh_spacing_m(range_m=300.0, **tilts, **GHZ_60))
    assert spacing > rayleigh_spacing_m(range_m=300.0, **GHZ_60)
    channel = los_channel(spacing_m=spacing, range_m=300.0, **tilts, **GHZ_60)
    assert stream_gains(channel=channel) == pytest.approx(np.ones(4), abs=0.02)  # cubic terms of the phase


def test_a_tilt_costs_capacity_when_the_spacing_is_kept() -> None:
    spacing = float(rayleigh_spacing_m(range_m=300.0, **GHZ_60))
    straight, tilted = (
        float(mimo_capacity_b_s_hz(
            channel=los_channel(spacing_m=spacing, range_m=300.0, tilt_r_rad=tilt, **GHZ_60), snr=100.0))
        for tilt in (0.0, 1.2)
    )  # fmt: skip
    assert tilted < 0.75 * straight


def test_no_spacing_is_a_keyhole() -> None:
    channel = los_channel(spacing_m=0.0, range_m=300.0, **GHZ_60)
    got = mimo_capacity_b_s_hz(channel=channel, snr=100.0)
    assert got == pytest.approx(float(keyhole_capacity_b_s_hz(elements=4, snr=100.0)))


def test_channel_phases_are_those_of_the_path_lengths() -> None:
    spacing, z = 0.7, 150.0
    along = (np.arange(3) - 1) * spacing
    path = np.hypot(z, along[:, None] - along[None, :])
    expected = np.exp(-2j * math.pi * 60e9 / speed_of_light * (path - z))
    got = los_channel(elements=3, spacing_m=spacing, range_m=z, frequency_hz=60e9)
    assert np.abs(got - expected).max() < 1e-8  # 30 000 waves of path in double precision


def test_capacity_is_the_determinant() -> None:
    channel = los_channel(spacing_m=0.4, range_m=[150.0, 300.0], **GHZ_60)
    expected = [math.log2(np.linalg.det(np.eye(4) + 25.0 / 4 * h @ h.conj().T).real) for h in channel]
    assert mimo_capacity_b_s_hz(channel=channel, snr=25.0) == pytest.approx(expected, rel=1e-9)


def test_power_is_conserved_over_streams() -> None:
    channel = los_channel(spacing_m=0.3, range_m=np.linspace(100.0, 400.0, 7), **GHZ_60)
    assert stream_gains(channel=channel).sum(axis=-1) == pytest.approx(np.full(7, 4.0))


def test_a_formation_that_breathes_halves_the_rank_at_half_the_range() -> None:
    # trap: designed for 300 m and used at 150 m, 2 x 2 is a keyhole
    spacing = float(rayleigh_spacing_m(range_m=300.0, frequency_hz=60e9, elements=2))
    channel = los_channel(elements=2, spacing_m=spacing, range_m=150.0, frequency_hz=60e9)
    assert stream_gains(channel=channel) == pytest.approx([2.0, 0.0], abs=1e-3)


def test_bad_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="elements=0"):
        rayleigh_spacing_m(range_m=1.0, frequency_hz=1e9, elements=0)
