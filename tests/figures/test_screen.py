"""The screen says what was modelled, what it means, and nothing the report does not say."""

from dataclasses import replace

import pytest

from figures.screen import report_screen
from figures.text_table import WIDTH, gap_text
from links.units import format_si
from optimize import Case, Report, build, load_scenario, measure
from optimize.study.effects import with_effects
from topo import nvl72


@pytest.fixture(scope="module")
def apart() -> Report:
    """Nine satellites, with effects of assumed values and a reading that nobody can build."""
    never = {"label": "bodies as large as the pitch", "set": {"satellite.radius_m": "99 m"}}
    scenario = load_scenario("rack-apart-9")
    kept = [{"label": one.label, "set": dict(one.set)} for one in scenario.reading[:2]]
    return with_effects(measure(build(load_scenario("rack-apart-9", overrides={"reading": [*kept, never]}))))


def test_screen_shows_every_metric_with_both_gaps_and_units(small_report: Report) -> None:
    lines = report_screen(small_report, full=True).splitlines()
    for metric in small_report.metrics:
        row = next(line for line in lines if line.startswith(f"  {metric.name} "))
        assert gap_text(metric.gap_up.interval) in row
        assert metric.gap_out is None or gap_text(metric.gap_out.interval) in row
        assert {"s": " us ", "J/bit": " pJ/bit ", "bit/s": " GB/s "}[metric.unit] in row


def words(screen: str) -> list[str]:
    """Lines without the space that aligns them."""
    return [" ".join(line.split()) for line in screen.splitlines()]


@pytest.mark.parametrize("full", [False, True])
def test_no_line_is_wider_than_a_screen(full: bool, small_report: Report, apart: Report) -> None:
    for report in (small_report, apart, replace(apart, effects=())):
        screen = report_screen(report, files=["Files in out/x/: report.json"], full=full)
        assert max(len(line) for line in screen.splitlines()) <= WIDTH == 110


def test_one_screen_is_short_and_begins_with_the_answer(small_report: Report, apart: Report) -> None:
    for report in (small_report, apart):
        lines = report_screen(report, files=["Files in out/x/: report.json"]).splitlines()
        assert len(lines) <= 55
        assert lines[1].startswith("all_to_all per GPU: ")


def test_the_full_screen_says_all_that_the_short_one_says_and_more(apart: Report) -> None:
    short, full = report_screen(apart), report_screen(apart, full=True)
    tables = ("injection ", "all_to_all ", "bisection ", "all_reduce ", "0 ref", "5 this", "gap of", "9.6 Tb/s")
    rows = [line for line in words(short) if line.startswith(tables)]
    assert len(rows) >= len(tables)
    assert set(rows) <= set(words(full))
    for more in ("all_gather between nodes", "latency, mean", "Proof: ", "gap with that", "each line keeps"):
        assert more in full
        assert more not in short


def test_the_full_screen_has_the_times_of_all_reduce_beside_the_machine_of_as_many_gpus(
    small_report: Report, apart: Report
) -> None:
    for report, beside in ((small_report, "the SuperPOD"), (apart, "NVL72")):
        lines = words(report_screen(report, full=True))
        for one in report.message_times:
            row = next(line for line in lines if line.startswith(f"{one.size}, {one.algorithm} "))
            assert row.endswith(f" {one.times_as_long:.4g}")
            assert format_si(one.formation_s, "s") in row
        assert any(line.endswith(f"times as long as on {beside}") for line in lines)
        assert "1 MB, ring" not in report_screen(report)


def test_a_reading_that_nobody_can_build_is_there_with_its_reason(apart: Report) -> None:
    for full in (False, True):
        text = " ".join(report_screen(apart, full=full).split())
        assert "bodies as large as the pitch: not possible: satellite.radius_m, formation.pitch_m: formation" in text


def test_screen_warns_that_bisection_has_twice_the_gap_where_a_cut_limits(small_report: Report) -> None:
    for full in (False, True):
        assert "about twice the gap" in report_screen(small_report, full=full)
    spread = replace(small_report, notes=tuple(note for note in small_report.notes if "bisection" not in note))
    assert "about twice the gap" not in report_screen(spread)


def test_screen_says_why_all_reduce_has_no_gap_and_when_it_would(small_report: Report) -> None:
    text = " ".join(report_screen(small_report, full=True).split())
    assert "all_reduce: of large messages, gap 1x; the GPUs' own network inside a node binds (456.3 GB/s)" in text
    # 456.3 GB/s over three links of a satellite at a corner: 1.217 Tb/s each
    assert "until they fall below about 1.2 Tb/s, from 9.6 Tb/s" in text
    assert "from 456.3 GB/s to at most 900 GB/s" in text
    # the short screen says the same, not that rate scaled through the hosts, which links do not thin (1.4 Tb/s)
    assert "the network inside a node binds until links fall below about 1.2 Tb/s" in report_screen(small_report)


def test_screen_says_that_energy_has_no_gap_to_a_superpod_without_power(small_report: Report) -> None:
    text = " ".join(report_screen(small_report, full=True).split())
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


@pytest.mark.parametrize("full", [False, True])
def test_screen_lists_assumed_values_with_their_range(full: bool, small_report: Report) -> None:
    text = report_screen(small_report, full=full)
    assumed = [path for path, datum in small_report.case.data.items() if datum.confidence == "assumed"]
    assert assumed
    assert all(path in text for path in assumed)


def test_short_screen_names_the_assumed_values_that_move_the_gap_and_counts_the_others(apart: Report) -> None:
    text = report_screen(apart).partition("Assumed values")[2]
    moving = {effect.path for effect in apart.effects if effect.swing > 1.0}
    assert moving
    assert {effect.path for effect in apart.effects if effect.path in text} == moving
    assert f"{len(apart.effects) - len(moving)} more assumed values do not move it" in text


def test_screen_of_the_same_rack_speaks_of_the_same_gpus() -> None:
    rack = nvl72()
    text = report_screen(measure(Case(name="rack", formation=rack, scale_up=rack)))
    assert "one rack of the same 72 GPUs" in text
    assert "The gap is 1x exactly." in text
    assert "SuperPOD" not in text


def test_readings_without_a_superpod_leave_its_column_empty(small_report: Report) -> None:
    lone = replace(small_report, readings=tuple(replace(r, gap_out=None) for r in small_report.readings))
    rows = [line for line in report_screen(lone).splitlines() if "2 x 2 spatial channels" in line]
    assert rows[0].rstrip().endswith("-")
