"""What both rules learn from: what a sensor sees where a station tells the temperature of the ground."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from icestream_core.fit import Fitted, TooLittle
from icestream_core.grid import Grid
from icestream_core.inputs import Input, source
from icestream_freeze_thaw.sensors import level_of
from icestream_physics.constant import constant

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Indicators = tuple[FloatArray, FloatArray]

MELTING_POINT = constant(273.15, "K", source="of ice", certainty="verified")
CHANNELS = ("tb_19h", "tb_19v", "tb_37v")
ROWS = {"sensor": "", **dict.fromkeys(CHANNELS, "K"), "ground_temperature": "K"}
INPUTS = {
    "tb": Input(sources=(source("cold-pass-tb", tiles="ml nl eq25 eq10"),), variant="cold", tile="any"),
    "ground": Input(sources=(source("ground-temperature"),)),
}
"""Of a training slot: a day."""
FOLDS = 5
FEWEST = 30
"""Rows of frozen and of thawed ground each, without which a sensor is left out."""


def sample_stations(tb: Sequence[xr.Dataset], ground: Sequence[xr.Dataset], grid: Grid) -> dict[str, Any]:
    """Return a row for each station and sensor; where the sensor did not see the station's cell, with a gap.

    tb : brightness temperature of cold-pass-tb, K; one dataset a sensor
    ground : rows of `latitude`, `longitude` (degrees) and `ground_temperature` (K)
    grid : of the brightness temperatures, geographic
    """
    west, _, _, north = grid.bounds
    latitude, longitude, kelvin = (
        np.concatenate([table[name].values for table in ground])
        for name in ("latitude", "longitude", "ground_temperature")
    )
    row = np.clip(((north - latitude) / grid.cell[1]).astype(np.int64), 0, grid.height - 1)
    column = ((longitude - west) / grid.cell[0]).astype(np.int64) % grid.width
    parts: dict[str, list[Any]] = {name: [np.empty(0)] for name in ROWS}
    for each in tb:
        parts["sensor"].append(np.full(kelvin.size, level_of(each), "<U12"))
        for channel in CHANNELS:
            parts[channel].append(each[channel].values[row, column])
        parts["ground_temperature"].append(kelvin)
    return {name: np.concatenate(columns[1:] or columns) for name, columns in parts.items()}


class Rule(Protocol):
    """What tells frozen from thawed ground by two indicators."""

    def _asdict(self) -> dict[str, float]: ...

    def frozen(self, first: FloatArray, second: FloatArray, /) -> BoolArray: ...


Learn = Callable[[FloatArray, FloatArray, BoolArray], Rule]


def by_sensor(
    rows: Mapping[str, Any],
    seed: int,
    indicators: Callable[[str, Mapping[str, FloatArray]], Indicators],
    learn: Learn,
) -> Fitted:
    """Return what a rule learns of every sensor with enough rows, and its accuracy on rows that it never saw.

    rows : as of `ROWS`; those with a gap are left out
    indicators : of a sensor, from its brightness temperatures (K) by channel
    Raises TooLittle where no sensor has enough.
    """
    sensors = np.asarray(rows["sensor"])
    columns = {name: np.asarray(rows[name], dtype=np.float64) for name in ROWS if name != "sensor"}
    whole = np.isfinite(np.sum(list(columns.values()), axis=0))
    parameters: dict[str, list[Any]] = {"sensor": []}
    score: dict[str, float] = {}
    for sensor in np.unique(sensors).tolist():
        own = {name: column[whole & (sensors == sensor)] for name, column in columns.items()}
        frozen = own["ground_temperature"] < MELTING_POINT
        if min(int(frozen.sum()), int((~frozen).sum())) < FEWEST:
            continue
        given = indicators(sensor, own)
        parameters["sensor"].append(sensor)
        for name, value in learn(*given, frozen)._asdict().items():
            parameters.setdefault(name, []).append(value)
        score[f"overall accuracy of {sensor}"] = cross_validated(learn, given, frozen, seed)
    if not score:
        raise TooLittle(
            f"found {int(whole.sum())} rows without a gap; wanted {FEWEST} of frozen and {FEWEST} of thawed ground of "
            "one sensor"
        )
    return Fitted(parameters, score)


def cross_validated(learn: Learn, indicators: Indicators, frozen: BoolArray, seed: int) -> float:
    """Return the overall accuracy, 0 to 1, on rows that a rule was not learned from.

    learn : from indicators and truth to a rule
    seed : of the division into five parts, in each of which as large a share is frozen
    """
    dice = np.random.default_rng(seed)
    fold = np.empty(frozen.size, dtype=np.int64)
    for state in (True, False):
        rows = dice.permutation(np.flatnonzero(frozen == state))
        fold[rows] = np.arange(rows.size) % FOLDS
    first, second = indicators
    right = np.zeros(frozen.size, dtype=bool)
    for number in range(FOLDS):
        out = fold == number
        rule = learn(first[~out], second[~out], frozen[~out])
        right[out] = rule.frozen(first[out], second[out]) == frozen[out]
    return float(right.mean())
