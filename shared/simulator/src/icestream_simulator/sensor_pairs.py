"""Pairs of what two radiometers see of the same places on the same days, for the fitting of sensor transfers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from icestream_physics.forward import BANDS
from icestream_simulator.brightness import observe
from icestream_simulator.land_places import land_places
from icestream_simulator.noise import FloatArray
from icestream_simulator.places import Places
from icestream_simulator.radiometer import F08, F11, F13, F17, GCOM_W1, NIMBUS_7, Radiometer
from icestream_simulator.truth import Truth

OVERLAPS = (
    (NIMBUS_7, F08, date(1987, 7, 12)),
    (F08, F11, date(1991, 12, 5)),
    (F11, F13, date(1995, 5, 10)),
    (F13, F17, date(2007, 1, 15)),
    (GCOM_W1, F17, date(2013, 1, 15)),
)
"""Two radiometers, and a day from which on both were there."""
DAYS, EVERY = 6, 4
PLACES = 2500


def sensor_pairs(seed: int, progress: Callable[[int, int], None]) -> dict[str, NDArray[np.generic]]:
    """Return pairs of cold passes over northern land: two platforms, channel, `tb_source` and `tb_reference`, K.

    The simulated radiometers have no errors of level: what a line takes up is that their frequencies differ.
    """
    truth = Truth(seed)
    places = land_places(seed, "sensor pairs", PLACES, south=20.0)
    parts: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("source", "reference", "channel", "tb_source", "tb_reference")
    }
    done = 0
    for source, reference, first in OVERLAPS:
        for number in range(DAYS):
            day = first + timedelta(days=number * EVERY)
            seen, wanted = (see(truth, places, radiometer, day) for radiometer in (source, reference))
            for channel in sorted(seen.keys() & wanted.keys()):
                words = {"source": source.platform, "reference": reference.platform, "channel": channel}
                for name, word in words.items():
                    parts[name].append(np.full(PLACES, word, "<U12"))
                parts["tb_source"].append(seen[channel])
                parts["tb_reference"].append(wanted[channel])
            done += 1
            progress(done, DAYS * len(OVERLAPS))
    return {name: np.concatenate(columns) for name, columns in parts.items()}


def see(truth: Truth, places: Places, radiometer: Radiometer, day: date) -> dict[str, FloatArray]:
    """Return what the cold pass of a radiometer sees, by the names that channels have among the products."""
    state = truth.state(places, day, radiometer.local_hour(radiometer.cold_pass))
    name = f"{radiometer.platform} {day:%Y%m%d}"
    seen = observe(state, places.terrain, radiometer, truth.seed, name)
    return {
        f"tb_{BANDS[channel.frequency]}{channel.polarisation.lower()}": seen[channel.label]
        for channel in radiometer.channels
    }
