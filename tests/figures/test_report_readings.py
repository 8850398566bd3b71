"""Readings that nobody can build are rows of the page with the reason, as `report.json` has them."""

from __future__ import annotations

from dataclasses import replace

from figures.report import report_page
from optimize import Report
from optimize.study.save import report_table

from .page import Page

REASON = "the link does not close at 283 m: it receives 9.8 dB too little < sensitivity"


def refusing(report: Report) -> Report:
    return replace(report, case=replace(report.case, impossible=(("1 cm apertures", REASON),)))


def test_a_reading_that_is_not_possible_is_a_row_with_its_reason(small_report: Report) -> None:
    report = refusing(small_report)
    rows, kept = Page(report_page(report)).table("Other readings"), report_table(report)
    assert [row[0] for row in rows] == [
        *(reading["label"] for reading in kept["readings"]),
        *(reading["label"] for reading in kept["readings_not_possible"]),
    ]
    assert rows[-1] == ["1 cm apertures", *["–"] * 5, f"not possible: {REASON}"]
    assert {row[-1] for row in rows[:-1]} == {""}
    assert len({len(row) for row in rows}) == 1


def test_it_is_shown_where_no_other_reading_is_left(small_report: Report) -> None:
    page = Page(report_page(replace(refusing(small_report), readings=())))
    assert [row[-1] for row in page.table("Other readings")] == [f"not possible: {REASON}"]
    assert "names no other readings" not in page.text()


def test_there_is_no_column_for_it_where_all_are_possible(small_report: Report) -> None:
    tables = Page(report_page(small_report)).tables
    (heading,) = (rows[0] for caption, rows in tables.items() if caption.startswith("Other readings"))
    assert "remark" not in heading
