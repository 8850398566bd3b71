"""The tables of a scenario file, as pydantic models: which keys there are, of what kind, in what range.

`quantity` reads their units. Leaves out how a whole scenario is read and refused: see `scenario`.
"""

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .quantity import parse_quantity

__all__ = [
    "BlockTable", "ClosTable", "HexagonTable", "HexagonalTable", "NVLinkTable", "Nvl72Table", "OpticalTable",
    "OrbitTable", "PairsTable", "PublishedTable", "RadioTable", "ReachTable", "ReadingTable", "ReferenceTable",
    "SatelliteTable", "SuncatcherTable", "SuperpodTable", "Table", "TerminalTable", "TorusTable", "TpuSliceTable",
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


_LOWEST_M = 1e5  # of an orbit; below it is air, and most often a forgotten km


class Table(BaseModel):
    """A table of a scenario: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OrbitTable(Table):
    """Reference orbit and how finely it is sampled."""

    altitude_m: Annotated[_Length, Field(ge=_LOWEST_M)]
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


class HexagonalTable(Table):
    """`topo.designs.hexagonal_lattice`."""

    kind: Literal["hexagonal_lattice"]
    pitch_m: _Length
    radius_m: _Length


class Nvl72Table(Table):
    """`topo.nvl72`: a fabric on the ground in the formation's place."""

    kind: Literal["nvl72"]


class SuperpodTable(Table):
    """`topo.superpod`: a fabric on the ground in the formation's place."""

    kind: Literal["superpod"]
    racks: _Count
    oversubscription: Annotated[float, _quantity("number"), Field(ge=1, le=_MOST)] = 1.0


class TpuSliceTable(Table):
    """`topo.tpu_slice`: a fabric on the ground in the formation's place; chip is the name of a part."""

    kind: Literal["tpu_slice"]
    chip: str
    shape: tuple[_Count, ...] | None = None


class TorusTable(Table):
    """`topo.torus_fabric`: satellites of which only the network is known, no orbits; rates in one direction."""

    kind: Literal["torus_fabric"]
    dimensions: Annotated[tuple[_Count, ...], Field(min_length=1, max_length=6)]
    capacity_bps: _Rate
    latency_s: _Time
    gpus: _Count
    host_per_gpu_bps: _Rate
    local_bps: _Rate


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


class ClosTable(Table):
    """`topo.clos` along permanent sight lines: some satellites become switches without GPUs."""

    kind: Literal["clos"]
    terminals: _Count
    layers: _Count = 3
    seed: _Index = 0
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


_COUNTS = ("satellites", "computing part", "GPUs", "links")
_LENGTHS = ("shortest link", "longest link")
_DIMENSION_OF = {
    **dict.fromkeys(_COUNTS, "number"), **dict.fromkeys(_LENGTHS, "length"), "link rate": "rate", "injection": "rate",
    "all_to_all": "rate", "bisection": "rate", "permutation": "rate", "all_gather": "rate", "all_reduce": "rate",
    "latency, mean": "time", "latency, worst": "time",
}  # fmt: skip
_PER_GPU = ("injection", "all_to_all", "bisection")  # what times the GPUs is a figure of the whole formation


class PublishedTable(Table):
    """A figure that a publication prints, and which figure of the report it is compared with; see `published`.

    `of` is "formation" (rates per GPU), "whole formation" (rates summed over the GPUs, those of the smaller side for
    bisection) or a gap. `rounding` is how far apart two figures may be that count as the same, relative.
    """

    what: str
    value: Any
    compare: Literal[
        "satellites", "computing part", "GPUs", "links", "shortest link", "longest link", "link rate", "injection",
        "all_to_all", "bisection", "permutation", "all_gather", "all_reduce", "latency, mean", "latency, worst",
    ]  # fmt: skip
    of: Literal["formation", "whole formation", "gap to NVL72", "gap to SuperPOD"] = "formation"
    source: str
    locator: str = ""
    rounding: _Share = 0.01
    because: str = ""

    @model_validator(mode="after")
    def _comparable(self) -> "PublishedTable":
        structural = (*_COUNTS, *_LENGTHS, "link rate")
        if self.of != "formation" and (self.compare in structural or (self.of[0] == "w" and not self._summed)):
            raise ValueError(f"of={self.of!r} does not go with compare={self.compare!r}; leave it out")
        if not self.source.strip():
            raise ValueError("source is empty: name where the value is printed")
        if not self.published > 0:
            raise ValueError(f"value={self.value!r}: need a value above 0")
        return self

    @property
    def _summed(self) -> bool:
        return self.compare in _PER_GPU

    @property
    def dimension(self) -> str:
        """What the value is, one of `quantity.DIMENSIONS`."""
        return "number" if self.of.startswith("gap") else _DIMENSION_OF[self.compare]

    @property
    def published(self) -> float:
        """The value in SI units."""
        return parse_quantity(self.value, dimension=self.dimension)
