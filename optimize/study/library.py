"""The shipped scenarios as a list to choose from: what each is, how many satellites it has and how many GPUs on each.

Builds formations to count them, not the links between them. Leaves out what comes out of measuring.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import get_args

from .case import satellites_of
from .scenario import Scenario, load_scenario, scenario_names

__all__ = ["Shelf", "shelves"]


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Scenarios of one group, each with its satellites (on the ground: what has GPUs) and the GPUs on each.

    Satellites that only switch, as in a Clos network, are counted too.
    """

    group: str
    scenarios: tuple[Scenario, ...]
    satellites: tuple[int, ...]
    gpus: tuple[int, ...]

    def lines(self) -> Iterator[str]:
        """One line for each scenario, columns aligned for all names there are."""
        width = max(len(name) for name in scenario_names())
        for scenario, satellites, gpus in zip(self.scenarios, self.satellites, self.gpus, strict=True):
            yield f"{scenario.name:<{width}}  {satellites:>6,} x {gpus:>2}  {scenario.title}"


def shelves() -> tuple[Shelf, ...]:
    """All shipped scenarios by group, groups in the order in which `Scenario.group` names them.

    >>> [shelf.group for shelf in shelves()][:2]
    ['Suncatcher', 'other formations']
    """
    order = get_args(Scenario.model_fields["group"].annotation)
    every = sorted((load_scenario(name) for name in scenario_names()), key=lambda one: order.index(one.group))
    made = []
    for group, members in groupby(every, key=lambda one: one.group):
        scenarios = tuple(members)
        counts = [satellites_of(scenario) for scenario in scenarios]
        made.append(
            Shelf(
                group=group,
                scenarios=scenarios,
                satellites=tuple(n for n, _ in counts),
                gpus=tuple(g for _, g in counts),
            )
        )
    return tuple(made)
