"""What limits a fabric, step by step: `ladder`."""

from .ladder import Ladder, LadderStep, ladder

__all__ = ["Ladder", "LadderStep", "ladder"]
