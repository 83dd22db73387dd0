from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from pyhdf.error import HDF4Error
from pyhdf.HDF import HDF
from pyhdf.SD import SD
from pyhdf.V import V  # noqa: F401  (gives HDF its vgstart)

from icestream_core.collection import Opened
from icestream_core.period import Interval, eight_day
from icestream_simulator.simulate import simulate
from icestream_simulator.snow_cover import CLOUD, LAKE, LAKE_ICE, NIGHT, NO_SNOW, OCEAN, SNOW, days_of
from icestream_simulator.truth import Truth

TILE = "h25v05"
Read = Callable[[Path], Opened]


def period(year: int, month: int, day: int) -> Interval:
    found = eight_day().containing(datetime(year, month, day, tzinfo=UTC))
    assert found is not None
    return found


WINTER = period(2026, 2, 2)


@pytest.fixture(scope="module")
def world() -> Truth:
    return Truth(1)


@pytest.fixture(scope="module")
def files(world: Truth, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out, day = tmp_path_factory.mktemp("modis"), WINTER.start.date()
    return {name: simulate(name, day, day, out, truth=world, tiles=[TILE])[0] for name in ("mod10a2", "myd10a2")}


def test_a_period_that_touches_the_days_is_written_whole(files: dict[str, Path]) -> None:
    assert files["mod10a2"].name == "MOD10A2.A2026033.h25v05.061.2026043050729.hdf"
    assert files["myd10a2"].name == "MYD10A2.A2026033.h25v05.061.2026043050729.hdf"


def test_what_was_seen_through_the_clouds_is_true(files: dict[str, Path], world: Truth, read: Read) -> None:
    true = world.snow_cover(TILE, WINTER)
    for path in files.values():
        extent = read(path).data["snow_extent"].values
        assert true[extent == SNOW].all()
        # No snow is said where a gap in the clouds showed a day without; snow on other days stays unseen.
        assert true[extent == NO_SNOW].mean() < 0.02
        assert set(np.unique(extent).tolist()) <= {NO_SNOW, CLOUD, SNOW, LAKE, LAKE_ICE}
        assert (extent == LAKE_ICE).sum() > 1000


def test_layers_attributes_and_groups_are_those_of_a_real_granule(files: dict[str, Path], granules: Path) -> None:
    (real_path,) = (granules / "mod10a2").glob("MOD10A2*.hdf")
    real, ours = SD(str(real_path)), SD(str(files["mod10a2"]))
    assert ours.datasets() == real.datasets()
    assert set(ours.attributes()) == set(real.attributes())
    for name in real.datasets():
        theirs, mine = (file.select(name).attributes() for file in (real, ours))
        assert list(mine) == list(theirs)
        assert {k: v for k, v in mine.items() if not k.startswith("Max")} == {
            k: v for k, v in theirs.items() if not k.startswith("Max")
        }
    structures = [file.attributes()["StructMetadata.0"] for file in (ours, real)]
    assert len({len(text) for text in structures}) == 1
    varying = ("UpperLeft", "LowerRight", "DeflateLevel")
    plain = [[x for x in text.rstrip("\0").split("\n") if not x.strip().startswith(varying)] for text in structures]
    assert plain[0] == plain[1]
    assert groups(files["mod10a2"])[:3] == groups(real_path)[:3]


def groups(path: Path) -> list[tuple[str, str]]:
    file = HDF(str(path))
    vgroups = file.vgstart()
    found, reference = set(), -1
    for _ in range(20):
        try:
            reference = vgroups.getid(reference)
        except HDF4Error:  # the end of the list
            break
        group = vgroups.attach(reference)
        if group._class.startswith("GRID"):
            found.add((group._name, group._class))
        group.detach()
    vgroups.end()
    file.close()
    return sorted(found)


def test_the_chronobyte_tells_the_days_on_which_snow_was_seen(files: dict[str, Path], world: Truth) -> None:
    layers = SD(str(files["mod10a2"]))
    extent, days = layers.select("Maximum_Snow_Extent")[:], layers.select("Eight_Day_Snow_Cover")[:]
    np.testing.assert_array_equal(days > 0, extent == SNOW)
    for bit, day in enumerate(days_of(WINTER)):
        seen = (days >> bit) & 1 == 1
        assert world.tile(TILE).snow(day)[seen].all()


def test_clouds_move_between_terra_and_aqua(world: Truth) -> None:
    """The afternoon's clouds are the morning's, moved eastward by three hours of wind, and somewhat changed."""
    tile, day = world.tile("h24v05"), date(2026, 1, 20)
    morning, afternoon = (tile.cloudy(day, platform) for platform in ("Terra", "Aqua"))
    assert 0.2 < morning.mean() < 0.8
    assert 0.02 < (morning != afternoon).mean() < 0.6
    moved = round(1.0e6 * 3.0 / 24.0 / 463.3127)
    agreement = {
        shift: (afternoon[:, 600:-600] == morning[:, 600 - shift : -600 - shift]).mean() for shift in (-moved, 0, moved)
    }
    assert max(agreement, key=lambda shift: agreement[shift]) == moved


def test_clouds_leave_gaps_that_terra_and_aqua_do_not_share(files: dict[str, Path], read: Read) -> None:
    terra, aqua = (read(path).data["snow_extent"].values for path in files.values())
    assert ((terra == CLOUD) != (aqua == CLOUD)).mean() > 0.002
    assert (terra == CLOUD).mean() < 0.5


def test_neighbouring_tiles_agree_at_their_edge(world: Truth) -> None:
    day = date(2026, 2, 2)
    west, east = world.tile("h24v05").snow(day)[:, -1], world.tile("h25v05").snow(day)[:, 0]
    within = world.tile("h25v05").snow(day)
    across_edge = (west != east).mean()
    assert across_edge < 3.0 * (within[:, :-1] != within[:, 1:]).mean() + 0.02


def test_the_far_north_is_dark_in_winter_and_the_sea_is_no_land(world: Truth) -> None:
    winter = world.tile("h20v02").composite(period(2025, 12, 20), "Terra").extent
    spring = world.tile("h20v02").composite(period(2026, 3, 20), "Terra").extent
    assert (winter == NIGHT).mean() > 0.5
    assert (spring == NIGHT).sum() == 0
    assert (spring == OCEAN).sum() > 10_000


def test_a_corrected_edition_has_the_same_name_and_other_bytes(world: Truth, tmp_path: Path) -> None:
    """In one directory: HDF4 keeps in the file the path that it was written to, as the real granules show."""
    day, found = WINTER.start.date(), []
    for edition in (0, 0, 1):
        (path,) = simulate("mod10a2", day, day, tmp_path, truth=world, tiles=[TILE], edition=edition)
        found.append((path.name, path.read_bytes()))
    assert found[0] == found[1]
    assert found[0][0] == found[2][0]
    assert found[0][1] != found[2][1]
