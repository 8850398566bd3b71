"""What was modelled in lines for the first screen: a satellite, a network without orbits, a link.

Leaves out formation, wiring and fabric, which say themselves what they are.
"""

from links.parts import Part
from links.rf import RadioLink
from links.units import format_si
from topo.build import Satellite
from topo.fabric import FabricSeries

from .tables import NVLinkTable, OpticalTable, RadioTable, TerminalTable, TorusTable

__all__ = ["interference_line", "link_line", "network_line", "satellite_line"]

_ROUNDING = 1e-9  # relative, of a rate


def satellite_line(satellite: Satellite) -> str:
    """What a satellite has, what limits it and what does not."""
    limit = {
        name: "unlimited" if value is None else f"{format_si(value, 'b/s')} each way"
        for name, value in (("host", satellite.host_bps), ("switch", satellite.switch_bps))
    }
    return (
        f"satellite: {satellite.gpus} GPUs, host {limit['host']}, switch {limit['switch']}, "
        f"{satellite.terminals} terminals at most, body within {satellite.radius_m:g} m"
    )


def network_line(table: object) -> tuple[str, ...]:
    """One line on satellites of which only the network is known; none for what stands on the ground."""
    if not isinstance(table, TorusTable):
        return ()
    host = format_si(table.gpus * table.host_per_gpu_bps, "b/s")
    hop = format_si(table.latency_s, "s")
    return (f"satellite: {table.gpus} GPUs, host {host} each way, {hop} a hop; no orbits and no ranges are given",)


def interference_line(*, link: RadioLink, series: FabricSeries) -> tuple[str, ...]:
    """One line on what radio links lose to each other; none where they lose nothing."""
    alone = link.at(range_m=series.range_m).rate_bps
    kept = series.capacity_bps / series.structure.terminals
    if not (kept < alone * (1.0 - _ROUNDING)).any():
        return ()
    rates = [format_si(float(rate), "b/s") for rate in (alone.min(), alone.max(), kept.min(), kept.max())]
    by_itself, together = (" to ".join(dict.fromkeys(ends)) for ends in (rates[:2], rates[2:]))
    return (
        f"interference: links that all send at once carry {together} each way, one by itself {by_itself}; the ladder "
        "counts that as this wiring's",
    )


def link_line(table: OpticalTable | RadioTable | TerminalTable | NVLinkTable | None, *, parts: tuple[Part, ...]) -> str:
    """One line on a link: channels, apertures, transceivers, amplifiers."""
    what = ", ".join(part.title for part in parts)
    if isinstance(table, RadioTable):
        return (
            f"link: {table.channels} channels of {format_si(table.bandwidth_hz, 'Hz')} x {table.polarisations} "
            f"polarisations at {format_si(table.frequency_hz, 'Hz')}, {table.transmit_diameter_m * 100:g} cm dishes, "
            f"interference between links included, {what}"
        )
    if isinstance(table, TerminalTable):
        shared = "" if table.shared_by is None else f", shared by {table.shared_by} links"
        return f"link: {what}, the published rate{shared}; no budget is published"
    if not isinstance(table, OpticalTable):
        return f"link: {what}"
    spatial = "one spatial channel" if table.sub_apertures == 1 else f"{table.sub_apertures} spatial channels"
    booster = "no booster amplifier, " if table.amplifier is None else ""
    aperture = f"{table.aperture_m * 100:g} cm aperture"
    return f"link: {table.channels} wavelengths x {spatial} each way per {aperture}, {booster}{what}"
