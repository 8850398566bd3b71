"""The border: shipped scenarios load with their sources, everything else is refused in one line that helps."""

import copy
import datetime
import pickle
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from optimize.study.case import build, satellites_of
from optimize.study.scenario import load_scenario, scenario_from_table, scenario_names

SHIPPED = ("ground-nvl72", "lattice-21", "rack-apart-18", "suncatcher-81", "suncatcher-81-sdm")


@cache
def text_of(name: str) -> str:
    return (files("optimize.study") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")


def raw(name: str = "lattice-21") -> dict[str, Any]:
    """A shipped scenario as TOML gives it."""
    return tomllib.loads(text_of(name))


def leaves(table: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of everything in a nested table, tables and lists included."""
    for key, value in table.items():
        yield (*path, key)
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, key))
        elif isinstance(value, list):
            for k, item in enumerate(value):
                yield (*path, key, k)
                if isinstance(item, Mapping):
                    yield from leaves(item, (*path, key, k))


def put(table: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The table with one entry replaced."""
    changed = copy.deepcopy(table)
    level: Any = changed
    for key in path[:-1]:
        level = level[key]
    level[path[-1]] = value
    return changed


# --- shipped scenarios


def test_at_least_these_scenarios_are_shipped() -> None:
    assert set(SHIPPED) <= set(scenario_names())


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_loads_builds_and_names_its_sources(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.sources
    for path, datum in scenario.data.items():
        assert datum.source.strip(), path
        if datum.confidence == "assumed":
            assert datum.low is not None, path
            assert datum.high is not None, path
            assert datum.low <= datum.value <= datum.high, path
    if scenario.satellite is not None and satellites_of(scenario)[0] <= 100:  # the slow tests build the others
        assert build(scenario).data == scenario.data


@pytest.mark.parametrize("name", scenario_names())
def test_every_number_of_a_shipped_scenario_has_a_source(name: str) -> None:
    # counts of the model itself, and the shape of a block, come from nobody
    own = {
        "orbit.epochs", "formation.rows", "formation.columns", "wiring.terminals_per_link",
        "wiring.seed", "link.sub_apertures",
    }  # fmt: skip
    scenario = load_scenario(name)
    for table in ("orbit", "formation", "satellite", "wiring", "link"):
        model = getattr(scenario, table)
        for key, value in ({} if model is None else model.model_dump()).items():
            path = f"{table}.{key}"
            if isinstance(value, int | float) and not isinstance(value, bool) and path not in own:
                assert path in scenario.data, path
    for table_name, value in raw(name).items():
        if isinstance(value, dict) and "sub_apertures" in value:
            assert isinstance(value["sub_apertures"], dict), f"{table_name}.sub_apertures"


def test_suncatcher_is_read_as_the_paper_prints_it() -> None:
    scenario = load_scenario("suncatcher-81")
    assert scenario.orbit is not None
    assert scenario.satellite is not None
    assert scenario.orbit.altitude_m == 650e3
    assert scenario.data["formation.pitch_m"].value == 100.0
    assert scenario.data["formation.radius_m"].value == 1000.0
    assert scenario.data["link.channels"].value == 24
    # 1.8 TB/s is NVLink's sum of both directions: 900 GB/s each way; the network card's 800 Gb/s is each way already
    assert scenario.satellite.local_bps == 900 * 8e9
    assert scenario.satellite.host_per_gpu_bps == 800e9
    assert scenario.data["satellite.gpus"].confidence == "assumed"
    assert "both directions" in scenario.reading[0].label


def test_provenance_carries_si_units_and_bounds() -> None:
    datum = load_scenario("lattice-21").data["satellite.switch_latency_s"]
    assert (datum.value, datum.unit, datum.low, datum.high) == (0.5e-6, "s", 0.0, 1e-6)
    assert load_scenario("lattice-21").data["link.jitter_rad"].unit == "rad"
    assert load_scenario("lattice-21").data["link.channels"].unit == "1"


# --- what is refused


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("link.apperture_m", 0.1, "link.apperture_m: unknown key (did you mean aperture_m?); remove it or correct"),
        ("satelite", {}, "satelite: unknown key (did you mean satellite?)"),
        ("zzz", 1, "zzz: unknown key; remove it"),
        ("data", {}, "unknown key 'data'; write sources beside the values"),
        ("link.aperture_m", "800 Gb/s", "link.aperture_m: '800 Gb/s' is a rate; need a length, such as '10 cm'"),
        ("satellite.host_per_gpu_bps", "800 gb/s", "(did you mean Gb/s or GB/s? case matters"),
        ("satellite.host_per_gpu_bps", "800 Gbps/s", "unit 'Gbps/s' is not known; need a rate, such as '800 Gb/s'"),
        ("satellite.host_per_gpu_bps", "-800 Gb/s", "satellite.host_per_gpu_bps='-800 Gb/s': input should be greater"),
        ("link.aperture_m", "-10 cm", "link.aperture_m='-10 cm': need a value above 0"),
        ("link.aperture_m", 1e300, "link.aperture_m=1e+300: input should be less than or equal to"),
        ("orbit.altitude_m", "1e300 km", "orbit.altitude_m='1e300 km': input should be less than or equal to"),
        ("orbit.altitude_m", 650, "(a number without a unit is in m)"),
        ("link.aperture_m", 0, "link.aperture_m=0: need a value above 0 (a number without a unit is in m)"),
        ("name", "", "name: '' cannot name a folder of results; use letters, digits and hyphens"),
        ("name", "../mine", "name: '../mine' cannot name a folder"),
        ("name", ".", "name: '.' cannot name a folder"),
        ("orbit.epochs", 10**6, "orbit.epochs=1000000: input should be less than or equal to 10000"),
        ("link.aperture_m", float("nan"), "link.aperture_m: nan is not finite; need a length"),
        ("link.aperture_m", [], "link.aperture_m: [] is not a quantity; need a length"),
        ("link.outage", 2.0, "link.outage=2.0: input should be less than 1"),
        ("link.channels", "24", "link.channels='24': input should be a valid integer"),
        ("link.channels", 0, "link.channels=0: input should be greater than or equal to 1"),
        ("link.channels", 1.5, "link.channels=1.5: input should be a valid integer"),
        ("link.channels", True, "link.channels=True: input should be a valid integer"),
        ("link.channels", 10**30, "input should be less than or equal to 1000000"),
        ("link.transceiver", 5, "link.transceiver=5: input should be a valid string"),
        ("link.kind", "OpticLink", "link.kind='OpticLink': use one of 'OpticalLink', 'RadioLink', 'Term"),
        ("formation", {"pitch_m": 100}, "formation.kind: missing; it says what kind of formation this is"),
        ("formation", 5, "formation=5: input should be a valid dictionary"),
        ("formation", {"kind": "nvl72"}, "[orbit] does not go with formation.kind='nvl72'; remove it"),
        ("wiring", {"kind": "Wiring", "pairs": [[0, -1]]}, "wiring.pairs.0.1=-1: input should be greater than"),
        ("wiring", {"kind": "Wiring", "pairs": [[0, "1"]]}, "wiring.pairs.0.1='1': input should be a valid integer"),
        ("wiring", {"kind": "Wiring", "pairs": [[0, 1, 2]]}, "wiring.pairs.0"),
        ("orbit.altitude_m", {"value": "650 km"}, "orbit.altitude_m: a sourced value needs source and confidence"),
        ("orbit.altitude_m", {"value": "650 km", "source": " ", "confidence": "published"},
         "orbit.altitude_m: source is empty: name where the value comes from"),
        ("orbit.altitude_m", {"value": "650 km", "source": 5, "confidence": "published"},
         "orbit.altitude_m: source=5: write it as text"),
        ("orbit.altitude_m",
         {"value": "650 km", "source": "s", "confidence": "published", "date": datetime.date(2026, 1, 1)},
         "orbit.altitude_m: date=datetime.date(2026, 1, 1): write it as text"),
        ("orbit.altitude_m", {"value": "650 km", "source": "s", "confidence": "sure"},
         "confidence='sure': use one of measured, published, derived, assumed"),
        ("orbit.altitude_m", {"value": "650 km", "source": "s", "confidence": "assumed"},
         "is assumed: give the low and high it may lie between"),
        ("orbit.altitude_m",
         {"value": "650 km", "source": "s", "confidence": "assumed", "low": "700 km", "high": "800 km"},
         "low=700000.0 is above value=650000.0"),
        ("orbit.altitude_m", {"value": "650 km", "source": "s", "confidence": "published", "low": "1 s"},
         "orbit.altitude_m: '1 s' is a time; need a length"),
        ("orbit.altitude_m", {"value": "650 km", "source": "s", "confidence": "published", "sauce": "x"},
         "orbit.altitude_m: unknown key 'sauce'; a sourced value has confidence, date, high"),
        ("title", {"value": "x", "source": "s", "confidence": "published"},
         "title: only numbers can carry a source here; write the bare value"),
        ("reading.0.set", {"link.chanels": 12},
         "reading '9.6 Tb/s is the sum of both directions': link.chanels: unknown key"),
        ("reading.0.set", {"lnk.channels": 12}, "set lnk.channels: there is no table 'lnk'; did you mean link?"),
        ("reading.0.set", {"link.aperture_m": "10 s"}, "link.aperture_m: '10 s' is a time; need a length"),
        ("name", ["x"], "scenario: name=['x']: input should be a valid string"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_with_thing_value_and_remedy(path: str, value: Any, message: str) -> None:
    keys = tuple(int(key) if key.isdigit() else key for key in path.split("."))
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        scenario_from_table(put(raw(), keys, value))
    assert not isinstance(caught.value, ValidationError)
    assert str(caught.value).startswith("scenario")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 520


@pytest.mark.parametrize("table", ["orbit", "satellite", "wiring", "link"])
def test_a_table_that_is_missing_is_asked_for(table: str) -> None:
    content = raw()
    del content[table]
    with pytest.raises(ValueError, match=rf"\[{table}\] is missing; formation.kind='suncatcher_lattice' needs it"):
        scenario_from_table(content)


@pytest.mark.parametrize("key", ["name", "title", "formation", "link.aperture_m", "orbit.altitude_m", "satellite.gpus"])
def test_a_key_that_is_missing_is_asked_for(key: str) -> None:
    content = raw()
    *tables, last = key.split(".")
    level = content
    for table in tables:
        level = level[table]
    del level[last]
    with pytest.raises(ValueError, match=rf"{key}: missing; add it"):
        scenario_from_table(content)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"lnk.channels": 12}, "scenario lattice-21: set lnk.channels: there is no table 'lnk'; did you mean link?"),
        ({"zzz.channels": 12}, "there is no table 'zzz'; tables here: orbit, formation, satellite, wiring, link"),
        ({"name.first": 12}, "set name.first: there is no table 'name'"),
        (
            {"link.aperture_m.value": 1},
            "link.aperture_m is a value with its source, no table; set link.aperture_m itself",
        ),
        ({"link.chanels": 12}, "link.chanels: unknown key (did you mean channels?)"),
        ({"link.channels": "twelve"}, "link.channels='twelve': input should be a valid integer"),
        ({"link.aperture_m": "2 furlongs"}, "unit 'furlongs' is not known; need a length"),
        ({"": 1}, "unknown key"),
        ({"aperture_m": "20 cm"}, "set aperture_m: it is a key of a table; write link.aperture_m"),
        ({"radius_m": "20 cm"}, "write formation.radius_m or satellite.radius_m"),
    ],
)
def test_overrides_are_checked_like_files(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        load_scenario("lattice-21", overrides=overrides)


def test_an_override_replaces_the_value_and_drops_its_source() -> None:
    scenario = load_scenario("lattice-21", overrides={"link.aperture_m": "20 cm"})
    assert scenario.model_dump()["link"]["aperture_m"] == pytest.approx(0.2)
    assert "link.aperture_m" not in scenario.data
    assert "link.channels" in scenario.data
    ground = load_scenario("ground-nvl72")
    with pytest.raises(ValueError, match="there is no table 'satellite'"):
        ground.variant({"satellite.gpus": 4})


# --- files


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("latice-21", r"no scenario 'latice-21'; did you mean lattice-21.*\? A file of your own must end in \.toml"),
        ("suncatcher", r"no scenario 'suncatcher'; did you mean suncatcher-81"),
        ("suncatcher-hexagon", r"did you mean suncatcher-hexagonal"),
        ("gigawatt", r"did you mean gigawatt-10000"),
        ("van-berkel-clos", r"did you mean vanberkel-clos"),
        ("vanberkel-torus", r"did you mean vanberkel-torus-3d or vanberkel-torus-2d"),
        ("penot-clos", r"did you mean penot-367-clos"),
        (
            "qqqq",
            r"no scenario 'qqqq'; shipped: ai1, gigawatt-10000, .*\. A file of your own must end in \.toml",
        ),
        ("nowhere.toml", r"scenario file 'nowhere\.toml': cannot be read, No such file or directory; check the path"),
        ("x" * 5000, r"no scenario 'xxx.*; shipped"),
        ("x" * 5000 + ".toml", r"cannot be read, File name too long; check the path"),
        ("a\0b", r"no scenario 'a\\x00b'; shipped"),
        ("", r"cannot be read, Is a directory|no scenario ''"),
        ("../lattice-21", r"no scenario '\.\./lattice-21'; did you mean lattice-21"),
    ],
)
def test_a_scenario_that_is_not_there_is_named_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_scenario(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = ", r"not valid TOML, .*\(at .*\); correct the file"),
        (b"name = 'a'\nname = 'b'", r"not valid TOML, Cannot overwrite a value"),
        (b"\xff\xfe", r"cannot be read, it is not UTF-8 text; check the path"),
        (b"x = " + b"9" * 5000, r"not valid TOML, .*; correct the file"),
        (b"x = " + b"[" * 100_000, r"tables or lists too deep to read; flatten the file"),
        (b"x = " + b"[" * 50 + b"]" * 50, r"tables or lists more than 8 deep"),
        (b"", r"scenario file '.*mine.toml': is empty; `fabricgap new FILE\.toml` writes one"),
        (b"\xef\xbb\xbf# nothing but a mark of byte order", r"is empty"),
        (b"title = 'x'", r"scenario file '.*mine.toml': scenario: name: missing; add it"),
        (b'"a\\nb" = 1', r"scenario: name: missing|a b: unknown key"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused_in_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_scenario(str(path))
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read, Is a directory; check the path"):
        load_scenario(str(tmp_path))


def test_a_file_of_ones_own_is_the_same_scenario(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    for encoding in ("utf-8", "utf-8-sig"):  # some editors begin a file with a mark of byte order
        path.write_text(text_of("lattice-21"), encoding=encoding)
        assert load_scenario(str(path)) == load_scenario("lattice-21")


# --- digest, variants, read-only


@pytest.mark.parametrize(
    "change",
    [("title", "other"), ("about", "other"), ("name", "other"), ("sources", ["other"]),
     ("link.aperture_m.source", "other"), ("link.aperture_m.locator", "other"), ("link.jitter_rad.note", "other"),
     ("link.jitter_rad.high", "3 urad"), ("reading.0.label", "other"),
     ("link.aperture_m.value", "100 mm"), ("link.aperture_m", 0.1)],
)  # fmt: skip
def test_the_digest_does_not_see_texts_nor_how_a_value_is_written(change: tuple[str, Any]) -> None:
    keys = tuple(int(key) if key.isdigit() else key for key in change[0].split("."))
    assert scenario_from_table(put(raw(), keys, change[1])).digest == load_scenario("lattice-21").digest


@pytest.mark.parametrize(
    "change",
    [("link.aperture_m", "11 cm"), ("link.channels", 23), ("link.transceiver", "coherent_openzrp"),
     ("orbit.epochs", 25), ("reference.scale_out", False), ("wiring.terminals_per_link", 2),
     ("satellite.switch_bps", "100 Tb/s"),
     ("reading.0.set", {"link.channels": 11}), ("reading", [])],
)  # fmt: skip
def test_the_digest_sees_every_value(change: tuple[str, Any]) -> None:
    keys = tuple(int(key) if key.isdigit() else key for key in change[0].split("."))
    table = raw()
    table.setdefault("reference", {})
    assert scenario_from_table(put(table, keys, change[1])).digest != load_scenario("lattice-21").digest


def test_digests_of_shipped_scenarios_differ() -> None:
    digests = {load_scenario(name).digest for name in scenario_names()}
    assert len(digests) == len(scenario_names())
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in digests)


def test_a_variant_changes_what_it_says_and_nothing_else() -> None:
    scenario = load_scenario("lattice-21")
    half = scenario.variant({"link.channels": 12})
    assert half.model_dump()["link"] == scenario.model_dump()["link"] | {"channels": 12}
    assert half.model_dump(exclude={"link", "reading"}) == scenario.model_dump(exclude={"link", "reading", "data"}) | {
        "data": half.model_dump()["data"]
    }
    assert half.reading == ()
    assert set(scenario.data) - set(half.data) == {"link.channels"}


def test_a_variant_with_a_whole_table_replaced_keeps_none_of_its_sources() -> None:
    scenario = load_scenario("lattice-21")
    bare = scenario.model_dump(exclude_none=True)["wiring"] | {"reach_m": "200 m"}
    other = scenario.variant({"wiring": bare})
    assert other.model_dump()["wiring"]["reach_m"] == 200.0
    assert not any(path.startswith("wiring.") for path in other.data)
    assert "link.aperture_m" in other.data


def test_nothing_of_a_scenario_can_be_set_before_or_after_pickling() -> None:
    scenario = load_scenario("lattice-21")
    for thing in (scenario, pickle.loads(pickle.dumps(scenario)), copy.deepcopy(scenario)):
        assert thing == scenario
        assert thing.digest == scenario.digest
        with pytest.raises(ValidationError, match="frozen"):
            thing.name = "other"
        with pytest.raises(ValidationError, match="frozen"):
            setattr(thing.link, "channels", 5)  # noqa: B010  # the type of the link is a union


def test_loading_does_not_touch_the_table() -> None:
    table, before = raw(), raw()
    scenario_from_table(table, overrides={"link.channels": 12, "orbit.epochs": 5})
    assert table == before
