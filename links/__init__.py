"""One link at a range: physics and parts. Knows no graph and no solver.

units      decibels and how numbers are printed
frozen     read-only arrays for frozen dataclasses
parts      hardware as data: `Datum`, `Part`, `load_part`
model      where kinds of link meet: `LinkModel`, `LinkState`, `LinkBudget`, `Surroundings`
data/      the catalogue, every value with its source
"""

from .model import LinkBudget, LinkModel, LinkState, Surroundings, ValidityWarning
from .parts import Datum, Part, all_parts, load_part

__all__ = [
    "Datum", "LinkBudget", "LinkModel", "LinkState", "Part", "Surroundings", "ValidityWarning", "all_parts", "load_part",
]  # fmt: skip
