"""The screen says what was modelled, what it means, and nothing the report does not say."""

from dataclasses import replace

from figures.screen import report_screen
from optimize import Case, Report, measure
from topo import nvl72


def test_screen_shows_every_metric_with_both_gaps_and_units(small_report: Report) -> None:
    lines = report_screen(small_report).splitlines()
    for metric in small_report.metrics:
        row = next(line for line in lines if line.strip().startswith(f"{metric.name} "))
        assert metric.gap_up.interval.text() in row
        assert metric.gap_out is None or metric.gap_out.interval.text() in row
        assert {"s": " us ", "J/bit": " pJ/bit ", "bit/s": " GB/s "}[metric.unit] in row


def test_screen_warns_that_bisection_has_twice_the_gap_where_a_cut_limits(small_report: Report) -> None:
    assert "about twice the gap in bisection" in report_screen(small_report)


def test_screen_says_why_all_reduce_has_no_gap_and_when_it_would(small_report: Report) -> None:
    text = " ".join(report_screen(small_report).split())
    assert "all_reduce: of large messages, gap 1x; the GPUs' own network inside a node binds (456.3 GB/s)" in text
    # a link of 9.6 Tb/s carries 3180 GB/s of all-reduce between the nodes, and a seventh of it would do for 456.3
    assert "until they fall below about 1.4 Tb/s, from 9.6 Tb/s" in text
    assert "from 456.3 GB/s to at most 900 GB/s" in text


def test_screen_says_that_energy_has_no_gap_to_a_superpod_without_power(small_report: Report) -> None:
    text = " ".join(report_screen(small_report).split())
    assert "energy: of the links alone, on both sides" in text
    assert "energy: no gap to SuperPOD: no power is published for its links" in text


def test_power_that_nobody_published_is_not_printed_as_nothing(small_report: Report) -> None:
    silent = replace(small_report, link_power_w=0.0, readings=())
    assert "links draw, kW per node (mean): not published" in report_screen(silent)
    assert "not published" not in report_screen(small_report)


def test_screen_says_what_each_reference_means(small_report: Report) -> None:
    text = report_screen(small_report)
    assert "nobody sells that machine" in text
    assert "the machine one can buy" in text


def test_screen_lists_assumed_values_with_their_range(small_report: Report) -> None:
    text = report_screen(small_report)
    assumed = [path for path, datum in small_report.case.data.items() if datum.confidence == "assumed"]
    assert assumed
    assert all(path in text for path in assumed)


def test_screen_of_the_same_rack_speaks_of_the_same_gpus() -> None:
    rack = nvl72()
    text = report_screen(measure(Case(name="rack", formation=rack, scale_up=rack)))
    assert "one rack of the same 72 GPUs" in text
    assert "SuperPOD" not in text


def test_readings_without_a_superpod_leave_its_column_empty(small_report: Report) -> None:
    lone = replace(small_report, readings=tuple(replace(r, gap_out=None) for r in small_report.readings))
    rows = [line for line in report_screen(lone).splitlines() if "2 x 2 spatial channels" in line]
    assert rows[0].rstrip().endswith("-")
