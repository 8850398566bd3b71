"""Where the kinds of link meet: the ledger sums, the protocol holds for every kind, bad numbers are named."""

import re
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import links
from links.fibre import FibreLink
from links.fso import OpticalLink
from links.model import LinkBudget, LinkModel, Surroundings, ValidityWarning, require_positive
from links.nvlink import NVLink
from links.parts import load_part
from links.terminal import TerminalLink


def optical(**changes: Any) -> OpticalLink:
    values: dict[str, Any] = {
        "aperture_m": 0.1, "wavelength_m": 1.55e-6, "transceiver": load_part("coherent_400zr"), "channels": 24,
        "truncation": 1.12, "optics_loss_db": 3.0, "jitter_rad": 1e-6, "outage": 1e-6,
    }  # fmt: skip
    return OpticalLink(**(values | changes))


KINDS: dict[str, tuple[LinkModel, float]] = {
    "optical": (optical(), 200.0),
    "boosted": (optical(amplifier=load_part("edfa_5w")), 200e3),
    "copper": (NVLink(generation=load_part("nvlink5"), cable=load_part("twinax_30awg"), links=18), 0.6),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_one_range_and_many_alike(kind: str) -> None:
    model, range_m = KINDS[kind]
    assert isinstance(model, LinkModel)
    assert model.medium
    one, many = model.at(range_m=range_m), model.at(range_m=np.full((2, 3), range_m))
    for name in ("rate_bps", "latency_s", "latency_low_s", "power_w", "availability", "margin_db", "channels"):
        assert np.shape(getattr(one, name)) == ()
        assert getattr(many, name) == pytest.approx(np.full((2, 3), getattr(one, name)), rel=1e-12), name
    assert np.shape(model.limit_bps(range_m=[range_m, range_m])) == (2,)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_is_there_if_and_only_if_the_margin_is(kind: str) -> None:
    model, range_m = KINDS[kind]
    state = model.at(range_m=range_m * np.geomspace(0.3, 30.0, 9))
    assert ((state.rate_bps > 0) == (state.margin_db >= -1e-9)).all()
    assert ((state.availability > 0) == (state.rate_bps > 0)).all()
    assert ((state.availability >= 0) & (state.availability <= 1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_faster_than_light_and_no_rate_exceeds_physics(kind: str) -> None:
    model, range_m = KINDS[kind]
    ranges = range_m * np.geomspace(0.5, 2.0, 5)
    state = model.at(range_m=ranges)
    assert (state.latency_low_s * 299792458.0 >= ranges * (1 - 1e-12)).all()
    assert (state.latency_low_s <= state.latency_s).all()
    assert (state.rate_bps <= model.limit_bps(range_m=ranges)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_ledger_ends_in_the_margin_of_the_state(kind: str) -> None:
    model, range_m = KINDS[kind]
    ledger = model.budget(range_m=range_m)
    assert ledger.margin_db == pytest.approx(float(model.at(range_m=range_m).margin_db), abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("range_m", [-1.0, float("nan"), float("inf"), [1.0, -5.0]])
def test_ranges_that_are_none_are_named(kind: str, range_m: Any) -> None:
    with pytest.raises(ValueError, match=r"range_m(\[1\])?=(-1\.0|nan|inf|-5\.0): need a finite number"):
        KINDS[kind][0].at(range_m=range_m)


@given(st.floats(-60, 40), st.lists(st.floats(-200, 60), max_size=6), st.floats(-60, 0), st.none() | st.floats(-10, 20))
def test_a_ledger_sums_to_what_arrives(sent: float, terms: list[float], needed: float, most: float | None) -> None:
    named = tuple((f"term {k}", term) for k, term in enumerate(terms))
    ledger = LinkBudget(title="x", transmit_dbm=sent, terms=named, sensitivity_dbm=needed, overload_dbm=most)
    received = sent + sum(terms)
    assert ledger.received_dbm == pytest.approx(received, abs=1e-9)
    margin = min(received - needed, np.inf if most is None else most - received)
    assert ledger.margin_db == pytest.approx(margin, abs=1e-9)


def test_a_printed_ledger_has_a_line_for_every_term_and_both_thresholds() -> None:
    ledger = LinkBudget(title="toy", transmit_dbm=10.0, terms=(("optics", -3.0), ("path", -4.5)),
                        sensitivity_dbm=-12.0, overload_dbm=1.0)  # fmt: skip
    rows = dict(re.findall(r"^  (\S.*?)\s+([+-]\d+\.\d\d) dBm?$", str(ledger), re.MULTILINE))
    assert rows == {"transmitted": "+10.00", "optics": "-3.00", "path": "-4.50", "received": "+2.50",
                    "sensitivity": "-12.00", "overload": "+1.00", "margin": "-1.50"}  # fmt: skip
    assert "overload" not in str(LinkBudget(title="toy", transmit_dbm=0.0, terms=(), sensitivity_dbm=-1.0))


@pytest.mark.parametrize(
    ("value", "zero", "message"),
    [
        (-5.0, False, "x=-5.0: need a finite number > 0"),
        (0.0, False, "x=0.0: need a finite number > 0"),
        (-1e-300, True, "x=-1e-300: need a finite number >= 0"),
        (float("nan"), True, "x=nan: need a finite number >= 0"),
        (float("inf"), False, "x=inf: need a finite number > 0"),
        ([1.0, 2.0, -3.0], False, "x[2]=-3.0: need a finite number > 0"),
        ([[1.0, 2.0], [float("nan"), 0.0]], True, "x[1, 0]=nan: need a finite number >= 0"),
    ],
)
def test_a_number_that_is_not_positive_is_named_with_its_place(value: Any, zero: bool, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        require_positive(value, name="x", zero=zero)


def test_numbers_that_are_positive_come_back_as_an_array() -> None:
    assert require_positive([1, 2], name="x").tolist() == [1.0, 2.0]
    assert require_positive(0, name="x", zero=True).shape == ()
    assert require_positive([], name="x").shape == (0,)


def test_extrapolation_is_a_warning_that_can_be_made_an_error() -> None:
    assert issubclass(ValidityWarning, UserWarning)
    assert links.ValidityWarning is ValidityWarning


@pytest.mark.parametrize("name", ["interference_w", "background_w_hz"])
@pytest.mark.parametrize("value", [-1e-12, np.nan, np.inf])
def test_surroundings_take_no_light_away(name: str, value: float) -> None:
    given = {"interference_w": np.zeros(2), "background_w_hz": np.zeros(2), name: np.array([0.0, value])}
    with pytest.raises(ValueError, match=name):
        Surroundings(**given)


@pytest.mark.parametrize("value", [0, -1, 1.5, np.nan, np.inf])
def test_counts_are_whole(value: float) -> None:
    with pytest.raises(ValueError, match="links"):
        NVLink(generation=load_part("nvlink5"), cable=load_part("twinax_30awg"), links=value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="modules"):
        FibreLink(module=load_part("dsp_1600g"), modules=value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shared_by"):
        TerminalLink(part=load_part("terminal_starlink"), shared_by=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("wavelength_m", [0.85e-6, 1.31e-6, 1.0])
def test_a_transceiver_outside_its_band_is_flagged(wavelength_m: float) -> None:
    with pytest.warns(ValidityWarning, match="wavelength_m"):
        optical(wavelength_m=wavelength_m)


@pytest.mark.parametrize("aperture_m", [0.1, 0.03])
def test_the_shortest_range_that_is_named_is_modelled(aperture_m: float) -> None:
    wide = optical(aperture_m=aperture_m)
    with pytest.raises(ValueError, match=r"modelled from (\S+) m up") as refused:
        wide.at(range_m=1e-3)
    shortest_m = float(str(refused.value).split("modelled from ")[1].split()[0])
    with pytest.warns(ValidityWarning, match="too near for Fresnel"):
        assert np.isfinite(wide.at(range_m=1.01 * shortest_m).margin_db)


def test_fresnel_diffraction_is_not_doubted_where_its_next_term_is_small() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optical(aperture_m=0.1).at(range_m=5.0)  # pi (2 a)^4/(4 lambda z^3) = 0.4 rad
