"""Training rows from the simulated world: what instruments see at places, beside what is true there.

A product that is fitted says which columns its training rows have (`Fit.rows`). Here they are drawn without the way
through files, so that thousands of days are a matter of seconds. `TRAINING` holds a function for each product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from icestream_simulator.frozen_soil import frozen_soil_rows
from icestream_simulator.sensor_pairs import sensor_pairs
from icestream_simulator.snow_stations import snow_stations

Progress = Callable[[int, int], None]
Rows = dict[str, NDArray[np.generic]]

TRAINING: Mapping[str, Callable[[int, Progress], Rows]] = {
    "cold-pass-tb": sensor_pairs,
    "snow-depth-global": snow_stations,
    "freeze-thaw-global-025": frozen_soil_rows,
    "freeze-thaw-three-river-source": frozen_soil_rows,
}
"""By product: from a seed to columns of equal length."""
