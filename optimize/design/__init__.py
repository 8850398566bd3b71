"""What limits a fabric, step by step: `ladder`; what any wiring could do at most: `moore_bound_per_s`."""

from .ladder import Ladder, LadderStep, ladder
from .moore import moore_bound_per_s

__all__ = ["Ladder", "LadderStep", "ladder", "moore_bound_per_s"]
