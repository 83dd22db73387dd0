"""The global freeze/thaw products: by hand, against the simulated world, and on a real winter morning of F17."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from icestream_core.errors import ProductError, Void
from icestream_core.gather import gather
from icestream_core.granule import Asset, Granule
from icestream_core.grid import EASE_NL, lonlat
from icestream_core.period import day
from icestream_core.pick import Recorded
from icestream_core.plugins import load
from icestream_core.slot import Slot
from icestream_foundation.cold_pass_tb import CHANNELS, cold_pass_tb
from icestream_freeze_thaw import freeze_thaw_global_005 as fine
from icestream_freeze_thaw import freeze_thaw_global_025 as coarse
from icestream_freeze_thaw.lst_downscaling import hand_down
from icestream_generation.align import onto
from icestream_generation.combine import combine
from icestream_generation.product_output import open_output
from icestream_physics.freeze_thaw import zhao_2011, zhao_2017
from icestream_simulator.surface_temperature import NIGHT_HOUR, global_temperature
from plugins.stream import BOX, MICROWAVE, Stream

PLUGINS = load()
LAND = xr.Dataset({"land_fraction": (("y", "x"), [[1.0, 1.0, 1.0, 0.2]])})
"""Three cells of land and one of sea."""


def tb(sensor: str = "amsr2") -> xr.Dataset:
    """Nagqu and Madrid as F17 really saw them on one day, a gap between orbits, and the open sea."""
    low, high = [[237.3, 255.9, np.nan, 130.0]], [[246.9, 267.9, np.nan, 205.0]]
    data = {"tb_19h": (("y", "x"), low), "tb_37v": (("y", "x"), high)}
    return xr.Dataset(data | {"calibration": (("y", "x"), np.full((1, 4), 2.0))}, attrs={"sensor": sensor})


def planes(*sensors: str) -> xr.Dataset:
    columns = {"sensor": list(sensors), "by_tb": [-0.2], "by_quasi": [10.0], "offset": [40.0]}
    return xr.Dataset({name: ("row", np.array(values * len(sensors))) for name, values in columns.items()})


def test_each_cell_says_its_state_and_what_it_rests_on() -> None:
    made = coarse.freeze_thaw_global_025(tb(), LAND, None)
    assert made["freeze_thaw"].tolist() == [[1, 0, 255, 255]]
    assert made["detail"].tolist() == [[coarse.PUBLISHED, coarse.PUBLISHED, coarse.NOT_SEEN, coarse.WATER]]
    np.testing.assert_allclose(made["index"], [[*zhao_2017([237.3, 255.9], [246.9, 267.9]), np.nan, np.nan]], rtol=1e-6)


def test_another_sensor_takes_its_own_plane_and_none_of_another() -> None:
    made = coarse.freeze_thaw_global_025(tb("ssmi"), LAND, planes("ssmi"))
    assert made["detail"].tolist()[0][:2] == [coarse.FITTED, coarse.FITTED]
    assert made["index"][0, 0] == pytest.approx(-0.2 * 246.9 + 10.0 * 237.3 / 246.9 + 40.0, rel=1e-6)
    for given in (None, planes("smmr")):
        with pytest.raises(Void, match="for ssmi none was fitted"):
            coarse.freeze_thaw_global_025(tb("ssmi"), LAND, given)


def test_a_sensors_own_files_have_no_calibration_and_need_none() -> None:
    own = tb().drop_vars("calibration")
    made, same = (coarse.freeze_thaw_global_025(each, LAND, None) for each in (own, tb()))
    np.testing.assert_array_equal(made["index"], same["index"])


def test_cells_beyond_the_grid_of_the_pass_say_nothing_of_its_level() -> None:
    brought = tb("ssmi")
    brought["calibration"] = (("y", "x"), np.array([[1.0, 1.0, np.nan, 1.0]]))
    made = coarse.freeze_thaw_global_025(brought, LAND, planes("ssmis"))
    assert made["detail"][0, 0] == coarse.FITTED


def test_a_pass_of_amsr2_is_made_of_its_own_files_by_the_published_index(tmp_path: Path) -> None:
    stream = Stream(tmp_path, PLUGINS, date(2016, 2, 4), "amsr2-l3-tb")
    case = stream.case(coarse.PRODUCT.name, {"tb": MICROWAVE, "land": "library-land"})
    manifest = case.make(tmp_path / "made").manifest
    (master,) = manifest.of_role("data")
    data = open_output(tmp_path / "made" / master.name).data
    assert (manifest.sensor, manifest.platform) == ("amsr2", "GW1")
    assert set(np.unique(data["detail"].values).tolist()) <= {coarse.PUBLISHED, coarse.WATER, coarse.NOT_SEEN}
    # The plateau in February.
    assert (data["freeze_thaw"].values == coarse.FROZEN).mean() > 0.3


def test_what_saw_no_land_is_void() -> None:
    with pytest.raises(Void, match="no pass saw any land"):
        coarse.freeze_thaw_global_025(tb(), LAND * 0.0, None)


def test_two_sensors_in_one_slot_are_refused_and_never_mixed() -> None:
    fields = {"tb_19h": np.full((1, 4), 240.0), "tb_37v": np.full((1, 4), 250.0)}
    with pytest.raises(ProductError, match="several granules of one period hold tb_19h, tb_37v"):
        combine([fields, fields], coarse.PRODUCT.inputs["tb"].align.combine, "tb")


def test_on_a_real_morning_functions_and_index_agree_over_the_hemisphere(f17: xr.Dataset, granules: Path) -> None:
    level = cold_pass_tb(f17, None)
    low, high = level["tb_19h"], level["tb_37v"]
    seen = np.isfinite(low + high) & (low > 200.0)
    functions, index = (rule(low, high)[seen] > 0 for rule in (zhao_2011, zhao_2017))
    assert (functions == index).mean() > 0.97
    assert 0.3 < index.mean() < 0.7


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return Stream(tmp_path_factory.mktemp("stream"), PLUGINS, date(2014, 4, 10))


def test_in_spring_the_simulated_ground_is_found_as_it_is(stream: Stream) -> None:
    """Over bare ground that was seen. What is compared with is the surface before dawn, not the ground below it."""
    (made,) = stream.output("freeze-thaw-global-025")
    assert made.path is not None
    data = open_output(made.path).data
    part = lonlat("part", BOX[0], BOX[3], 0.25, 56, 40)
    cells = stream.truth.on(part)
    state = stream.truth.state(cells.places, stream.day, 5.5)
    frozen, depth = (np.asarray(cells.spread(values, 0)) for values in (state.temperature < 273.15, state.depth))
    land = np.asarray(cells.spread(cells.places.terrain.land > 0.95, False))
    compared = (data["freeze_thaw"].values < 2) & (depth == 0) & land
    assert compared.sum() > 300
    assert 0.05 < frozen[compared].mean() < 0.95
    assert ((data["freeze_thaw"].values == 1) == frozen)[compared].mean() > 0.85


def test_fine_cells_are_told_apart_where_the_surface_was_seen_and_nearer_the_truth(stream: Stream) -> None:
    case = stream.case("freeze-thaw-global-005")
    gathered = case.gather()
    made = fine.freeze_thaw_global_005(**gathered.inputs, grid=gathered.grid)
    told = made["detail"] == fine.DOWNSCALED
    assert told.mean() > 0.05
    index = np.kron(gathered.inputs["coarse"]["index"].values, np.ones((fine.FACTOR, fine.FACTOR)))
    frozen = global_temperature(stream.truth, BOX).true(stream.day, NIGHT_HOUR["Aqua"]) < 273.15
    here = told & (np.abs(index) < 2.0)
    assert here.sum() > 500
    right, coarse_right = ((state == frozen)[here].mean() for state in (made["freeze_thaw"] == 1, index > 0))
    assert right > coarse_right


def globe(index: object, kelvin: object = None, error: float = 1.0) -> Any:
    """Return what is made of one row of coarse cells."""
    high = np.asarray(index, np.float64)
    grid = lonlat("row", 80.0, 36.0, 0.05, high.shape[1] * fine.FACTOR, high.shape[0] * fine.FACTOR)
    lst = None
    if kelvin is not None:
        night = np.broadcast_to(np.asarray(kelvin, np.float64), grid.shape)
        lst = xr.Dataset(
            {"lst_night": (("y", "x"), night), "lst_error_night": (("y", "x"), np.full_like(night, error))}
        )
    return fine.freeze_thaw_global_005(xr.Dataset({"index": (("y", "x"), high)}), lst, grid)


def test_with_uniform_temperature_the_fine_state_is_the_coarse_one() -> None:
    made = globe([[1.0, -1.0, np.nan]], 272.0)
    assert made["freeze_thaw"][2].tolist() == [1] * 5 + [0] * 5 + [255] * 5
    assert made["detail"][2].tolist() == [fine.DOWNSCALED] * 10 + [fine.NO_INDEX] * 5


@pytest.mark.parametrize(
    ("kelvin", "error", "said"),
    [
        (np.nan, 1.0, fine.COARSE_UNDER_CLOUD),
        (272.0, np.nan, fine.COARSE_UNDER_CLOUD),
        (None, 1.0, fine.COARSE_WITHOUT_LST),
    ],
    ids=["all cloud", "no limit to its error", "no granule came"],
)
def test_without_a_reliable_temperature_the_coarse_state_is_given_and_said_to_be(
    kelvin: float | None, error: float, said: int
) -> None:
    made = globe([[1.0, -1.0]], kelvin, error)
    assert made["freeze_thaw"][0].tolist() == [1] * 5 + [0] * 5
    assert (made["detail"] == said).all()


def test_without_any_coarse_index_nothing_is_made() -> None:
    with pytest.raises(Void, match="no coarse index"):
        globe([[np.nan, np.nan]], 272.0)


def test_a_granule_is_made_by_hand_down_with_its_mean_kept() -> None:
    index = np.random.default_rng(2).normal(0.0, 2.0, (4, 6))
    kelvin = 270.0 + np.random.default_rng(3).normal(0.0, 3.0, (20, 30))
    handed = hand_down(index, kelvin, fine.FACTOR)
    np.testing.assert_allclose(handed.fine.reshape(4, 5, 6, 5).mean(axis=(1, 3)), index, atol=1e-6)
    np.testing.assert_array_equal(globe(index, kelvin)["freeze_thaw"] == 1, handed.fine > 0)


def test_the_deliveries_have_the_stated_names_and_lie_in_hdf5(stream: Stream, tmp_path: Path) -> None:
    case = stream.case("freeze-thaw-global-005")
    manifest = case.make(tmp_path / "made").manifest
    (delivery,) = manifest.of_role("delivery")
    assert delivery.name == "2014100_FT_State05.h5"
    with h5py.File(tmp_path / "made" / delivery.name) as file:
        state = file["freeze_thaw"]
        assert (state.dtype, state.attrs["_FillValue"]) == (np.uint8, 255)
        assert state.shape == (file["latitude"].size, file["longitude"].size)


def arrived(name: str, variant: str, at: datetime) -> Recorded:
    start, checksum = datetime(2014, 2, 1, tzinfo=UTC), "sha256:" + "0" * 64
    granule = Granule(
        granule_id=f"{name}.20140201",
        checksum=checksum,
        collection=name,
        sensor="amsr2",
        variant=variant,
        start=start,
        end=start + timedelta(days=1),
        assets=(Asset(href="file", size=1, checksum=checksum),),
        published_at=at,
        received_at=at,
    )
    return Recorded(granule, at)


def test_a_companion_that_never_comes_is_waited_for_and_then_done_without() -> None:
    of = fine.PRODUCT
    interval = day().containing(datetime(2014, 2, 1, tzinfo=UTC))
    assert interval is not None
    slot = Slot(product=of.name, period=interval.label, start=interval.start, end=interval.end)
    came = interval.end + timedelta(hours=3)
    settle = timedelta(minutes=30)
    rows = [arrived("freeze-thaw-global-025", "cold", came)]
    early = gather(of, slot, rows, came + settle, settle)
    assert (early.action, early.stage) == ("make", "provisional")
    late = gather(of, slot, rows, interval.end + timedelta(days=4), settle)
    assert (late.action, late.stage, late.missing) == ("make", "final", ("lst (myd11c1)",))
    alone = gather(of, slot, [arrived("myd11c1", "", came)], interval.end + timedelta(days=5), settle)
    assert alone.action == "hopeless"


def test_channels_of_the_real_day_reach_the_grid(f17: xr.Dataset, granules: Path) -> None:
    level = cold_pass_tb(f17, None)
    nagqu = lonlat("nagqu", 91.9, 31.6, 0.25, 1, 1)
    cell = {name: (("y", "x"), onto(level[name], EASE_NL, nagqu, "nearest")) for name in CHANNELS}
    tb_there = xr.Dataset(cell | {"calibration": (("y", "x"), [[0.0]])}, attrs={"sensor": "ssmis"})
    land = xr.Dataset({"land_fraction": (("y", "x"), [[1.0]])})
    # With AMSR2's own plane, which a fit on soils comes near to for SSMIS too.
    plane = planes("ssmis").assign(by_tb=("row", [-0.123]), by_quasi=("row", [11.26]), offset=("row", [21.37]))
    assert coarse.freeze_thaw_global_025(tb_there, land, plane)["freeze_thaw"].tolist() == [[1]]
