"""What limits a fabric, and what would change it.

ladder     what limits it, step by step from the reference: `ladder`
sight      who could be linked and what a terminal then carries: `sight`, `sight_bound`, `fractional_terminals`
wirings    what no wiring exceeds: `wiring_bound`; moore: the same from counting alone, `moore_bound_per_s`
failures   what outage and a lost link or satellite leave: `worst_link_loss`, `worst_satellite_loss`
gains      what one more terminal, channel, watt or link buys: `marginal_gains`, `additions`
"""

from .failures import Loss, with_outage, without_link, worst_link_loss, worst_satellite_loss
from .gains import Gain, additions, marginal_gains, with_link
from .ladder import Ladder, LadderStep, ladder
from .moore import moore_bound_per_s
from .sight import Sight, fractional_terminals, sight, sight_bound
from .wirings import WiringBound, wiring_bound

__all__ = [
    "Gain", "Ladder", "LadderStep", "Loss", "Sight", "WiringBound", "additions", "fractional_terminals", "ladder",
    "marginal_gains", "moore_bound_per_s", "sight", "sight_bound", "wiring_bound", "with_link", "with_outage",
    "without_link", "worst_link_loss", "worst_satellite_loss",
]  # fmt: skip
