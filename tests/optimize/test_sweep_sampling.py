"""Points of a study: whole numbers stay whole, samples are as even as they promise, bad ranges are refused by name."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from optimize.study.parameters import Parameter, vary
from optimize.study.sampling import grid, latin_hypercube, saltelli, sobol_sequence
from optimize.study.scenario import load_scenario

LATTICE = load_scenario("lattice-21")
RANGES = ["link.aperture_m=2 cm..20 cm", "link.outage", "satellite.terminals"]


def test_grid_is_every_combination_with_the_last_parameter_fastest() -> None:
    study = grid(LATTICE, vary=["link.aperture_m = 2 cm..20 cm:3", "link.channels=12, 24"])
    assert study.points == ((0.02, 12), (0.02, 24), (0.11, 12), (0.11, 24), (0.2, 12), (0.2, 24))
    assert all(type(point[1]) is int for point in study.points)
    assert study.overrides(3) == {"link.aperture_m": 0.11, "link.channels": 24}


def test_ranges_come_from_the_scenario_where_none_is_given() -> None:
    terminals, outage, jitter = (
        vary(LATTICE, text=path) for path in ("satellite.terminals", "link.outage", "link.jitter_rad")
    )
    assert (terminals.low, terminals.high, terminals.whole) == (4, 16, True)
    assert (outage.low, outage.high, outage.logarithmic) == (1e-9, 1e-3, True)  # six decades
    assert (jitter.low, jitter.high, jitter.logarithmic) == (1e-7, 2e-6, False)  # a factor of 20


def test_words_for_the_scale_win_over_the_rule() -> None:
    assert vary(LATTICE, text="link.jitter_rad=log").logarithmic
    assert not vary(LATTICE, text="link.outage = :7 linear").logarithmic
    assert vary(LATTICE, text="link.outage = :7 linear").count == 7
    assert vary(LATTICE, text="link.aperture_m=1 cm..1 m:3 log").grid(count=5) == pytest.approx((0.01, 0.1, 1.0))


def test_texts_and_truths_vary_as_levels() -> None:
    parts = vary(LATTICE, text="link.transceiver=coherent_400zr,coherent_800zr")
    assert parts.levels == ("coherent_400zr", "coherent_800zr")
    assert vary(LATTICE, text="reference.scale_out=true,false").levels == (True, False)
    study = sobol_sequence(LATTICE, vary=[parts], points=8, seed=1)
    assert Counter(study.points) == {("coherent_400zr",): 4, ("coherent_800zr",): 4}


def test_whole_numbers_of_a_range_come_equally_often() -> None:
    channels = Parameter(path="link.channels", low=1, high=4)
    found = Counter(channels.at(share) for share in np.linspace(0.0, 1.0, 400, endpoint=False))
    assert found == {1: 100, 2: 100, 3: 100, 4: 100}
    assert channels.grid(count=9) == (1, 2, 3, 4)


def test_half_of_a_logarithmic_range_lies_below_the_geometric_mean() -> None:
    outage = vary(LATTICE, text="link.outage")
    assert outage.at(0.5) == pytest.approx(math.sqrt(1e-9 * 1e-3))


@pytest.mark.parametrize("points", [7, 16])
def test_latin_hypercube_has_one_point_in_every_stratum_of_every_parameter(points: int) -> None:
    study = latin_hypercube(LATTICE, vary=["link.aperture_m=0.0001..1.0001", "link.optics_loss_db=1..2"],
                            points=points, seed=3)  # fmt: skip
    shares = np.array(study.points) - [0.0001, 1.0]
    assert (np.sort(np.floor(shares * points), axis=0) == np.arange(points)[:, None]).all()


def test_sobol_sequence_has_one_point_in_every_stratum_and_in_every_balanced_box() -> None:
    study = sobol_sequence(LATTICE, vary=["link.aperture_m=0.0001..1.0001", "link.optics_loss_db=1..2"],
                           points=16, seed=3)  # fmt: skip
    shares = np.array(study.points) - [0.0001, 1.0]
    for columns in (1, 2, 4, 8, 16):  # the first two Sobol dimensions are a (0, 2)-sequence
        boxes = np.floor(shares * [columns, 16 // columns]).astype(int)
        assert len(set(map(tuple, boxes.tolist()))) == 16


@pytest.mark.parametrize("design", [latin_hypercube, sobol_sequence])
def test_a_seed_makes_the_same_points_and_another_seed_others(design) -> None:  # type: ignore[no-untyped-def]
    one, again, other = (design(LATTICE, vary=RANGES, points=8, seed=seed).points for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_saltelli_takes_one_column_from_the_second_sample_at_a_time() -> None:
    study = saltelli(LATTICE, vary=RANGES, base=8, seed=5)
    a, b, *mixed = np.array(study.points).reshape(5, 8, 3)
    assert len(study.points) == 8 * (3 + 2)
    for k, block in enumerate(mixed):
        others = [c for c in range(3) if c != k]
        assert (block[:, k] == b[:, k]).all()
        assert (block[:, others] == a[:, others]).all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write KEY=VALUES"),
        ("link.apperture_m=1 m,2 m", "did you mean aperture_m"),
        ("link.apperture_m", "did you mean aperture_m"),
        ("lonk.channels=1,2", "did you mean link"),
        ("link=1,2", "link"),
        ("wiring", "table or list"),
        ("link.aperture_m=800 Gb/s..1 Tb/s", "is a rate; need a length"),
        ("link.aperture_m=2..20 cm", "one end has a unit, the other none"),
        ("link.aperture_m=20 cm..2 cm", "give low < high"),
        ("link.aperture_m=2 cm..20 cm:1", "give 2 or more"),
        ("link.channels=1.5,2", "valid integer"),
        ("link.outage=0..1 log", "outage"),
        ("link.optics_loss_db=0..1 log", "starts above 0"),
        ("link.aperture_m", "states no low and high"),
        ("link.transceiver", "states no number"),
        ("link.transceiver=a..b", "no number"),
        ("link.channels=,", "no value in it"),
        ("formation.kind=nvl72,superpod", "formation"),
    ],
)
def test_what_cannot_vary_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        vary(LATTICE, text=text)
    assert "\n" not in str(caught.value)


def test_studies_that_mean_nothing_are_refused() -> None:
    one = "link.channels=12,24"
    with pytest.raises(ValueError, match="nothing varies"):
        grid(LATTICE, vary=[])
    with pytest.raises(ValueError, match=r"link\.channels varies twice"):
        grid(LATTICE, vary=[one, one])
    with pytest.raises(ValueError, match="need 1 to 100000 points"):
        grid(LATTICE, vary=["link.aperture_m=2 cm..20 cm:1000", "link.jitter_rad=:1000"])
    with pytest.raises(ValueError, match="use 8 or 16"):
        sobol_sequence(LATTICE, vary=[one], points=12, seed=0)
    with pytest.raises(ValueError, match="use 2 or 4"):
        saltelli(LATTICE, vary=[one], base=3, seed=0)
    with pytest.raises(ValueError, match="points=0"):
        latin_hypercube(LATTICE, vary=[one], points=0, seed=0)
    with pytest.raises(ValueError, match="comes twice"):
        grid(LATTICE, vary=[one], metrics=["all_to_all", "all_to_all"])
    with pytest.raises(ValueError, match="no metric"):
        grid(LATTICE, vary=[one], metrics=[])
    with pytest.raises(ValueError, match="rtol=0"):
        grid(LATTICE, vary=[one], rtol=0.0)
