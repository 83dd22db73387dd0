"""Learning the dynamic gradient: a line a station and month, and from the stations to fields of the whole globe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from icestream_core.fit import Fitted, TooLittle
from icestream_physics.constant import constant
from icestream_physics.robust_line import huber_1964
from icestream_physics.snow_screening import SnowQuality, ng_2002
from icestream_snow_depth.gradient_fields import LATITUDES, LONGITUDES, MONTHS
from icestream_snow_depth.stations import Stations, from_stations

GENTLEST = constant(0.001, "m K-1", source="slopes below are no snow's; 0.1 cm per K", certainty="design")
STEEPEST = constant(0.04, "m K-1", source="slopes above are no snow's; 4 cm per K", certainty="design")
LARGEST_INTERCEPT = constant(0.20, "m", source="more is no calibration but another quantity", certainty="design")
LEAST_DAYS, LEAST_STATIONS = 30, 5

FloatArray = NDArray[np.float64]
Rows = Mapping[str, Any]


def learn_gradient(rows: Rows, _seed: int) -> Fitted:
    """Return slope and intercept by month and place, and how far a station is off that is left out.

    rows : station, month, latitude, longitude, elevation, depth (m) and the channels, K: pairs of cell and station
    A line is fitted by Huber's loss where dry snow is seen on 30 days of a month or more, its slope held between 0.1
    and 4 cm K-1. Slopes go from stations to places by the inverse square of the distance, and intercepts too.
    Raises TooLittle where fewer than five stations have a line in some month.
    """
    dry = dry_rows(rows)
    stations, index = _stations_of(dry)
    for number, month, here in _groups(index, dry["season_month"]):
        stations.slope[month, number], stations.intercept[month, number] = _line(
            dry["difference"][here], dry["depth"][here]
        )
    lined = np.isfinite(stations.slope).sum(axis=1)
    if lined.max(initial=0) < LEAST_STATIONS:
        raise TooLittle(
            f"{index.size} pairs of dry snow at {stations.latitude.size} stations make {lined.max(initial=0)} lines in "
            f"the best month; wanted {LEAST_STATIONS} stations with {LEAST_DAYS} days in one month of all years"
        )
    return Fitted(_fields(stations), _score(stations, index, dry))


def dry_rows(rows: Rows) -> dict[str, Any]:
    """Return those rows where the sky's view and the station agree that dry snow lies, with what a line needs."""
    tb = {name: np.asarray(rows[name], dtype=np.float64) for name in rows if name.startswith("tb_")}
    v22, v91, h91 = (tb[name] if np.isfinite(tb[name]).any() else None for name in ("tb_22v", "tb_91v", "tb_91h"))
    latitude = np.asarray(rows["latitude"], dtype=np.float64)
    quality = ng_2002(
        tb["tb_19v"], tb["tb_19h"], tb["tb_37v"], tb["tb_37h"], v22, v91, h91,
        elevation=rows["elevation"], latitude=latitude, longitude=rows["longitude"],
    ).quality  # fmt: skip
    kept = (quality == SnowQuality.DRY_SNOW) & (np.asarray(rows["depth"]) > 0)
    month = np.asarray(rows["month"], dtype=np.intp) - 1
    taken = {name: np.asarray(rows[name])[kept] for name in ("station", "latitude", "longitude", "depth")}
    season = np.where(latitude < 0, (month + MONTHS // 2) % MONTHS, month)
    return taken | {"season_month": season[kept], "difference": (tb["tb_19h"] - tb["tb_37h"])[kept]}


def _line(difference: FloatArray, depth: FloatArray) -> tuple[float, float]:
    """Return slope and intercept within their limits; NaN where the days do not suffice."""
    if difference.size < LEAST_DAYS or np.ptp(difference) == 0:
        return np.nan, np.nan
    slope = float(np.clip(huber_1964(difference, depth).slope, GENTLEST, STEEPEST))
    intercept = float(np.median(depth - slope * difference))
    return slope, float(np.clip(intercept, -LARGEST_INTERCEPT, LARGEST_INTERCEPT))


def _stations_of(dry: Rows) -> tuple[Stations, NDArray[np.intp]]:
    _, first, index = np.unique(dry["station"], return_index=True, return_inverse=True)
    empty = np.full((MONTHS, first.size), np.nan)
    return Stations(dry["latitude"][first], dry["longitude"][first], empty, empty.copy()), index


def _groups(station: NDArray[np.intp], month: NDArray[np.intp]) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
    """Give the rows of each station and month."""
    key = station * MONTHS + month
    order = np.argsort(key, kind="stable")
    keys, starts = np.unique(key[order], return_index=True)
    groups = np.split(order, starts[1:]) if keys.size else []
    for found, here in zip(keys, groups, strict=True):
        yield int(found) // MONTHS, int(found) % MONTHS, here


def _fields(stations: Stations) -> Any:
    """Return the fields of all months; a month without lines takes the nearest one's that has some."""
    import xarray as xr

    longitude, latitude = np.meshgrid(LONGITUDES, LATITUDES)
    lined = np.flatnonzero(np.isfinite(stations.slope).sum(axis=1) >= LEAST_STATIONS)
    away = np.abs(np.arange(MONTHS)[:, None] - lined)
    nearest = lined[np.minimum(away, MONTHS - away).argmin(axis=1)]
    by_month = {int(month): from_stations(stations, int(month), latitude, longitude) for month in lined}
    raw = np.stack([by_month[int(month)] for month in nearest])
    raw[~np.isin(np.arange(MONTHS), lined), 2] = 0.0
    smooth = (np.roll(raw, 1, axis=0) + 2.0 * raw + np.roll(raw, -1, axis=0)) / 4.0
    dims = ("month", "latitude", "longitude")
    units = {"slope": "m K-1", "intercept": "m", "own": "1"}
    return xr.Dataset(
        {
            name: (dims, smooth[:, n].astype(np.float32), {"units": unit})
            for n, (name, unit) in enumerate(units.items())
        },
        {"month": np.arange(1, MONTHS + 1), "latitude": LATITUDES, "longitude": LONGITUDES},
    )


def _score(stations: Stations, index: NDArray[np.intp], dry: Rows) -> dict[str, float]:
    """Return how far the depth of a station is off by the lines of all others, where those of its month suffice."""
    error, depth = [], []
    for number, month, here in _groups(index, dry["season_month"]):
        if np.isfinite(np.delete(stations.slope[month], number)).sum() < LEAST_STATIONS:
            continue
        place = stations.latitude[number : number + 1], stations.longitude[number : number + 1]
        slope, intercept, _ = from_stations(stations, month, *place, without=number)[:, 0]
        made = np.maximum(slope * dry["difference"][here] + intercept, 0.0)
        error.append(made - dry["depth"][here])
        depth.append(dry["depth"][here])
    errors, depths = np.concatenate(error), np.concatenate(depth)
    return {
        "stations": float(stations.latitude.size),
        "lines of a station and month": float(np.isfinite(stations.slope).sum()),
        "leave-station-out relative deviation": float(np.abs(errors).sum() / depths.sum()),
        "leave-station-out root mean square error, m": float(np.sqrt(np.mean(errors**2))),
        "leave-station-out bias, m": float(errors.mean()),
    }
