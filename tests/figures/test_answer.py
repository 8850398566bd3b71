"""The sentences of the answer say the numbers of the report, whatever the numbers are."""

import math
import re
from dataclasses import replace

import pytest

from figures.answer import answer_sentences
from optimize import Interval, Report
from optimize.flow.gap import Gap


def with_gap(report: Report, *, gap: Interval, formation: Interval | None = None) -> Report:
    """The report with another gap, and the rate that goes with it."""
    rows = tuple(
        replace(row, gap_up=Gap(metric=row.name, interval=gap), formation=formation or row.formation)
        if row.name == "all_to_all"
        else row
        for row in report.metrics
    )
    return replace(report, metrics=rows)


def test_rates_gap_and_certified_ends_are_those_of_the_report(small_report: Report) -> None:
    row = small_report.metric("all_to_all")
    first = answer_sentences(small_report)[0]
    assert f"{row.formation.lower / 8e9:.4g} GB/s in the formation" in first
    assert f"{row.scale_up.lower / 8e9:.4g} GB/s in an NVL72" in first
    assert f"The gap is {row.gap_up.interval.lower:.4g}x (certified: {row.gap_up.interval.lower:.7g}" in first
    assert row.gap_out is not None
    assert (
        f"Against a SuperPOD of as many GPUs the gap is {row.gap_out.interval.lower:.4g}x"
        in answer_sentences(small_report)[2]
    )


def test_the_factors_multiply_to_the_gap_and_the_largest_comes_first(small_report: Report) -> None:
    factors = [float(text) for text in re.findall(r"([\d.]+)x ", answer_sentences(small_report)[1])]
    assert math.prod(factors) == pytest.approx(small_report.metric("all_to_all").gap_up.interval.lower, rel=0.02)
    named = factors[:3]
    assert named == sorted(named, reverse=True)
    assert named[0] == pytest.approx(max(step.factor for step in small_report.ladder.steps), rel=0.005)


def test_a_bound_is_called_one_and_the_host_is_the_racks_network_card(small_report: Report) -> None:
    text = answer_sentences(small_report)[1]
    for step, name in ((1, "network cards of the rack"), (5, "this wiring")):
        (rung,) = (one for one in small_report.ladder.steps if one.number == step)
        assert (f"{rung.factor:.3g}x {name} (bound)" in text) == (not rung.exact)
        assert f"{rung.factor:.3g}x {name}" in text


def test_one_lost_link_gives_both_ends(small_report: Report) -> None:
    gap = small_report.ladder.gap_with_failure
    assert gap is not None
    text = answer_sentences(small_report)[2]
    assert f"would be {gap.lower:.4g}x" in text
    assert f"{gap.upper:.4g}x." in text
    apart = replace(small_report.ladder, failed_bps=Interval(lower=0.0, upper=0.0))
    assert "would be infinite" in answer_sentences(replace(small_report, ladder=apart))[2]
    alone = replace(small_report.ladder, failed_bps=None)
    assert "lost" not in answer_sentences(replace(small_report, ladder=alone))[2]


@pytest.mark.parametrize(
    ("gap", "says"),
    [
        (Interval.point(1.0), "The gap is 1x exactly."),
        (Interval(lower=1.0, upper=1.0 + 1e-7), "The gap is 1x (certified: 1"),
        (Interval.point(math.inf), "The gap is infinite: not all GPUs reach each other."),
        (Interval(lower=12.5, upper=math.inf), "The gap is at least 12.5x; no upper end is certified."),
        (Interval(lower=12.0, upper=15.0), "certified to lie in 12x to 15x, recomputed outside the solver; where"),
        (Interval(lower=0.25, upper=0.25), "The gap is 0.25x: the formation is the better one (certified: 0.25,"),
    ],
)  # fmt: skip
def test_unusual_gaps_are_said_in_words(gap: Interval, says: str, small_report: Report) -> None:
    assert says in answer_sentences(with_gap(small_report, gap=gap))[0]


def test_a_formation_that_costs_nothing_names_no_limit(small_report: Report) -> None:
    steps = tuple(replace(step, factor=1.0) for step in small_report.ladder.steps)
    free = replace(small_report, ladder=replace(small_report.ladder, steps=steps))
    assert not any("What limits it" in sentence for sentence in answer_sentences(free))
