"""The reference orbit: circular, round a spherical Earth's centre of mass. [more in issue order: J2, Sun, eclipse]"""

import math
from dataclasses import dataclass

from links.model import require_positive
from links.parts import load_part

__all__ = ["Orbit"]


@dataclass(frozen=True, kw_only=True)
class Orbit:
    """A circular reference orbit.

    Parameters
    ----------
    altitude_m : float
        Above the equatorial radius. [m]
    """

    altitude_m: float

    def __post_init__(self) -> None:
        require_positive(self.altitude_m, name="altitude_m")

    @property
    def semi_major_axis_m(self) -> float:
        """Distance from the centre of the Earth. [m]"""
        return load_part("earth")["equatorial_radius_m"] + self.altitude_m

    @property
    def mean_motion_rad_s(self) -> float:
        """sqrt(mu / a^3). [rad/s]"""
        return math.sqrt(load_part("earth")["gravitational_parameter_m3_s2"] / self.semi_major_axis_m**3)

    @property
    def period_s(self) -> float:
        """Kepler period. [s]"""
        return 2.0 * math.pi / self.mean_motion_rad_s

    def __str__(self) -> str:
        return f"circular orbit at {self.altitude_m / 1e3:g} km, period {self.period_s / 60.0:.2f} min"
