"""The microwave radiometers: their channels, orbits and years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from icestream_physics.forward import Polarisation

Pass = Literal["A", "D"]
"""Ascending (northward) or descending."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel.

    label : as file names carry it
    frequency : GHz
    """

    label: str
    frequency: float
    polarisation: Polarisation


@dataclass(frozen=True, slots=True)
class Radiometer:
    """One radiometer on one platform.

    inclination : of the orbit, degrees
    period : of the orbit, minutes
    ascending_hour : local solar time at which it crosses the equator northward, hours
    swath : km
    noise : noise-equivalent temperature difference, K
    first, last : days on which it measured; None while it lives
    every : it is switched on each so many days
    written : the platform's name in file names
    suffix : of its file names, before the channel
    """

    platform: str
    channels: tuple[Channel, ...]
    inclination: float
    period: float
    ascending_hour: float
    swath: float
    cold_pass: Pass
    first: date
    last: date | None = None
    noise: float = 0.6
    every: int = 1
    written: str = ""
    suffix: str = ""

    def measures_on(self, day: date) -> bool:
        """Whether it was in orbit and switched on."""
        alive = self.first <= day and (self.last is None or day <= self.last)
        return alive and (day - self.first).days % self.every == 0

    def local_hour(self, half_orbit: Pass) -> float:
        """Return the local solar time of a pass at the equator, hours."""
        return self.ascending_hour if half_orbit == "A" else (self.ascending_hour + 12.0) % 24.0


def _channels(**frequencies: float) -> tuple[Channel, ...]:
    """Return channels from labels such as b19H=19.35: the last letter is the polarisation."""
    return tuple(
        Channel(label[1:], frequency, "H" if label.endswith("H") else "V") for label, frequency in frequencies.items()
    )


_SMMR = _channels(b18H=18.0, b18V=18.0, b37H=37.0, b37V=37.0)
_SSMI = _channels(b19H=19.35, b19V=19.35, b22V=22.235, b37H=37.0, b37V=37.0, b85H=85.5, b85V=85.5)
_SSMIS = _channels(b19H=19.35, b19V=19.35, b22V=22.235, b37H=37.0, b37V=37.0, b91H=91.655, b91V=91.655)

AMSR2_FREQUENCIES = {"18": 18.7, "23": 23.8, "36": 36.5, "89": 89.0}
"""GHz by the number in file names; each file holds both polarisations."""
_AMSR2 = tuple(
    Channel(f"{label}{polarisation}", frequency, polarisation)
    for label, frequency in AMSR2_FREQUENCIES.items()
    for polarisation in ("H", "V")
)


def _ssmi(platform: str, ascending_hour: float, cold_pass: Pass, first: date, last: date) -> Radiometer:
    return Radiometer(platform, _SSMI, 98.8, 101.9, ascending_hour, 1394.0, cold_pass, first, last)


NIMBUS_7 = Radiometer(
    "N07",
    _SMMR,
    99.3,
    104.15,
    12.0,
    783.0,
    "D",
    date(1978, 10, 25),
    date(1987, 8, 20),
    noise=0.9,
    every=2,
    written="SMMR",
)
F08 = _ssmi("F08", 6.2, "A", date(1987, 7, 9), date(1991, 12, 31))
F11 = _ssmi("F11", 18.2, "D", date(1991, 12, 3), date(1995, 9, 30))
F13 = _ssmi("F13", 17.7, "D", date(1995, 5, 3), date(2009, 11, 29))
F17 = Radiometer("F17", _SSMIS, 98.8, 101.9, 17.5, 1707.0, "D", date(2006, 12, 14), date(2026, 9, 30), suffix="-V2")
GCOM_W1 = Radiometer("GW1", _AMSR2, 98.2, 98.8, 13.5, 1450.0, "D", date(2012, 7, 3))

SSMI_AND_SSMIS = {radiometer.platform: radiometer for radiometer in (F08, F11, F13, F17)}
