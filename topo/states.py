"""The state of every arc of a wiring at every time: link models asked once for each different situation.

Leaves out what the surroundings are: see `surroundings`.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from links.model import LinkModel, LinkState, Surroundings

__all__ = ["arc_states", "links_per_pair"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DIGITS = 6  # of a range in metres: micrometres are far below what changes a rate


def links_per_pair(*, link: LinkModel | Sequence[LinkModel], count: int) -> tuple[LinkModel, ...]:
    """The link model of each of `count` pairs, from one for all or one for each."""
    if isinstance(link, LinkModel):
        return (link,) * count
    links = tuple(link)
    if len(links) != count:
        raise ValueError(
            f"{len(links)} link models given, the wiring has {count} pairs; give one model, or one per pair"
        )
    wrong = [k for k, model in enumerate(links) if not isinstance(model, LinkModel)]
    if wrong:
        raise ValueError(f"link[{wrong[0]}]={links[wrong[0]]!r}: need a LinkModel: medium, at, budget, limit_bps")
    return links


def _distinct(columns: Sequence[Floats]) -> tuple[list[Floats], Ints]:
    """Each different row of the columns once, and the row that every entry is, flat."""
    key = np.zeros(columns[0].size, dtype=np.int64)
    values = []
    for column in columns:
        distinct, back = np.unique(column, return_inverse=True)
        values.append(distinct)
        key = key * distinct.size + back.reshape(-1)
    rows, back = np.unique(key, return_inverse=True)
    parts = []
    for distinct in values[::-1]:
        rows, place = np.divmod(rows, distinct.size)
        parts.append(distinct[place])
    return parts[::-1], back.reshape(-1)


def arc_states(*, links: Sequence[LinkModel], ranges_m: Floats, surroundings: Surroundings | None = None) -> LinkState:
    """State of both directions of each link at each time, arrays of shape (n_times, 2k).

    Parameters
    ----------
    links : sequence of k LinkModels
    ranges_m : (n_times, k) array
        [m]
    surroundings : Surroundings, optional
        Arrays that broadcast to (n_times, 2k): first all links from their first to their second satellite, then back.

    Notes
    -----
    A model is asked once, for every different range (to a micrometre) and surroundings: links of a lattice share most
    of theirs, and a sky without Sun and interference is the same for all.
    """
    n_times, k = ranges_m.shape
    shape = (n_times, 2 * k)
    kind = {id(model): model for model in links}
    which = np.array([id(model) for model in links])
    result: dict[str, NDArray[Any]] = {}
    for code, model in kind.items():
        pair = np.flatnonzero(which == code)
        if surroundings is None:
            (distance,), back = _distinct([ranges_m[:, pair].round(_DIGITS)])
            state, arcs = model.at(range_m=distance), [pair, k + pair]
        else:
            arc = np.concatenate([pair, k + pair])
            around = [
                np.broadcast_to(v, shape)[:, arc] for v in (surroundings.interference_w, surroundings.background_w_hz)
            ]
            (distance, interference, background), back = _distinct(
                [np.tile(ranges_m[:, pair].round(_DIGITS), 2), *around]
            )
            there = Surroundings(interference_w=interference, background_w_hz=background)
            state, arcs = model.at(range_m=distance, surroundings=there), [arc]
        for field in fields(state):
            value = getattr(state, field.name)[back].reshape(n_times, -1)
            into = result.setdefault(field.name, np.zeros(shape, dtype=value.dtype))
            for columns in arcs:
                into[:, columns] = value
    return LinkState(**result)
