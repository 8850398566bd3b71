"""What publications print is shown beside what the report found, on the screen and on the page."""

from dataclasses import replace

from figures.report import report_page
from figures.screen import report_screen
from optimize import Report
from optimize.study.scenario import scenario_from_table
from tests.optimize.test_published import CLAIM
from tests.optimize.test_scenario import put, raw


def quoting(report: Report, **claim: object) -> Report:
    scenario = scenario_from_table(put(raw("lattice-21"), ("published",), [CLAIM | claim]))
    return replace(report, case=replace(report.case, scenario=scenario))


def test_the_screen_says_what_is_reproduced_and_why_the_rest_is_not(small_report: Report) -> None:
    shown = report_screen(quoting(small_report, value=25, because="its corners were cut off"), full=True)
    line = "  satellites: published 25 (a paper), here 21: not reproduced, because its corners were cut off"
    assert line in shown.splitlines()
    assert "published 21 (a paper), here 21: reproduced" in report_screen(quoting(small_report), full=True)
    assert "\nPublished figures\n" in report_screen(quoting(small_report), full=True)
    assert "\nPublished figures\n" not in report_screen(small_report, full=True)  # lattice-21 is nobody's publication


def test_the_short_screen_has_both_figures_and_whether_they_are_the_same(small_report: Report) -> None:
    shown = report_screen(quoting(small_report, value=25, because="its corners were cut off")).splitlines()
    assert "  satellites: published 25, here 21: not reproduced" in shown
    assert "  satellites: published 21, here 21: reproduced" in report_screen(quoting(small_report)).splitlines()


def test_the_page_has_the_same_words(small_report: Report) -> None:
    page = report_page(quoting(small_report, value=25, because="1 < 2"))
    assert "not reproduced, because 1 &lt; 2" in page
    assert '<section id="published"' in page
    assert '<a href="#published">' in page


def test_the_page_has_no_such_section_where_nothing_is_quoted(small_report: Report) -> None:
    assert "published-h" not in report_page(small_report)
    assert "#published" not in report_page(small_report)
