"""The tables of a scenario file, as pydantic models: which keys there are, of what kind, in what range.

`quantity` reads their units. Leaves out how a whole scenario is read and refused: see `scenario`.
"""

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from .quantity import parse_quantity

__all__ = [
    "BlockTable", "HexagonTable", "NVLinkTable", "Nvl72Table", "OpticalTable", "OrbitTable", "PairsTable", "RadioTable",
    "ReachTable", "ReadingTable", "ReferenceTable", "SatelliteTable", "SuncatcherTable", "SuperpodTable", "Table",
    "TerminalTable", "TpuSliceTable",
]  # fmt: skip


def _quantity(dimension: str) -> BeforeValidator:
    return BeforeValidator(partial(parse_quantity, dimension=dimension))


_Length = Annotated[float, _quantity("length"), Field(ge=1e-12, le=1e12)]  # atoms to planets: squares stay finite
_Time = Annotated[float, _quantity("time"), Field(ge=0)]
_Rate = Annotated[float, _quantity("rate"), Field(gt=0)]
_Angle = Annotated[float, _quantity("angle"), Field(ge=0)]
_Frequency = Annotated[float, _quantity("frequency"), Field(gt=0)]
_Level = Annotated[float, _quantity("level"), Field(ge=0)]
_Share = Annotated[float, _quantity("number"), Field(gt=0, lt=1)]
_Number = Annotated[float, _quantity("number"), Field(gt=0)]
_MOST = 1_000_000  # of anything counted: far above every design, far below what fills a memory
_Count = Annotated[int, Field(ge=1, le=_MOST, strict=True)]
_Index = Annotated[int, Field(ge=0, le=_MOST, strict=True)]


class Table(BaseModel):
    """A table of a scenario: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OrbitTable(Table):
    """Reference orbit and how finely it is sampled."""

    altitude_m: _Length
    epochs: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 24


class SuncatcherTable(Table):
    """`topo.suncatcher_lattice`."""

    kind: Literal["suncatcher_lattice"]
    pitch_m: _Length
    radius_m: _Length


class BlockTable(Table):
    """`topo.lattice_block`."""

    kind: Literal["lattice_block"]
    pitch_m: _Length
    rows: _Count
    columns: _Count


class HexagonTable(Table):
    """`topo.designs.tilted_hexagon`."""

    kind: Literal["tilted_hexagon"]
    pitch_m: _Length
    radius_m: _Length


class Nvl72Table(Table):
    """`topo.nvl72`: a fabric on the ground in the formation's place."""

    kind: Literal["nvl72"]


class SuperpodTable(Table):
    """`topo.superpod`: a fabric on the ground in the formation's place."""

    kind: Literal["superpod"]
    racks: _Count


class TpuSliceTable(Table):
    """`topo.tpu_slice`: a fabric on the ground in the formation's place; chip is the name of a part."""

    kind: Literal["tpu_slice"]
    chip: str
    shape: tuple[_Count, ...] | None = None


class SatelliteTable(Table):
    """`topo.Satellite`; rates in one direction."""

    gpus: _Count
    host_per_gpu_bps: _Rate
    local_bps: _Rate
    port_bps: _Rate | None = None
    switch_bps: _Rate | None = None
    switch_latency_s: _Time
    terminals: _Count
    radius_m: _Length


class ReachTable(Table):
    """Wiring: every pair that never drifts farther apart than the reach."""

    kind: Literal["neighbours_within"]
    reach_m: _Length
    terminals_per_link: _Count = 1


class PairsTable(Table):
    """Wiring: an explicit list of pairs."""

    kind: Literal["Wiring"]
    pairs: tuple[tuple[_Index, _Index], ...]
    terminals_per_link: _Count = 1


class OpticalTable(Table):
    """`links.OpticalLink`; transceiver and amplifier are names of parts."""

    kind: Literal["OpticalLink"]
    aperture_m: _Length
    wavelength_m: _Length
    transceiver: str
    channels: _Count
    sub_apertures: _Count = 1
    truncation: _Number
    focus_m: _Length | None = None
    optics_loss_db: _Level
    jitter_rad: _Angle
    outage: _Share
    amplifier: str | None = None


class RadioTable(Table):
    """`links.RadioLink`; radio, amplifier and modcods are names of parts. Interference is computed, see `case`."""

    kind: Literal["RadioLink"]
    radio: str
    amplifier: str
    modcods: tuple[str, ...]
    frequency_hz: _Frequency
    bandwidth_hz: _Frequency
    transmit_diameter_m: _Length
    receive_diameter_m: _Length
    channels: _Count
    polarisations: Annotated[int, Field(ge=1, le=2, strict=True)]
    amplifiers: _Count | None = None
    antennas: _Count | None = None
    antenna_spacing_m: _Length | None = None
    jitter_rad: _Angle
    outage: _Share


class TerminalTable(Table):
    """`links.terminal.TerminalLink`; part is the name of a published terminal."""

    kind: Literal["TerminalLink"]
    part: str
    shared_by: _Count | None = None


class NVLinkTable(Table):
    """`links.NVLink`; generation and cable are names of parts."""

    kind: Literal["NVLink"]
    generation: str
    cable: str
    links: _Count


class ReferenceTable(Table):
    """What the formation is compared with: always an NVL72 (scale-up), and a SuperPOD of as many GPUs (scale-out)."""

    scale_out: bool = True


class ReadingTable(Table):
    """Another defensible reading of the same system: dotted keys of the scenario and their other values."""

    label: str
    set: dict[str, Any]
