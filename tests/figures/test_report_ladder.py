"""The page's ladder: what one lost link leaves stands below the gap, with its interval, as `report.json` has it."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from figures.report import report_page
from optimize import Report
from optimize.study.save import report_table

from .page import Page

SIGNIFICANT = 6e-4  # half a unit in the last of four digits
NUMBER = r"[\d.,e+]*\d"


def numbers(text: str) -> list[float]:
    return [float(word.replace(",", "")) for word in re.findall(NUMBER, text)]


def test_one_lost_link_stands_below_the_gap_with_its_interval(small_report: Report) -> None:
    page, ladder = Page(report_page(small_report)), report_table(small_report)["ladder"]
    (row,) = page.table("One link lost")
    step, gap = ladder["failure"], ladder["gap_with_failure"]
    assert row[0] == f"7 {step['name']}"
    ends = [step["achieved_bps"] / 8e9, step["upper_bps"] / 8e9]
    shown = numbers(row[2])  # one number where both ends are the same
    assert [shown[0], shown[-1]] == pytest.approx(ends, rel=SIGNIFICANT)
    assert numbers(row[3]) == pytest.approx([step["factor"]], rel=SIGNIFICANT)
    assert row[4] == ("exact" if step["exact"] else "bound")
    (caption,) = (text for text in page.tables if text.startswith("One link lost"))
    said = re.search(rf"the gap is ({NUMBER})(?: to ({NUMBER}))?×", caption)
    assert said is not None
    told = numbers(" ".join(one for one in said.groups() if one))
    assert [told[0], told[-1]] == pytest.approx([gap["lower"], gap["upper"]], rel=SIGNIFICANT)
    assert step["how"] in page.text()
    assert step["number"] not in [int(other[0].split()[0]) for other in page.table("Each step")]


def test_a_link_whose_loss_leaves_nothing_is_said_in_words(small_report: Report) -> None:
    lost = small_report.ladder.failure
    assert lost is not None
    nothing = replace(lost, upper_bps=0.0, achieved_bps=0.0, factor=math.inf)
    page = Page(report_page(replace(small_report, ladder=replace(small_report.ladder, failure=nothing))))
    (row,) = page.table("One link lost")
    assert (row[2], row[3]) == ("0", "nothing left")


def test_a_ladder_without_that_step_has_no_such_table(small_report: Report) -> None:
    ladder = replace(small_report.ladder, failure=None, failed_bps=None)
    page = Page(report_page(replace(small_report, ladder=ladder)))
    assert not [caption for caption in page.tables if caption.startswith("One link lost")]


@pytest.mark.parametrize("start", ["Each step", "One link lost", "Other readings", "Metrics", "Both ends"])
def test_columns_of_rates_say_their_unit_and_direction(small_report: Report, start: str) -> None:
    tables = Page(report_page(small_report)).tables
    (caption,) = (text for text in tables if text.startswith(start))
    heading = " | ".join(tables[caption][0])
    assert "one direction" in f"{caption} | {heading}"
    assert "GB/s" in heading or "unit" in heading
