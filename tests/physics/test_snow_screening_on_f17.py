"""The decision tree on a real day: F17 SSMIS, 1 February 2014, descending, northern EASE-Grid (NSIDC-0032)."""

from pathlib import Path

import numpy as np
import pytest

from icestream_physics.snow_depth import che_2008_ssmi
from icestream_physics.snow_screening import Screening, SnowQuality, grody_basist_1996, ng_2002

RADIUS, CELL, SIZE, POLE = 6371228.0, 25067.525, 721, 360
CHANNELS = ("19V", "19H", "37V", "37H", "22V", "91V", "91H")

REGIONS = {
    "Sahara": (18, 30, -5, 30),
    "Arabia": (18, 25, 45, 55),
    "Tibetan Plateau": (29, 36, 80, 100),
    "Greenland ice sheet": (68, 80, -50, -32),
    "West Siberia": (55, 65, 60, 85),
    "East Siberia": (58, 68, 90, 130),
    "Canada": (58, 66, -120, -100),
    "South China": (24, 28, 108, 115),
}
"""South, north, west, east, degrees."""


class Scene:
    """The seven channels, where each cell lies, and what the tree says."""

    def __init__(self, folder: Path) -> None:
        self.tb = {channel: self._read(folder, channel) for channel in CHANNELS}
        row, column = np.mgrid[0:SIZE, 0:SIZE]
        x, y = (column - POLE) * CELL, (POLE - row) * CELL
        self.latitude = 90 - 2 * np.degrees(np.arcsin(np.minimum(np.hypot(x, y) / (2 * RADIUS), 1)))
        self.longitude = np.degrees(np.arctan2(x, -y))
        # No elevation model comes with the scene: every cell of the plateau's box counts as high.
        self.screening: Screening = ng_2002(
            *self.tb.values(),
            elevation=np.full((SIZE, SIZE), 4500.0),
            latitude=self.latitude,
            longitude=self.longitude,
        )

    @staticmethod
    def _read(folder: Path, channel: str) -> np.ndarray:
        tenths = np.fromfile(folder / f"EASE-F17-NL2014032D-V2.{channel}", "<u2").reshape(SIZE, SIZE)
        return np.where(tenths == 0, np.nan, tenths / 10.0)

    def share(self, region: str, *reasons: SnowQuality) -> float:
        south, north, west, east = REGIONS[region]
        inside = (self.latitude > south) & (self.latitude < north) & (self.longitude > west) & (self.longitude < east)
        seen = inside & (self.screening.quality != SnowQuality.NO_DATA)
        return float(np.isin(self.screening.quality[seen], reasons).mean())

    def at(self, latitude: float, longitude: float) -> tuple[int, int]:
        away = (self.latitude - latitude) ** 2 + ((self.longitude - longitude) * np.cos(np.radians(latitude))) ** 2
        row, column = np.unravel_index(np.argmin(away), away.shape)
        return int(row), int(column)


@pytest.fixture(scope="module")
def scene(granules: Path) -> Scene:
    return Scene(granules / "nsidc-0032")


def test_no_snow_lies_in_the_sahara_because_it_is_desert(scene: Scene) -> None:
    assert scene.share("Sahara", SnowQuality.DRY_SNOW) == 0
    assert scene.share("Sahara", SnowQuality.DESERT) > 0.8
    assert scene.share("Sahara", SnowQuality.DESERT, SnowQuality.NO_SCATTERING) > 0.96
    assert scene.screening.quality[scene.at(28, 25)] == SnowQuality.DESERT


def test_no_snow_lies_in_arabia_because_it_is_desert_or_does_not_scatter(scene: Scene) -> None:
    assert scene.share("Arabia", SnowQuality.DESERT) > 0.6
    assert scene.share("Arabia", SnowQuality.DESERT, SnowQuality.NO_SCATTERING) == 1


def test_the_ground_at_nagqu_is_frozen_and_bare(scene: Scene) -> None:
    assert scene.screening.quality[scene.at(31.5, 92)] == SnowQuality.FROZEN_GROUND


def test_the_plateau_is_mostly_false_snow(scene: Scene) -> None:
    assert scene.share("Tibetan Plateau", SnowQuality.PLATEAU_FALSE_SNOW) > 0.6
    assert 0.02 < scene.share("Tibetan Plateau", SnowQuality.DRY_SNOW) < 0.12
    without_place = ng_2002(*scene.tb.values())
    was_snow = without_place.quality == SnowQuality.DRY_SNOW
    false = scene.screening.quality == SnowQuality.PLATEAU_FALSE_SNOW
    assert (was_snow[false]).all()


def test_greenland_is_glacier_also_where_it_does_not_scatter(scene: Scene) -> None:
    assert scene.share("Greenland ice sheet", SnowQuality.GLACIER) > 0.98
    assert scene.share("Greenland ice sheet", SnowQuality.DRY_SNOW) == 0


@pytest.mark.parametrize(("region", "least"), [("West Siberia", 0.99), ("Canada", 0.97), ("East Siberia", 0.93)])
def test_the_northern_winter_is_snow(scene: Scene, region: str, least: float) -> None:
    assert scene.share(region, SnowQuality.DRY_SNOW) > least


def test_the_coldest_deep_snow_of_siberia_passes_for_glacier(scene: Scene) -> None:
    # A known weakness of the tree: 22V at or below 216 K.
    assert 0.02 < scene.share("East Siberia", SnowQuality.GLACIER) < 0.08


def test_south_china_is_free_of_snow(scene: Scene) -> None:
    assert scene.share("South China", SnowQuality.NO_SCATTERING) == 1


def test_yakutsk_has_20_cm_of_dry_snow(scene: Scene) -> None:
    there = scene.at(62.0, 129.7)
    assert scene.screening.quality[there] == SnowQuality.DRY_SNOW
    assert che_2008_ssmi(scene.tb["19H"][there], scene.tb["37H"][there]) == pytest.approx(0.20, abs=0.01)


def test_only_cells_without_all_seven_channels_have_no_data(scene: Scene) -> None:
    holes = np.any([np.isnan(tb) for tb in scene.tb.values()], axis=0)
    np.testing.assert_array_equal(scene.screening.quality == SnowQuality.NO_DATA, holes)
    assert 0.3 < holes.mean() < 0.4


def test_the_edition_of_1996_finds_about_as_much_snow(scene: Scene) -> None:
    # The 2002 edition lets 22V be warmer before it speaks of rain, and asks for 3 K more of scattering.
    new = np.count_nonzero(ng_2002(*scene.tb.values()).quality == SnowQuality.DRY_SNOW)
    old = np.count_nonzero(grody_basist_1996(*scene.tb.values()).quality == SnowQuality.DRY_SNOW)
    assert old == pytest.approx(new, rel=0.1)
