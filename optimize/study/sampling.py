"""Which points of a scenario's parameter space a study measures: a grid, a Latin hypercube, or Sobol points.

Every design with chance in it takes an explicit seed. Leaves out measuring them: see `sweep`.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .parameters import Parameter, Value, vary
from .scenario import Scenario

__all__ = ["Study", "grid", "latin_hypercube", "saltelli", "sobol_sequence"]

Floats = NDArray[np.float64]
Varied = Sequence[str | Parameter]
Names = Sequence[str]

_MOST_POINTS = 100_000
_ALL_TO_ALL = ("all_to_all",)


@dataclass(frozen=True, kw_only=True)
class Study:
    """A scenario and many of its variants. Made by one of the designs of this module; run by `run_study`.

    Parameters
    ----------
    scenario : Scenario
        Its own readings are left out.
    parameters : tuple of Parameter
        What varies.
    points : tuple of tuples
        The values of each point, in the order of the parameters.
    design : str
        Name of the design, for people.
    seed : int or None
        What made the points, where chance did.
    base : int or None
        Points of each of the two samples that Sobol indices are estimated from; None for the other designs.
    metrics : tuple of str
        As a report names them.
    rtol : float
        Width asked of each certified interval.
    """

    scenario: Scenario
    parameters: tuple[Parameter, ...]
    points: tuple[tuple[Value, ...], ...] = field(repr=False)
    design: str
    seed: int | None = None
    base: int | None = None
    metrics: tuple[str, ...] = _ALL_TO_ALL
    rtol: float = 1e-6

    def __post_init__(self) -> None:
        if not self.metrics:
            raise ValueError("no metric to measure; name one, such as all_to_all")
        if len(set(self.metrics)) < len(self.metrics):
            raise ValueError(f"metrics {', '.join(self.metrics)}: one comes twice; name each once")
        if not self.rtol > 0:
            raise ValueError(f"rtol={self.rtol}: need a number above 0, such as 1e-6")

    @property
    def paths(self) -> tuple[str, ...]:
        """Keys of what varies."""
        return tuple(parameter.path for parameter in self.parameters)

    def overrides(self, point: int) -> Mapping[str, Value]:
        """Dotted keys and values of one point."""
        return dict(zip(self.paths, self.points[point], strict=True))

    def __str__(self) -> str:
        return f"{self.scenario.name}: {self.design} of {len(self.points)} points over {', '.join(self.paths)}"


def _parameters(scenario: Scenario, varied: Varied) -> tuple[Parameter, ...]:
    """What varies; refused if that is nothing, or one key twice, or a key inside another."""
    if not varied:
        raise ValueError("nothing varies; name at least one key, such as link.channels=12,24")
    parameters = tuple(vary(scenario, text=one) if isinstance(one, str) else one for one in varied)
    for one, other in itertools.combinations((f"{parameter.path}." for parameter in parameters), 2):
        if one.startswith(other) or other.startswith(one):
            raise ValueError(f"{other[:-1]} varies twice; write all its values in one place")
    return parameters


def _check_count(count: int, name: str, *, power_of_two: bool = False) -> None:
    if not 1 <= count <= _MOST_POINTS:
        raise ValueError(f"{name}={count}: need 1 to {_MOST_POINTS} points")
    if power_of_two and count.bit_count() != 1:
        below = 2 ** (count.bit_length() - 1)
        raise ValueError(f"{name}={count}: Sobol points are balanced at powers of two only; use {below} or {2 * below}")


def _spread(shares: Floats, parameters: Sequence[Parameter]) -> tuple[tuple[Value, ...], ...]:
    """Points of the unit cube as values of the parameters."""
    return tuple(
        tuple(parameter.at(share) for parameter, share in zip(parameters, row, strict=True)) for row in shares.tolist()
    )


def grid(
    scenario: Scenario, *, vary: Varied, levels: int = 5, metrics: Names = _ALL_TO_ALL, rtol: float = 1e-6
) -> Study:
    """Every combination of the values; the last parameter changes fastest.

    Parameters
    ----------
    scenario : Scenario
    vary : sequence of str or Parameter
        Texts as `parameters.vary` reads them.
    levels : int
        Values of each range that does not say how many.
    metrics : sequence of str
    rtol : float

    >>> from optimize.study.scenario import load_scenario
    >>> print(grid(load_scenario("lattice-21"), vary=["link.aperture_m=2 cm..20 cm:5", "link.channels=12,24,48"]))
    lattice-21: grid of 15 points over link.aperture_m, link.channels
    """
    parameters = _parameters(scenario, vary)
    if levels < 2:
        raise ValueError(f"levels={levels}: a range needs 2 values or more")
    axes = [parameter.grid(count=min(levels, _MOST_POINTS)) for parameter in parameters]
    _check_count(math.prod(len(axis) for axis in axes), "grid")
    return Study(scenario=scenario, parameters=parameters, points=tuple(itertools.product(*axes)), design="grid",
                 metrics=tuple(metrics), rtol=rtol)  # fmt: skip


def latin_hypercube(
    scenario: Scenario, *, vary: Varied, points: int, seed: int, metrics: Names = _ALL_TO_ALL, rtol: float = 1e-6
) -> Study:
    """Independent uniform draws, stratified: each of `points` equal parts of every range is drawn from once.

    Parameters
    ----------
    scenario, vary, metrics, rtol
        As for `grid`.
    points, seed : int

    References
    ----------
    M. D. McKay, R. J. Beckman, W. J. Conover, A comparison of three methods for selecting values of input variables in
    the analysis of output from a computer code, Technometrics 21, 239 (1979).
    """
    from scipy.stats import qmc  # half a second, which other uses of this package need not wait for

    def draw(dimensions: int) -> Floats:
        _check_count(points, "points")
        return qmc.LatinHypercube(d=dimensions, rng=_generator(seed)).random(points)

    return _drawn(draw, scenario, vary, design="Latin hypercube", seed=seed, metrics=tuple(metrics), rtol=rtol)


def _drawn(draw: Callable[[int], Floats], scenario: Scenario, varied: Varied, **rest: Any) -> Study:
    """A study of what is drawn from the unit cube of as many dimensions as there are parameters."""
    parameters = _parameters(scenario, varied)
    points = _spread(draw(len(parameters)), parameters)
    return Study(scenario=scenario, parameters=parameters, points=points, **rest)


def _generator(seed: int) -> np.random.Generator:
    if seed < 0:
        raise ValueError(f"seed={seed}: need a whole number, 0 or more")
    return np.random.default_rng(seed)


def _sobol(dimensions: int, count: int, seed: int) -> Floats:
    from scipy.stats import qmc

    return qmc.Sobol(d=dimensions, rng=_generator(seed)).random(count)


def sobol_sequence(
    scenario: Scenario, *, vary: Varied, points: int, seed: int, metrics: Names = _ALL_TO_ALL, rtol: float = 1e-6
) -> Study:
    """Scrambled Sobol points: fill the ranges more evenly than chance, uniform in each.

    Parameters
    ----------
    scenario, vary, metrics, rtol
        As for `grid`.
    points : int
        A power of two.
    seed : int
        Of the scrambling.

    References
    ----------
    A. B. Owen, Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 14, 466 (1998).
    """

    def draw(dimensions: int) -> Floats:
        _check_count(points, "points", power_of_two=True)
        return _sobol(dimensions, points, seed)

    return _drawn(draw, scenario, vary, design="Sobol sequence", seed=seed, metrics=tuple(metrics), rtol=rtol)


def saltelli(
    scenario: Scenario, *, vary: Varied, base: int, seed: int, metrics: Names = _ALL_TO_ALL, rtol: float = 1e-6
) -> Study:
    """What Sobol indices are estimated from: samples A and B, then A with each column in turn taken from B.

    Parameters
    ----------
    scenario, vary, metrics, rtol
        As for `grid`.
    base : int
        Points of A and of B, a power of two; of d parameters, base (d + 2) points are measured.
    seed : int

    Notes
    -----
    A and B are the two halves of one scrambled Sobol sequence of twice the dimensions.

    References
    ----------
    A. Saltelli et al., Variance based sensitivity analysis of model output, Computer Physics Communications 181, 259
    (2010), section 3.
    """

    def draw(dimensions: int) -> Floats:
        _check_count(base, "base", power_of_two=True)
        _check_count(base * (dimensions + 2), "base (parameters + 2)")
        both = _sobol(2 * dimensions, base, seed)
        a, b = both[:, :dimensions], both[:, dimensions:]
        return np.concatenate([a, b, *(np.where(np.arange(dimensions) == k, b, a) for k in range(dimensions))])

    return _drawn(
        draw, scenario, vary, design="Saltelli sample", seed=seed, base=base, metrics=tuple(metrics), rtol=rtol
    )
