"""Snow depth of China on a real day: F17 SSMIS, 1 February 2014, descending (NSIDC-0032).

The unscreened numbers are the files' own kelvins times the slope; the regions are what a map of the day shows.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from icestream_core.grid import CHINA_025, EASE_NL, lonlat
from icestream_foundation.cold_pass_tb import CHANNELS, cold_pass_tb
from icestream_generation.align import onto
from icestream_physics.snow_depth import che_2008_ssmi
from icestream_physics.snow_screening import SNOW_FREE, SnowQuality
from icestream_snow_depth.dry_snow_depth import dry_snow_depth
from icestream_snow_depth.snow_depth_china import snow_depth_china


class Map:
    """The product of the day, and shares of it by region."""

    def __init__(self, made: dict[str, np.ndarray]) -> None:
        self.depth, self.quality, self.screening = made["snow_depth"], made["quality"], made["screening"]
        west, _, _, north = CHINA_025.bounds
        self.latitude = north - 0.25 * (np.arange(CHINA_025.height) + 0.5)
        self.longitude = west + 0.25 * (np.arange(CHINA_025.width) + 0.5)

    def within(self, south: float, north: float, west: float, east: float) -> np.ndarray:
        rows = (self.latitude > south) & (self.latitude < north)
        columns = (self.longitude > west) & (self.longitude < east)
        return np.asarray(rows[:, np.newaxis] & columns[np.newaxis, :])

    def share(self, box: tuple[float, float, float, float], *reasons: SnowQuality) -> float:
        seen = self.within(*box) & (self.quality != SnowQuality.NO_DATA)
        return float(np.isin(self.quality[seen], reasons).mean())

    def at(self, latitude: float, longitude: float) -> tuple[int, int]:
        return int(np.argmin(abs(self.latitude - latitude))), int(np.argmin(abs(self.longitude - longitude)))


TAKLAMAKAN, GOBI = (37.0, 41.0, 77.0, 88.0), (38.0, 43.0, 97.0, 106.0)
PLATEAU, SIBERIA, NORTH_EAST = (29.0, 36.0, 80.0, 100.0), (50.0, 55.0, 60.0, 85.0), (45.0, 53.0, 120.0, 132.0)
SOUTH_CHINA, PACIFIC = (24.0, 28.0, 108.0, 115.0), (16.0, 24.0, 125.0, 138.0)


@pytest.fixture(scope="module")
def china(f17_on_china: xr.Dataset, china_elevation: xr.Dataset, china_land: xr.Dataset) -> Map:
    return Map(snow_depth_china(f17_on_china, china_elevation, china_land, None))


def test_yakutsk_has_203_mm_before_and_after_screening(f17: xr.Dataset) -> None:
    yakutsk = lonlat("yakutsk", 129.72, 62.04, 0.02, 1, 1)
    level = cold_pass_tb(f17, None)
    cell = {name: onto(level[name], EASE_NL, yakutsk, "nearest") for name in CHANNELS}
    kelvin = {name: round(float(values.item()), 1) for name, values in cell.items()}
    assert (kelvin["tb_19h"], kelvin["tb_37h"]) == (216.3, 185.5)
    assert che_2008_ssmi(cell["tb_19h"], cell["tb_37h"]).item() == pytest.approx(0.203, abs=5e-4)
    tb = xr.Dataset(
        {name: (("y", "x"), values) for name, values in cell.items()} | {"calibration": (("y", "x"), [[0.0]])},
        coords={"lat": ("y", [62.03]), "lon": ("x", [129.73])},
        attrs=f17.attrs,
    )
    ones = xr.Dataset({name: (("y", "x"), [[value]]) for name, value in (("elevation", 100.0), ("land_fraction", 1.0))})
    day = dry_snow_depth(tb, ones, ones)
    assert day.quality.item() == SnowQuality.DRY_SNOW
    assert day.depth.item() == pytest.approx(0.203, abs=5e-4)


def test_deserts_are_bare_because_they_are_desert(china: Map) -> None:
    assert china.share(TAKLAMAKAN, SnowQuality.DESERT) > 0.75
    assert china.share(TAKLAMAKAN, *SNOW_FREE) > 0.97
    assert china.share(GOBI, SnowQuality.DESERT) > 0.75
    assert china.quality[china.at(39.0, 83.0)] == SnowQuality.DESERT
    assert china.depth[china.at(39.0, 83.0)] == 0


def test_frozen_ground_at_nagqu_is_bare_because_it_is_frozen(china: Map) -> None:
    assert china.quality[china.at(31.5, 92.0)] == SnowQuality.FROZEN_GROUND
    assert china.depth[china.at(31.5, 92.0)] == 0


def test_most_of_the_plateau_is_false_snow(china: Map, f17_on_china: xr.Dataset) -> None:
    false = china.quality == SnowQuality.PLATEAU_FALSE_SNOW
    assert china.share(PLATEAU, SnowQuality.PLATEAU_FALSE_SNOW) > 0.6
    assert china.share(PLATEAU, SnowQuality.DRY_SNOW) < 0.12
    assert not false[~china.within(27.0, 40.0, 70.0, 105.0)].any()
    tb = f17_on_china.sel(step=0)
    unscreened = che_2008_ssmi(tb["tb_19h"].values, tb["tb_37h"].values)
    # What the screening takes away here is no trifle: an equation alone would see centimetres of snow.
    assert unscreened[false].mean() > 0.05
    assert (china.depth[false] == 0).all()


def test_siberia_and_the_north_east_lie_under_snow(china: Map) -> None:
    for region in (SIBERIA, NORTH_EAST):
        assert china.share(region, SnowQuality.DRY_SNOW) > 0.94
        assert 0.1 < np.nanmean(china.depth[china.within(*region)]) < 0.16
    assert china.depth[china.at(47.0, 130.0)] == pytest.approx(0.0066 * (237.3 - 200.6), abs=1e-4)


def test_south_china_is_free_of_snow_because_nothing_scatters(china: Map) -> None:
    assert china.share(SOUTH_CHINA, SnowQuality.NO_SCATTERING) == 1


def test_the_open_sea_is_water_whether_an_orbit_saw_it_or_not(china: Map, china_land: xr.Dataset) -> None:
    land = china_land["land_fraction"].values
    water = land < 0.69
    assert (china.quality[water] == SnowQuality.WATER).all()
    assert not (china.quality[land > 0.71] == SnowQuality.WATER).any()
    assert (china.quality[china.within(*PACIFIC)] == SnowQuality.WATER).all()
    assert 0.2 < water.mean() < 0.3


def test_the_southern_edge_is_whole(china: Map) -> None:
    assert china.latitude[-1] == 15.0
    edge = china.quality[-1]
    assert {SnowQuality.WATER, SnowQuality.NO_SCATTERING} <= set(edge.tolist())
    assert np.isnan(china.depth[-1][edge == SnowQuality.WATER]).all()


def test_what_was_not_seen_lies_between_the_orbits(china: Map, f17_on_china: xr.Dataset) -> None:
    gaps = china.quality == SnowQuality.NO_DATA
    seven = np.all([np.isfinite(f17_on_china[name].sel(step=0).values) for name in CHANNELS], axis=0)
    np.testing.assert_array_equal(gaps, ~seven & (china.quality != SnowQuality.WATER))
    north, middle = gaps[china.within(52.0, 55.2, 59.0, 141.0)], gaps[china.within(24.0, 36.0, 59.0, 141.0)]
    # Orbits overlap towards the pole.
    assert north.mean() < 0.05 < 0.15 < middle.mean()


def test_orbit_gaps_close_with_the_day_after(
    f17_on_china: xr.Dataset, china_elevation: xr.Dataset, china_land: xr.Dataset, china: Map
) -> None:
    # The day after is the same day, its orbits 12 degrees further west.
    tb = f17_on_china.copy(deep=True)
    for name in tb.data_vars:
        tb[name].loc[{"step": 1}] = np.roll(tb[name].sel(step=0).values, -48, axis=1)
    filled = Map(snow_depth_china(tb, china_elevation, china_land, None))
    gaps = china.quality == SnowQuality.NO_DATA
    closed = filled.quality == SnowQuality.GAP_FILLED
    assert closed[gaps].mean() > 0.5
    assert not closed[~gaps].any()
    np.testing.assert_array_equal(filled.depth[~gaps], china.depth[~gaps])
    assert np.isfinite(filled.depth[closed]).all()


def test_the_sensor_has_every_channel_that_the_screening_asks_for(china: Map) -> None:
    assert (china.screening == 0).all()
