"""A ledger prints in columns, however long the names of its entries are."""

from __future__ import annotations

import pytest

from links import LinkBudget, OpticalLink, load_part


def toy(*names: str) -> LinkBudget:
    terms = tuple((name, -1.25 - k) for k, name in enumerate(names))
    return LinkBudget(title="toy", transmit_dbm=-10.0, terms=terms, sensitivity_dbm=-120.0, overload_dbm=3.0)


@pytest.mark.parametrize("name", ["optics", "a very long name of a loss that nobody has thought of before " * 2, ""])
def test_units_of_all_entries_stand_in_one_column_and_names_end_before_their_numbers(name: str) -> None:
    budget = toy(name, "optics of both ends")
    rows = str(budget).splitlines()[1:]
    ends = [row.rindex(" dB") for row in rows]
    assert len(set(ends)) == 1
    numbers = [float(row[:end].rsplit(" ", 1)[1]) for row, end in zip(rows, ends, strict=True)]
    assert numbers[1:3] == [-1.25, -2.25]
    # What stands before the number and its blanks is the whole name.
    assert rows[1][: ends[0]].rsplit(" ", 1)[0].strip() == name.strip()


def test_the_ledger_of_an_optical_link_does_too() -> None:
    link = OpticalLink(
        transceiver=load_part("coherent_400zr"), aperture_m=0.1, wavelength_m=1.55e-6, channels=24, truncation=1.12,
        optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6,
    )  # fmt: skip
    ends = {row.rindex(" dB") for row in str(link.budget(range_m=283.0)).splitlines()[1:]}
    assert len(ends) == 1
