"""One link at a range: physics and parts. Knows no graph and no solver.

Where kinds of link meet
  model        `LinkModel`, `LinkState`, `LinkBudget`, `Surroundings`
  parts        hardware as data: `Datum`, `Part`, `load_part`; data/ is the catalogue, every value with its source
  units        decibels and how numbers are printed
  frozen       read-only arrays for frozen dataclasses

Kinds of link
  fso          `OpticalLink`: near and far field, pointing, tiling, transceivers
  rf           `RadioLink`: bands, noise, modcods, antennas
  nvlink       `NVLink` over copper, and what it would need over optics
  fibre        `FibreLink`: modules and cables on the ground

Every other module is physics that these stand on; its first line says what.
"""

from .fibre import FibreLink
from .fso import OpticalLink
from .model import LinkBudget, LinkModel, LinkState, Surroundings, ValidityWarning
from .nvlink import NVLink
from .parts import Datum, Part, all_parts, load_part
from .rf import RadioLink

__all__ = [
    "Datum", "FibreLink", "LinkBudget", "LinkModel", "LinkState", "NVLink", "OpticalLink", "Part", "RadioLink",
    "Surroundings", "ValidityWarning", "all_parts", "load_part",
]  # fmt: skip
