"""Designs keep the shape they promise; formations from states and files are the ones given."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from topo.designs import (
    along_track_train,
    cartwheel,
    fcc_lattice,
    general_circular,
    helix,
    hexagonal_lattice,
    projected_circular,
    tilted_hexagon,
)
from topo.explicit import formation_from_csv, formation_from_states
from topo.formation import Formation, suncatcher_lattice
from topo.orbit import Orbit
from topo.ranges import range_extremes_m
from topo.visibility import permanently_visible

ORBIT = Orbit(altitude_m=650e3)


def flown(formation: Formation, count: int = 48) -> np.ndarray:
    return formation.positions_m(time_s=formation.epochs_s(count=count))


def test_cartwheel_stays_in_the_plane_on_one_ellipse() -> None:
    x, y, z = np.moveaxis(flown(cartwheel(orbit=ORBIT, satellites=7, radial_amplitude_m=250.0)), -1, 0)
    assert np.allclose((x / 250.0) ** 2 + (y / 500.0) ** 2, 1.0)
    assert np.allclose(z, 0.0)


def test_projected_circle_is_a_circle_seen_from_the_earth() -> None:
    _, y, z = np.moveaxis(flown(projected_circular(orbit=ORBIT, satellites=5, radial_amplitude_m=250.0)), -1, 0)
    assert np.allclose(np.hypot(y, z), 500.0)


def test_general_circle_keeps_all_its_distances() -> None:
    positions = flown(general_circular(orbit=ORBIT, satellites=9, radial_amplitude_m=250.0))
    assert np.allclose(np.linalg.norm(positions, axis=-1), 500.0)
    assert np.allclose([pdist(p) for p in positions], pdist(positions[0]))


def test_helix_never_comes_near_the_flight_line() -> None:
    formation = helix(orbit=ORBIT, satellites=6, radial_amplitude_m=300.0, normal_amplitude_m=200.0)
    x, _, z = np.moveaxis(flown(formation), -1, 0)
    assert np.allclose((x / 300.0) ** 2 + (z / 200.0) ** 2, 1.0)
    assert np.hypot(x, z).min() >= 200.0 - 1e-9


def test_train_stands_still_and_sees_only_its_neighbours() -> None:
    train = along_track_train(orbit=ORBIT, satellites=6, spacing_m=100.0)
    assert np.allclose(flown(train), flown(train)[0])
    pairs = permanently_visible(formation=train, body_radius_m=1.0, epochs=4)
    assert pairs.tolist() == [[k, k + 1] for k in range(5)]


def test_hexagonal_lattice_has_six_neighbours_between_one_and_two_pitches() -> None:
    formation = hexagonal_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)
    assert len(formation) == 91  # hexagonal points within 5 pitches, Loeschian numbers up to 25
    pairs = [(0, k) for k in range(1, 7)]
    low, high = range_extremes_m(formation=formation, pairs=pairs)
    assert low == pytest.approx(np.full(6, 100.0), rel=1e-12)
    assert high == pytest.approx(np.full(6, 200.0), rel=1e-12)
    assert formation.radius_m() == pytest.approx(1000.0, rel=1e-9)
    assert np.ptp(formation.positions_m(time_s=[0.0, 1000.0])[..., 2]) == 0.0


def test_tilted_hexagon_turns_rigidly_and_is_as_dense_as_published() -> None:
    formation = tilted_hexagon(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)
    positions = flown(formation, 9)
    assert len(formation) == 367  # arXiv:2605.15335
    assert np.allclose([pdist(p) for p in positions], pdist(positions[0]))
    x, _, z = np.moveaxis(positions, -1, 0)
    assert np.allclose(z, math.sqrt(3.0) * x)  # 60 deg from the orbital plane


def test_tilted_hexagon_fills_its_circle_as_hexagons_do() -> None:
    large = tilted_hexagon(orbit=ORBIT, pitch_m=100.0, radius_m=5000.0)
    # 2 pi / sqrt(3) points per squared radius; the rim is worth a few times its length
    assert len(large) == pytest.approx(2.0 * math.pi / math.sqrt(3.0) * 50.0**2, rel=0.01)


def test_suncatcher_fills_its_disc_as_integers_do() -> None:
    large = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=6000.0)
    assert len(large) == pytest.approx(math.pi / 4.0 * 60.0**2, rel=0.01)


@pytest.mark.parametrize("kappa_squared", [3.5, 4.0, 5.0])
def test_volume_filling_lattice_keeps_its_spacing_all_orbit_long(kappa_squared: float) -> None:
    formation = fcc_lattice(orbit=ORBIT, pitch_m=100.0, kappa_squared=kappa_squared, radius_m=900.0)
    positions = flown(formation, 180)
    assert min(pdist(p).min() for p in positions) >= 100.0 - 1e-9
    assert np.linalg.norm(positions, axis=-1).max() <= 900.0 + 1e-9
    assert formation.radius_m() <= 900.0 + 1e-9


def test_ten_thousand_satellites_fit_in_the_published_volume() -> None:
    # 10,003 satellites in 3.276 km: independent enumeration in the formation notes of the reference cases
    formation = fcc_lattice(orbit=ORBIT, pitch_m=100.0, satellites=10_000)
    assert len(formation) == 10_003
    assert formation.radius_m() == pytest.approx(3276.0, abs=0.5)


def test_smallest_radius_for_a_number_of_satellites_is_the_smallest() -> None:
    formation = fcc_lattice(orbit=ORBIT, pitch_m=100.0, satellites=200)
    smaller = fcc_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=formation.radius_m() * (1.0 - 1e-6))
    assert len(smaller) < 200 <= len(formation)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"kappa_squared": 1.0, "radius_m": 500.0}, "kappa_squared=1.0: need more than 1"),
        ({"radius_m": 500.0, "satellites": 10}, "give either radius_m or satellites"),
        ({}, "give either radius_m or satellites"),
        ({"satellites": 0}, "satellites=0"),
    ],
)
def test_impossible_volume_filling_lattices_are_refused(keys: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fcc_lattice(orbit=ORBIT, pitch_m=100.0, **keys)  # type: ignore[arg-type]  # the table mixes ints and floats


def test_states_of_a_design_make_the_same_formation() -> None:
    design = fcc_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=600.0)
    position, velocity = design.positions_m(time_s=0.0)[0], design.velocities_m_s(time_s=0.0)[0]
    again = formation_from_states(orbit=ORBIT, positions_m=position, velocities_m_s=velocity)
    assert np.allclose(again.coefficients_m, design.coefficients_m, atol=1e-9)


def test_drifting_state_is_refused_with_the_velocity_that_would_not() -> None:
    # 12 pi metres for each metre radial
    with pytest.raises(ValueError, match=r"satellite 1 drifts -3769\.911 m .* -2 n x = -0\.21430"):
        formation_from_states(orbit=ORBIT, positions_m=[[0, 0, 0], [100, 0, 0]], velocities_m_s=np.zeros((2, 3)))


HEADER = "name,x_m,y_m,z_m,vx_m_s,vy_m_s,vz_m_s"


def test_file_of_states_is_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "pair.csv"
    file.write_text(f"{HEADER}\nA,0,0,0,0,0,0\nB,0,150,40,0,0,0\n", encoding="utf-8")
    formation = formation_from_csv(orbit=ORBIT, path=file)
    assert formation.name == "pair"
    assert np.allclose(formation.positions_m(time_s=0.0)[0], [[0, 0, 0], [0, 150, 40]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            HEADER.replace(",vy_m_s", "") + "\nA,0,0,0,0,0\n",
            r"states\.csv: column 'vy_m_s' is missing; need x_m.* have",
        ),
        (f"{HEADER}\nA,0,0,0,0,0,0\nB,0,east,0,0,0,0\n", r"states\.csv line 3: y_m='east'; need a number"),
        (f"{HEADER}\nA,0,0,0,0\n", r"line 2: vy_m_s=None; need a number"),
        (f"{HEADER}\n", "no satellites below the header"),
        ("", "have none"),
    ],
)
def test_broken_file_is_refused_at_the_place_where_it_breaks(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "states.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        formation_from_csv(orbit=ORBIT, path=file)
