"""How fast and how large: `python3 run.py bench [NAME ...]`; never part of the tests.

A file bench_<name>.py has `run() -> list[Row]`: one row for each thing measured, a value by column, units in the names
of the columns (`_s`, `_mb`, or a ratio). The runner adds the seconds and the peak memory of the whole file.
"""
