"""Sentences that a metric must not stand without: what its number means here, or why there is none.

Words only: the numbers are those of `side` and `report`.
"""

from collections.abc import Sequence

import numpy as np

from links.parts import load_part
from links.units import format_si
from optimize.flow.gap import gap
from optimize.flow.interval import Interval
from optimize.flow.node_limits import own_bps
from topo.fabric import Fabric
from topo.ground import nvl72

from .report import Metric
from .side import Side

__all__ = ["context", "unpublished_power"]

_MORE = 1.0 + 1e-9  # of a rate that is higher by more than rounding
_TWICE = (1.6, 2.4)  # gaps of bisection over those of all_to_all that are about twice as large


def context(
    *, metrics: Sequence[Metric], up: Side, out: Side | None, form: Side, times: int, refused: str = ""
) -> tuple[str, ...]:
    """Notes on the metrics of a report, one sentence or two each.

    Parameters
    ----------
    metrics : Metrics
    up, out, form : Sides
        Scale-up and scale-out reference, and formation.
    times : int
        Of the orbit, at which the formation was computed.
    refused : str
        Why there is no gap in energy to the scale-up reference.
    """
    row = {metric.name: metric.gap_up.interval for metric in metrics}
    found = [
        *_inside(up, form),
        *_bisection(row),
        *_collectives(row, up, form),
        *_energy(up, out, form, refused),
        *form.notes,
    ]
    found += [note for note in up.notes if note.startswith("latency: left out") and note not in found]
    if times > 1 and not any(note.startswith("latency") for note in found):
        found.append(f"latency: at {times} times of the orbit; between them the worst may be a little worse")
    return (*found, *unpublished_power(form.fabric))


def _inside(up: Side, form: Side) -> list[str]:
    """A warning where GPUs of a node are better joined than those of the reference: most often a sum of directions."""
    fabric, most_bps = form.fabric, up.injection.upper
    here_bps = np.minimum(fabric.local_bps, fabric.port_bps)[fabric.gpus > 1].max(initial=0.0)
    if here_bps <= most_bps * _MORE:
        return []
    here, there = (format_si(float(bps), "b/s") for bps in (here_bps, most_bps))
    return [
        f"inside a node: its GPUs have {here} each way, those of an NVL72 {there}; advertised rates of NVLink are sums "
        "of both directions"
    ]


def _bisection(gaps: dict[str, Interval]) -> list[str]:
    ratio = gaps["bisection"].lower / gaps["all_to_all"].lower
    if not _TWICE[0] < ratio < _TWICE[1]:
        return []
    return [
        "bisection: a fabric limited by its middle cut has about twice the gap in bisection that it has in all_to_all, "
        "because half of all traffic stays on its side of the cut"
    ]


def _collectives(gaps: dict[str, Interval], up: Side, form: Side) -> list[str]:
    """What binds the collectives, how thin links may become before they do, and what switches that add would give."""
    between, inside = form.all_reduce.between_bps, form.all_reduce.inside_bps
    text = f"all_reduce: of large messages, gap {gaps['all_reduce'].text()}x; "
    until_bps = form.all_reduce_link_bps
    if until_bps is not None:
        widest_bps = float(form.fabric.capacity_bps.max())
        text += (
            f"the GPUs' own network inside a node binds ({Interval.point(inside).as_rate()}), the links between nodes "
            f"would carry {between.as_rate()}, so links do not matter until they fall below about "
            f"{format_si(until_bps, 'b/s', digits=2)}, from {format_si(widest_bps, 'b/s')}"
        )
    else:
        ends = form.fabric.gpus > 0
        wide = (own_bps(fabric=form.fabric) >= form.fabric.outgoing_bps)[ends].all()
        who = "the links between nodes bind" if wide else "links, hosts or ports of the GPUs bind"
        text += f"{who} ({between.as_rate()} between nodes), whatever happens inside"
    most = Interval.point(up.injection.upper).as_rate()
    rate = up.all_reduce.rate_bps.as_rate()
    return [text, f"all_reduce: switches that add and copy data would take the NVL72 from {rate} to at most {most}; "
                  "neither side is counted with them"]  # fmt: skip


def _energy(up: Side, out: Side | None, form: Side, refused: str) -> list[str]:
    found = []
    if form.energy is None:
        return [f"energy: left out; {form.why_no_energy}"]
    counted = " and ".join(form.energy.boundary)
    if up.energy is None or refused:
        alone = (form.energy.j_per_bit * 1e12).text(digits=4)
        found.append(
            f"energy: the formation spends {alone} pJ/bit ({counted}); no gap to NVL72: {refused or up.why_no_energy}"
        )
    else:
        found.append(f"energy: of the {counted} alone, on both sides; switches, GPUs and cooling are left out")
        found += _assumed_energy(up, form)
    if out is not None and out.energy is None:
        found.append(f"energy: no gap to SuperPOD: {out.why_no_energy}")
    return found


def _assumed_energy(up: Side, form: Side) -> list[str]:
    """The gap in energy at both ends of the assumed energy of NVLink, if that is what the reference has."""
    each = load_part(f"nvlink{int(load_part('gb300_nvl72')['nvlink_generation'])}").data["energy_per_bit_j"]
    if up.energy is None or form.energy is None or each.confidence != "assumed":
        return []
    if not np.array_equal(up.fabric.power_w, nvl72().power_w):
        return []
    low, high = each.ends
    ratio = gap(reference=up.energy.j_per_bit, formation=form.energy.j_per_bit, less_is_better=True).interval
    ends = Interval(lower=ratio.lower * each.value / high, upper=ratio.upper * each.value / low)
    return [
        f"energy: the NVL72's rests on an assumed {each.value * 1e12:g} pJ/bit of NVLink, both ends of a link; over "
        f"its range, {low * 1e12:g} to {high * 1e12:g}, the gap is {ends.text()}x"
    ]


def unpublished_power(fabric: Fabric) -> list[str]:
    """A note if links of the fabric have no power, none published being no 0 W."""
    silent = int(np.count_nonzero(fabric.power_w == 0))
    if not silent:
        return []
    if silent == fabric.n_arcs:
        return ["power of the links: not published"]
    return [f"power of the links: not published for {silent} of {fabric.n_arcs} directions, which the sum leaves out"]
