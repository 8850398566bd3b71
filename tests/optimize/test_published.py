"""Published figures beside those of a report: what counts as the same, what is said of the rest, what is refused."""

import re
from dataclasses import replace
from typing import Any

import pytest

from optimize.study.published import published_comparison
from optimize.study.report import Report
from optimize.study.scenario import load_scenario, scenario_from_table, scenario_names
from tests.optimize.test_scenario import put, raw

CLAIM = {"what": "satellites", "value": 21, "compare": "satellites", "source": "a paper"}


def claiming(report: Report, *claims: dict[str, Any]) -> Report:
    """The same report of a scenario that quotes these claims."""
    assert report.case.scenario is not None
    scenario = scenario_from_table(put(raw(report.case.name), ("published",), [CLAIM | claim for claim in claims]))
    return replace(report, case=replace(report.case, scenario=scenario))


def test_the_reference_rack_has_its_advertised_130_tb_s_as_half_of_it_each_way(ground: Report) -> None:
    (found,) = published_comparison(ground)
    assert found.published == 65e12 * 8  # 130 TB/s are the sum of both directions
    assert found.here.lower == pytest.approx(72 * 900e9 * 8)
    assert found.reproduced  # 130 is 129.6 rounded
    assert (found.published_text, found.here_text) == ("130 TB/s both ways", "64.8 TB/s each way")
    assert str(found).endswith("here 64.8 TB/s each way: reproduced")


def test_every_figure_of_a_report_can_be_compared(lattice: Report) -> None:
    # 21 satellites of 72 GPUs, 60 links of 24 x 400 Gb/s, 100 m to the diagonal's sqrt 8 x 100 m
    claims: list[dict[str, Any]] = [
        {"compare": "satellites", "value": 21}, {"compare": "computing part", "value": "100 %"},
        {"compare": "GPUs", "value": 21 * 72}, {"compare": "links", "value": 60},
        {"compare": "link rate", "value": "9.6 Tb/s"}, {"compare": "shortest link", "value": "0.1 km"},
        {"compare": "longest link", "value": "282.8 m"},
    ]  # fmt: skip
    found = published_comparison(claiming(lattice, *claims))
    assert [one.reproduced for one in found] == [True] * len(claims)
    for metric in (row for row in lattice.metrics if row.unit in ("s", "bit/s")):
        unit = "s" if metric.unit == "s" else "b/s"
        own, up = metric.formation.upper, metric.gap_up.interval.upper
        mine, other = published_comparison(
            claiming(
                lattice,
                {"compare": metric.name, "value": f"{own} {unit}"},
                {"compare": metric.name, "of": "gap to NVL72", "value": up},
            )
        )
        assert mine.here == metric.formation
        assert other.here == metric.gap_up.interval
        assert mine.reproduced
        assert other.reproduced


def test_a_whole_formation_is_its_gpus_or_those_of_the_smaller_side(lattice: Report) -> None:
    whole = {"of": "whole formation", "value": "1 TB/s"}
    names = ("injection", "all_to_all", "bisection")
    injection, exchange, cut = published_comparison(claiming(lattice, *({"compare": n} | whole for n in names)))
    assert injection.here.upper == pytest.approx(lattice.metric("injection").formation.upper * 21 * 72)
    assert exchange.here.upper == pytest.approx(lattice.metric("all_to_all").formation.upper * 21 * 72)
    assert cut.here.upper == pytest.approx(lattice.cut.capacity_bps)  # ten satellites against eleven


def test_what_is_not_reproduced_says_why_or_that_nobody_said(lattice: Report) -> None:
    why = {"value": 25, "because": "its corners were cut off", "locator": "Fig. 1"}
    told, untold, rounded = published_comparison(
        claiming(lattice, why, {"value": 25}, {"value": 22, "rounding": 0.05, "because": "never shown"})
    )
    assert (
        str(told)
        == "satellites: published 25 (a paper, Fig. 1), here 21: not reproduced, because its corners were cut off"
    )
    assert untold.why == "not explained"
    assert rounded.reproduced
    assert rounded.why == ""


def test_a_case_made_by_hand_quotes_nobody(lattice: Report) -> None:
    assert published_comparison(replace(lattice, case=replace(lattice.case, scenario=None))) == ()
    assert published_comparison(lattice) == ()  # lattice-21 is nobody's publication


def test_what_is_published_goes_when_the_model_is_changed() -> None:
    assert load_scenario("suncatcher-81").published
    assert load_scenario("suncatcher-81", overrides={"link.channels": 12}).published == ()
    assert load_scenario("suncatcher-81").variant({"link.channels": 12}).published == ()
    assert load_scenario("suncatcher-81", overrides={"title": "mine"}).published


def test_the_digest_does_not_see_what_others_print() -> None:
    table = put(raw("suncatcher-81"), ("published",), [])
    assert scenario_from_table(table).digest == load_scenario("suncatcher-81").digest
    assert scenario_from_table(put(table, ("group",), "for tests")).digest == load_scenario("suncatcher-81").digest


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_claim_names_its_source_and_no_reading_repeats_it(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.group != "your own"
    for claim in scenario.published:
        assert claim.source
        assert claim.what


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": "21 m"}, "'21 m' is a length; need a number"),
        ({"value": True}, "True is not a quantity"),
        ({"value": 0}, "value=0: need a value above 0"),
        ({"value": -1}, "value=-1: need a value above 0"),
        ({"value": float("inf")}, "inf is not finite"),
        ({"value": []}, "[] is not a quantity"),
        ({"compare": "link rate", "value": "9.6 Tbit"}, "unit 'Tbit' is not known"),
        ({"compare": "link rate", "value": "9.6 Tb/s sideways"}, "say 'both ways' for the sum"),
        ({"compare": "all_to_al", "value": 1}, "published.0.compare='all_to_al': input should be 'satellites'"),
        ({"of": "whole formation"}, "of='whole formation' does not go with compare='satellites'; leave it out"),
        ({"of": "gap to NVL72"}, "of='gap to NVL72' does not go with compare='satellites'; leave it out"),
        ({"of": "whole formation", "compare": "latency, mean", "value": "1 us"}, "go with compare='latency, mean'"),
        ({"source": " "}, "source is empty: name where the value is printed"),
        ({"rounding": 1.5}, "published.0.rounding=1.5: input should be less than 1"),
        ({"becuase": "x"}, "published.0.becuase: unknown key (did you mean because?)"),
    ],
)  # fmt: skip
def test_a_claim_that_cannot_be_compared_is_refused_in_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        scenario_from_table(put(raw(), ("published",), [CLAIM | change]))
    assert len(str(caught.value).splitlines()) == 1


def test_a_gap_to_no_superpod_is_refused() -> None:
    table = put(raw(), ("reference",), {"scale_out": False})
    claim = CLAIM | {"compare": "bisection", "of": "gap to SuperPOD", "value": 2880}
    with pytest.raises(ValueError, match=r"published 'satellites': reference.scale_out = false leaves it out"):
        scenario_from_table(put(table, ("published",), [claim]))


def test_a_claim_without_source_is_asked_for_it() -> None:
    with pytest.raises(ValueError, match=r"published\.0\.source: missing; add it"):
        scenario_from_table(put(raw(), ("published",), [{k: v for k, v in CLAIM.items() if k != "source"}]))
