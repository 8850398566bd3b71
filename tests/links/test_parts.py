"""Hardware as data: every value has a source, guesses have bounds, and directions are counted once."""

import copy
import math
import pickle
import re
from typing import Any

import pytest

from links.nvlink import nvlink_payload_bps
from links.parts import Datum, Part, all_parts, datum_from_table, load_part

PARTS = list(all_parts().values())
GOOD: dict[str, Any] = {"value": 1.0, "unit": "m", "source": "somebody", "confidence": "published"}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_value_of_the_catalogue_has_a_source_and_every_guess_its_bounds(part: Part) -> None:
    assert part.data
    for key, datum in part.data.items():
        assert datum.source.strip(), key
        assert math.isfinite(datum.value), key
        assert datum.unit.strip(), key
        low, high = datum.ends
        assert low <= datum.value <= high, key
        if datum.confidence == "assumed":
            assert datum.low is not None, key
            assert datum.high is not None, key
            assert datum.low < datum.high or datum.unit == "1", key  # a count may be the same at both ends


UNIT_OF = {"_m": "m", "_s": "s", "_w": "W", "_hz": "Hz", "_rad": "rad", "_bps": "bit/s", "_db": "dB", "_dbm": "dBm",
           "_k": "K", "_bd": "Bd", "_deg": "deg", "_kg": "kg"}  # fmt: skip


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_name_ends_in_the_unit_of_its_value(part: Part) -> None:
    for key, datum in part.data.items():
        suffix = re.search(r"_[a-z]+$", key)
        expected = UNIT_OF.get(suffix[0]) if suffix else None
        compound = re.search(r"_(m2|m3|b|j|db|bit|w|flop)_[a-z0-9]+$", key)  # "_w_m2", "_db_m", "_b_s": a quotient
        if expected is not None and not compound:
            assert datum.unit == expected, f"{part.name}.{key}: {datum.unit}"


def test_no_rate_of_the_catalogue_is_a_sum_of_directions_unless_its_name_says_so() -> None:
    for part in PARTS:
        for key, datum in part.data.items():
            said = f"{datum.source} {datum.locator} {datum.note}".lower()
            if datum.unit == "bit/s" and "sum_of_directions" not in key:
                assert "sum of both directions" not in said or "each way" in said, f"{part.name}.{key}"


def test_a_gb300_is_900_gb_s_each_way_in_the_data() -> None:
    link = load_part("nvlink5")
    one_way_bps = link["links_per_gpu"] * nvlink_payload_bps(generation=link)
    assert one_way_bps / 8e9 == pytest.approx(900.0, rel=1e-12)
    assert link["advertised_sum_of_directions_bps"] / 8e12 == pytest.approx(1.8)
    assert "each way" in link.data["advertised_sum_of_directions_bps"].note
    assert load_part("gb300_nvl72")["nic_payload_bps"] == load_part("connectx8")["payload_bps"] == 800e9


def test_a_part_gives_values_sources_and_groups() -> None:
    part = load_part("coherent_400zr")
    assert part["power_w"] == part.data["power_w"].value == part.get("power_w")
    assert part.get("colour") is None
    assert all(group.startswith("mode_") for group in part.groups())
    assert f"{part.groups()[0]}.payload_bps" in part.data
    assert str(part).count("\n") == len(part.data)
    with pytest.raises(ValueError, match="part 'coherent_400zr' has no 'colour'; it has channel_spacing_hz, "):
        part["colour"]


@pytest.mark.parametrize(
    ("name", "near"), [("nvlink55", "nvlink5"), ("coherent_400z", "coherent_400zr"), ("edfa5w", "edfa_5w")]
)
def test_an_unknown_part_is_answered_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=rf"no part '{name}' in links/data; near: .*{near}"):
        load_part(name)


def test_a_part_like_no_other_is_just_unknown() -> None:
    with pytest.raises(ValueError, match=rf"no part 'qqqqqq' in links/data; there are {len(PARTS)}"):
        load_part("qqqqqq")


@pytest.mark.parametrize("make", [lambda p: p, lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy, copy.copy])
def test_nobody_writes_to_a_part_nor_to_its_copies(make: Any) -> None:
    part = make(load_part("edfa_5w"))
    assert part.data == load_part("edfa_5w").data
    with pytest.raises(TypeError, match="does not support item assignment"):
        part.data["saturated_output_w"] = part.data["noise_figure_db"]
    with pytest.raises(AttributeError, match="cannot assign to field"):
        part.data["saturated_output_w"].value = 1.0
    with pytest.raises(TypeError, match="does not support item assignment"):
        all_parts()["mine"] = part  # type: ignore[index]


def test_a_part_copies_its_data() -> None:
    data = {"x": Datum(**GOOD)}
    part = Part(name="p", kind="k", title="t", data=data)
    data.clear()
    assert part["x"] == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": " "}, "source is empty: name where the value comes from"),
        ({"source": 5}, "source=5: write it as text"),
        ({"date": 2026}, "date=2026: write it as text"),
        ({"confidence": "sure"}, "confidence='sure': use one of measured, published, derived, assumed"),
        ({"value": float("nan")}, "value=nan: need a finite number"),
        ({"value": "1"}, "value='1': need a finite number"),
        ({"low": float("nan")}, "low=nan: need a finite number"),
        ({"high": "2"}, "high='2': need a finite number"),
        ({"confidence": "assumed"}, "value=1.0 is assumed: give the low and high it may lie between"),
        ({"confidence": "assumed", "low": 0.0}, "value=1.0 is assumed: give the low and high"),
        ({"low": 2.0}, "low=2.0 is above value=1.0"),
        ({"high": 0.5}, "high=0.5 is below value=1.0"),
    ],
)
def test_a_value_without_what_makes_it_checkable_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Datum(**(GOOD | changes))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (GOOD | {"colour": "red"}, "here: unknown key 'colour'; a value has value, unit, source, confidence"),
        ({"value": 1.0, "unit": "m", "source": "s"}, "here: confidence is missing; a value needs value, unit, source"),
        (GOOD | {"value": "much"}, "here: could not convert string to float: 'much'"),
        (GOOD | {"value": [1.0]}, "here: "),
        (GOOD | {"confidence": "assumed"}, "here: value=1.0 is assumed"),
    ],
)
def test_a_bad_value_of_a_file_is_named_with_its_place(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        datum_from_table(table, where="here")


def test_a_value_prints_its_range_and_its_source() -> None:
    datum = Datum(**(GOOD | {"confidence": "assumed", "low": 0.5, "high": 2.0, "locator": "p. 3"}))
    assert str(datum) == "1 m (0.5 to 2) [assumed: somebody, p. 3]"
    assert datum.ends == (0.5, 2.0)
    assert Datum(**GOOD).ends == (1.0, 1.0)
