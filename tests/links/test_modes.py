"""The spatial modes of two apertures: sum rule, published eigenvalues, another discretisation, the large-c model."""

import math

import numpy as np
import pytest

from links import modes
from links.capacity import holevo_capacity_bps
from tests.links.diffraction import disc_points


@pytest.mark.parametrize("c", [0.01, 0.5, 3.0, 20.0, 64.0, 100.0, 1000.0])
def test_transmissions_add_up_to_the_product_of_the_areas(c: float) -> None:
    # Miller's exact sum rule; what falls below 1e-12 of the largest is dropped
    assert modes.circular_modes(c=c).total == pytest.approx(c**2 / 4.0, rel=1e-9)
    assert modes.square_modes(c=c).total == pytest.approx((2.0 * c / math.pi) ** 2, rel=1e-9)


@pytest.mark.parametrize(("c", "mu"), [(1.0, 0.2211), (2.0, 0.6296), (4.0, 0.97495), (8.0, 0.99998)])
def test_strongest_mode_has_slepians_eigenvalue(c: float, mu: float) -> None:
    assert modes.strongest_coupling(c=c) == pytest.approx(mu, abs=6e-5)  # rounding of the tabulated values


def test_modes_agree_with_a_matrix_over_points_of_both_discs() -> None:
    # no Bessel function: singular values of exp(-i c r.r') / (2 pi) over a two-dimensional rule
    c = 5.0
    x, y, weight = disc_points(14, 40)
    kernel = c / (2.0 * np.pi) * np.exp(-1j * c * (np.outer(x, x) + np.outer(y, y)))
    singular = np.linalg.svd(kernel * np.sqrt(np.outer(weight, weight)), compute_uv=False) ** 2
    spectrum = modes.circular_modes(c=c)
    listed = np.repeat(spectrum.transmission, spectrum.count.astype(int))[:12]
    assert listed == pytest.approx(singular[:12], rel=1e-6)


def test_square_modes_agree_with_a_matrix_over_points_of_both_squares() -> None:
    c = 4.0
    node, w = np.polynomial.legendre.leggauss(20)
    x, y = (g.ravel() for g in np.meshgrid(node, node))
    weight = np.outer(w, w).ravel()
    kernel = c / (2.0 * np.pi) * np.exp(-1j * c * (np.outer(x, x) + np.outer(y, y)))
    singular = np.linalg.svd(kernel * np.sqrt(np.outer(weight, weight)), compute_uv=False) ** 2
    spectrum = modes.square_modes(c=c)
    listed = np.repeat(spectrum.transmission, spectrum.count.astype(int))[:12]
    assert listed == pytest.approx(singular[:12], rel=1e-6)


def test_large_disc_model_keeps_the_sum_rule_and_the_plunge_of_the_exact_spectrum() -> None:
    c = 100.0
    model, exact = modes.circular_modes(c=c), modes.circular_modes(c=c, exact=True)
    assert model.participation == pytest.approx(exact.participation, rel=2e-3)
    for level in (0.01, 0.5, 0.99):
        assert model.above(level) == pytest.approx(exact.above(level), rel=1.5e-2)  # 2500 modes, some 200 in the plunge
    capacities = [
        holevo_capacity_bps(spectrum=s, power_w=p, bandwidth_hz=4.8e12, wavelength_m=1.55e-6)
        for s in (model, exact)
        for p in (1e-4, 1e-2)
    ]
    assert capacities[:2] == pytest.approx(capacities[2:], rel=1e-3)  # what `limit_bps` uses it for


def test_there_is_no_step_where_the_large_disc_model_takes_over() -> None:
    below, above = (modes.circular_modes(c=modes.EXACT_CIRCLE_C * (1.0 + s * 1e-6)) for s in (-1.0, 1.0))
    assert above.participation == pytest.approx(below.participation, rel=1e-5)
    assert above.above(0.1) == pytest.approx(below.above(0.1), abs=0.01)


def test_mode_count_is_per_polarisation_and_counts_half_transmission() -> None:
    # trap 19, printed for N = 1/4/16/64: 1/3/17/63 modes above one half
    counts = [modes.circular_modes(c=2.0 * math.sqrt(n)).above(0.5) for n in (1, 4, 16, 64)]
    assert counts == [1, 3, 17, 63]


def test_orbital_angular_momentum_is_a_subset_of_the_modes() -> None:
    # trap 20: the strongest mode of every azimuthal order is in the list, and all of them together carry less than it
    c = 8.0
    spectrum = modes.circular_modes(c=c)
    rings = [modes.angular_transmissions(c=c, order=m)[0] for m in range(12)]
    carried = rings[0] + 2.0 * sum(rings[1:])
    assert carried < spectrum.total
    assert all(np.min(np.abs(spectrum.transmission - ring)) < 1e-12 for ring in rings)


def test_spatial_modes_is_far_field_coupling_when_small_and_mode_count_when_large() -> None:
    area = math.pi * 0.05**2
    n = modes.spatial_modes(tx_area_m2=area, rx_area_m2=area, range_m=np.array([300.0, 10e3]), wavelength_m=1.55e-6)
    assert n == pytest.approx([285.28, 0.2568], rel=2e-4)  # 0.2568 is rounded
    assert modes.circular_modes(c=2.0 * math.sqrt(n[0])).above(0.5) == pytest.approx(n[0], rel=0.01)
    assert modes.strongest_coupling(c=2.0 * math.sqrt(n[1])) == pytest.approx(n[1], rel=0.2)  # goes to N as N goes to 0


def test_tiles_fall_with_the_root_of_range() -> None:
    light = {"aperture_m": 0.1, "wavelength_m": 1.55e-6}
    assert modes.tiles_per_side(range_m=[1e6, 5000.0, 1200.0, 316.0, 70.0], **light).tolist() == [1, 1, 2, 4, 8]
    reach = float(modes.tiling_reach_m(tiles_per_side=3, **light))
    assert modes.tiles_per_side(range_m=reach * np.array([0.999, 1.001]), **light).tolist() == [3, 2]


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"c=-1\.0"):
        modes.circular_modes(c=-1.0)
    with pytest.raises(ValueError, match="c=nan"):
        modes.square_modes(c=math.nan)
