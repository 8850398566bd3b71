"""Links of the ground network: pluggable and co-packaged optics on fibre, passive and active copper cables.

Reach, power and delay are those of the module's data sheet. Leaves out dispersion and the switch or card at its ends.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Planck, speed_of_light

from .copper import copper_capacity_bps
from .model import LinkBudget, LinkState, Surroundings, require_count, require_positive
from .noise import STANDARD_TEMPERATURE_K
from .parts import Part
from .units import from_db, watt_from_dbm

__all__ = ["FibreLink"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FibreLink:
    """One direction through equal modules at both ends; the range is the length of the cable or fibre.

    Parameters
    ----------
    module : Part
        Kind `fibre_module` (DSP, LPO, CPO ...) or `copper_module` (DAC, AEC): `dsp_1600g`, `dac_800g` ...
    modules : int
        In parallel, at each end.

    Notes
    -----
    Full rate up to the module's reach, nothing beyond. The margin is what the medium still may lose: its loss per metre
    times the reach left. A module sends one direction and receives the other, so a direction (transmitter at the tail,
    receiver at the head) is charged one module, and the two arcs of a link two.

    Where published powers disagree the part's `power_w` is the default; for another one use
    `dataclasses.replace` on the part, or read the alternatives beside it.

    Examples
    --------
    >>> from links.parts import load_part
    >>> state = FibreLink(module=load_part("dsp_1600g")).at(range_m=[30.0, 300.0, 800.0])
    >>> (state.rate_bps / 1e9).tolist(), state.power_w.tolist()
    ([1600.0, 1600.0, 0.0], [25.0, 25.0, 0.0])
    """

    module: Part
    modules: int = 1

    def __post_init__(self) -> None:
        if self.module.kind not in ("fibre_module", "copper_module"):
            raise ValueError(
                f"module={self.module.name!r} is a {self.module.kind}: use a fibre_module or copper_module"
            )
        object.__setattr__(self, "modules", require_count(self.modules, name="modules"))

    @property
    def medium(self) -> str:
        """The medium: fibre or copper."""
        return self.module.kind.removesuffix("_module")

    @property
    def _speed_m_s(self) -> float:
        if self.medium == "fibre":
            return speed_of_light / self.module["group_index"]
        return speed_of_light * self.module["velocity_factor"]

    @property
    def _fixed_loss_db(self) -> float:
        """Connectors, or packages and boards: what the budget leaves beside a medium of full reach."""
        return self.module["channel_budget_db"] - self.module["loss_db_m"] * self.module["reach_m"]

    @property
    def _launch_dbm(self) -> float:
        return self.module["launch_power_dbm" if self.medium == "fibre" else "transmit_power_dbm"]

    def at(self, *, range_m: ArrayLike, surroundings: Surroundings | None = None) -> LinkState:
        """State of one direction at each length; a cable does not see its surroundings."""
        length = require_positive(range_m, name="range_m", zero=True)
        closes = length <= self.module["reach_m"]
        low_s, high_s = self.module.data["electronics_latency_s"].ends
        flight_s = length / self._speed_m_s
        return LinkState(
            rate_bps=np.where(closes, self.modules * self.module["payload_bps"], 0.0),
            latency_s=np.asarray(flight_s + high_s),
            latency_low_s=np.asarray(flight_s + low_s),
            power_w=np.where(closes, self.modules * self.module["power_w"], 0.0),
            availability=np.where(closes, 1.0, 0.0),
            margin_db=np.asarray(self.module["loss_db_m"] * (self.module["reach_m"] - length)),
            channels=np.where(closes, self.modules * int(self.module["lanes"]), 0),
        )

    def budget(self, *, range_m: float) -> LinkBudget:
        """The ledger of one lane at one length."""
        length = float(require_positive(range_m, name="range_m", zero=True))
        fixed = "connectors" if self.medium == "fibre" else "packages, boards, connectors"
        return LinkBudget(
            title=f"{self.module.title}, one lane",
            transmit_dbm=self._launch_dbm,
            terms=(
                (fixed, -self._fixed_loss_db),
                (f"{length:g} m of {self.medium}", -self.module["loss_db_m"] * length),
            ),
            sensitivity_dbm=self._launch_dbm - self.module["channel_budget_db"],
        )

    def limit_bps(self, *, range_m: ArrayLike) -> Floats:
        """What physics allows in the same lanes, band and power. [bit/s]

        Notes
        -----
        Fibre: two polarisations in one symbol rate of optical band, log2(1 + P/(2 h nu B)) each, a shot-noise-limited
        coherent receiver behind the fibre alone. Copper: `links.copper.copper_capacity_bps`.
        """
        length = require_positive(range_m, name="range_m", zero=True)
        lanes = self.modules * self.module["lanes"]
        if self.medium == "copper":
            nyquist_hz = self.module["symbol_rate_bd"] / 2.0
            return np.asarray(
                lanes
                * copper_capacity_bps(
                    cable=self.module,
                    length_m=length,
                    bandwidth_hz=nyquist_hz,
                    transmit_power_dbm=self._launch_dbm,
                    fixed_loss_db=self._fixed_loss_db,
                    noise_temperature_k=STANDARD_TEMPERATURE_K,
                )
            )
        band_hz = self.module["symbol_rate_bd"]
        photon_j = Planck * speed_of_light / self.module["wavelength_m"]
        received_w = watt_from_dbm(self._launch_dbm) * from_db(-self.module["loss_db_m"] * length)
        return np.asarray(lanes * 2.0 * band_hz * np.log1p(received_w / (2.0 * photon_j * band_hz)) / math.log(2.0))
