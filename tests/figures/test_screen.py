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
        assert metric.gap_out is not None
        assert metric.gap_out.interval.text() in row
        assert (" us " if metric.unit == "s" else " GB/s ") in row


def test_screen_warns_that_bisection_has_twice_the_gap_where_a_cut_limits(small_report: Report) -> None:
    assert "about twice the gap in bisection" in report_screen(small_report)


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
