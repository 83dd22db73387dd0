"""Snow depth of the globe: coefficients of place and season, gaps, flags, deliveries, and what the slot waits for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from icestream_core.gather import gather
from icestream_core.granule import Asset, Granule
from icestream_core.grid import EASE_ML
from icestream_core.pick import Recorded, pick
from icestream_core.slot import Slot
from icestream_generation.ascii_grid import write_ascii_grid
from icestream_physics.snow_screening import SnowQuality
from icestream_snow_depth.dry_snow_depth import ALL_TESTS, WITHOUT_22_AND_91
from icestream_snow_depth.global_deliveries import DELIVERIES, EURASIA_025
from icestream_snow_depth.gradient_fields import LATITUDES, LONGITUDES, Gradient, gradient_on, season_position
from icestream_snow_depth.snow_depth_global import (
    FROM_ALL_STATIONS,
    LIMITED,
    ORDINARY,
    PRODUCT,
    SHALLOW,
    snow_depth_global,
)

Scene = Callable[..., xr.Dataset]
Made = dict[str, np.ndarray]
GAP = {"all": np.nan}


def on(day: date) -> Slot:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Slot(product=PRODUCT.name, period=f"{day:%Y%m%d}", start=start, end=start + timedelta(days=1))


def coefficients(slope: object = 0.008, intercept: object = 0.01, own: object = 1.0) -> xr.Dataset:
    """Return fields; each given as one number, or by month (12)."""
    shape = (12, LATITUDES.size, LONGITUDES.size)

    def field(values: object) -> np.ndarray:
        given = np.asarray(values, np.float64)
        return np.broadcast_to(given.reshape(-1, 1, 1) if given.ndim else given, shape)

    dims = ("month", "latitude", "longitude")
    given = {"slope": slope, "intercept": intercept, "own": own}
    return xr.Dataset({name: (dims, field(values)) for name, values in given.items()})


def made(tb: xr.Dataset, day: date = date(2014, 1, 16), fitted: xr.Dataset | None = None, land: float = 1.0) -> Made:
    cells = {"lat": tb["lat"].values, "lon": tb["lon"].values}
    longitude, latitude = np.meshgrid(cells["lon"], cells["lat"])
    shape = latitude.shape
    return snow_depth_global(
        tb,
        xr.Dataset({"elevation": (("y", "x"), np.full(shape, 100.0))}),
        xr.Dataset({"land_fraction": (("y", "x"), np.full(shape, land))}),
        coefficients() if fitted is None else fitted,
        on(day),
        xr.DataArray(latitude, dims=("y", "x")),
        xr.DataArray(longitude, dims=("y", "x")),
    )


def test_depth_is_slope_times_difference_and_intercept(scene: Scene) -> None:
    # The scene's 19H and 37H are 232 and 205 K.
    depth = made(scene())["snow_depth"]
    assert depth.item() == pytest.approx(0.008 * 27 + 0.01, abs=1e-6)


def test_coefficients_go_from_month_to_month_without_a_jump(scene: Scene) -> None:
    by_month = coefficients(slope=np.arange(1, 13) / 1000.0, intercept=0.0)
    middle = made(scene(), date(2014, 3, 17), by_month)["snow_depth"].item() / 27
    assert middle == pytest.approx(0.003, abs=4e-5)
    before, after = (made(scene(), day, by_month)["snow_depth"].item() for day in (date(2014, 3, 31), date(2014, 4, 1)))
    assert 0 < after - before < 0.002
    turn = [made(scene(), day, by_month)["snow_depth"].item() for day in (date(2013, 12, 31), date(2014, 1, 1))]
    # December and January are 0.3 m apart here; a day is a thirtieth of the way.
    assert abs(turn[1] - turn[0]) < 0.015


def test_the_south_takes_the_month_that_is_half_a_year_away() -> None:
    north, south = (season_position(date(2014, 7, 16), north=half) for half in (True, False))
    assert north[0] in (5, 6)
    assert south[0] in (11, 0)
    fields = Gradient(*(np.arange(12.0)[:, None, None] * np.ones((12, LATITUDES.size, LONGITUDES.size)),) * 3)
    found = gradient_on(fields, date(2014, 7, 17), np.array([50.0, -50.0]), np.array([10.0, 10.0]))
    assert found.slope[0] == pytest.approx(6.0, abs=0.05)
    assert min(found.slope[1], 11 - found.slope[1]) == pytest.approx(0.0, abs=0.6)


def test_coefficients_are_linear_between_nodes_and_whole_round_the_globe() -> None:
    ramp = np.broadcast_to(LATITUDES[:, None], (12, LATITUDES.size, LONGITUDES.size))
    latitude, longitude = np.array([48.5, 60.0, 89.9, -89.9]), np.array([180.0, -179.99, 0.0, 37.3])
    found = gradient_on(Gradient(ramp, ramp, ramp), date(2014, 1, 1), latitude, longitude)
    assert found.slope.tolist() == pytest.approx([48.5, 60.0, 89.0, -89.0])


def test_an_orbit_gap_takes_the_mean_of_the_days_on_either_side_and_nothing_else_does(scene: Scene) -> None:
    near = {-1: {"tb_37h": [[205.0, 195.0]]}, 0: {"all": [[np.nan, 232.0]]}, 1: {"tb_37h": [[215.0, 195.0]]}}
    tb = scene(near, cells=2)
    for name, value in {"tb_37h": 205.0, "tb_37v": 215.0, "tb_91v": 190.0, "tb_91h": 185.0, "tb_19v": 240.0}.items():
        tb[name][{"step": 1, "x": 1}] = value
    result = made(tb)
    assert result["quality"].tolist() == [[SnowQuality.GAP_FILLED, SnowQuality.DRY_SNOW]]
    assert result["snow_depth"][0, 0] == pytest.approx(0.008 * 22 + 0.01, abs=1e-6)
    assert result["snow_depth"][0, 1] == pytest.approx(0.008 * 27 + 0.01, abs=1e-6)


def test_without_the_days_on_either_side_a_gap_stays_a_gap(scene: Scene) -> None:
    result = made(scene({-1: GAP, 0: GAP, 1: GAP}))
    assert np.isnan(result["snow_depth"]).all()
    assert (result["quality"] == SnowQuality.NO_DATA).all()


def test_a_missing_channel_is_flagged_and_its_tests_are_left_out(scene: Scene) -> None:
    assert made(scene())["screening"].item() == ALL_TESTS
    lacking = made(scene({0: {"tb_22v": np.nan, "tb_91v": np.nan, "tb_91h": np.nan}}))
    assert lacking["screening"].item() == WITHOUT_22_AND_91
    assert lacking["snow_depth"].item() > 0
    without_37 = made(scene({0: {"tb_37h": np.nan}}))
    assert without_37["quality"].item() == SnowQuality.NO_DATA
    assert np.isnan(without_37["snow_depth"].item())


def test_water_has_no_depth_whatever_is_seen(scene: Scene) -> None:
    result = made(scene(), land=0.5)
    assert result["quality"].item() == SnowQuality.WATER
    assert np.isnan(result["snow_depth"].item())


@pytest.mark.parametrize(
    ("fitted", "detail"),
    [
        (coefficients(), ORDINARY),
        (coefficients(own=0.3), FROM_ALL_STATIONS),
        (coefficients(slope=0.0005, intercept=0.0), SHALLOW),
        (coefficients(slope=0.04, intercept=2.2), LIMITED),
    ],
)
def test_what_else_to_know_of_a_depth_is_said(scene: Scene, fitted: xr.Dataset, detail: int) -> None:
    result = made(scene(), fitted=fitted)
    assert result["detail"].item() == detail
    assert 0 < result["snow_depth"].item() <= 3.0


def test_the_header_of_s40_is_the_datasets_byte_for_byte_and_the_rows_are_of_the_exact_grid(tmp_path: Path) -> None:
    s40 = DELIVERIES[0]
    depth = np.full(EASE_ML.shape, -1.0, np.float32)
    radius, cell = 6_371_228.0, 25_067.525
    longitude, latitude = math.radians(129.72), math.radians(62.04)
    # Brodzik & Knowles: column and row of a place on Ml, from the centre of the first cell.
    column = round(691 + radius / cell * longitude * math.cos(math.radians(30)))
    row = round(292.5 - radius / cell * math.sin(latitude) / math.cos(math.radians(30)))
    depth[row, column] = 20.3
    write_ascii_grid(tmp_path / "s40.txt", s40, EASE_ML, depth)
    content = (tmp_path / "s40.txt").read_bytes()
    assert content.startswith(
        b"ncols 1383\nnrows 586\nxllcorner -17334193.54\nyllcorner -7344787.75\ncellsize 25,067.53\nNODATA_value -1\n"
    )
    rows = content.decode("ascii").splitlines()[6:]
    assert len(rows) == 586
    assert rows[row].split()[column] == "20.30"
    west, _, _, north = EASE_ML.bounds
    x = radius * longitude * math.cos(math.radians(30))
    assert int((x - west) / cell) == column
    assert int((north - radius * math.sin(latitude) / math.cos(math.radians(30))) / cell) == row


def test_s48_has_720_by_332_cells_of_a_quarter_degree() -> None:
    assert EURASIA_025.shape == (332, 720)
    assert EURASIA_025.bounds == pytest.approx((0.0, 0.0, 180.0, 83.0))
    assert DELIVERIES[1].grid == EURASIA_025


NOW = datetime(2014, 2, 10, tzinfo=UTC)


def granule(collection: str, name: str, day: date | None = None, **given: object) -> Recorded:
    start = datetime(1900, 1, 1, tzinfo=UTC) if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = datetime(2100, 1, 1, tzinfo=UTC) if day is None else start + timedelta(days=1)
    checksum = "sha256:" + "0" * 64
    asset = Asset(href=name, size=1, checksum=checksum)
    moment = NOW - timedelta(days=5)
    facts: Mapping[str, object] = {"sensor": "ssmis", "platform": "F17", **given}
    made = Granule(
        granule_id=name, checksum=checksum, collection=collection, start=start, end=end, assets=(asset,),
        published_at=moment, received_at=moment, **facts,
    )  # fmt: skip
    return Recorded(made, moment)


DAY = date(2014, 2, 4)
OWN_DAY = granule("cold-pass-tb", "cold-pass-tb.20140204.nl.cold", DAY, tile="nl", variant="cold")
SET = granule(
    "snow-depth-global-parameters", "snow-depth-global-parameters.20140101T000000", sensor="none", platform=""
)


def decide(*rows: Recorded) -> object:
    return gather(PRODUCT, on(DAY), rows, NOW, timedelta(minutes=10))


def test_an_unfitted_product_waits_for_ever_and_names_the_command() -> None:
    decision = decide(OWN_DAY)
    assert decision.action == "wait"
    assert decision.due_at is None
    assert decision.waiting_for == ("coefficients (snow-depth-global-parameters): icestream fit snow-depth-global",)


def test_closed_without_its_neighbours_a_slot_is_made_and_says_what_it_lacks() -> None:
    decision = decide(OWN_DAY, SET)
    assert decision.action == "make"
    assert decision.stage == "final"
    assert any("20140203" in missing for missing in decision.missing)
    assert any("20140205" in missing for missing in decision.missing)


def test_without_its_own_day_it_is_hopeless_once_closed() -> None:
    decision = decide(
        granule("cold-pass-tb", "cold-pass-tb.20140203.nl.cold", date(2014, 2, 3), tile="nl", variant="cold"), SET
    )
    assert decision.action == "hopeless"


def test_sensors_and_kinds_of_grid_are_not_mixed_in_a_slot_but_both_poles_are_taken() -> None:
    rows = [
        OWN_DAY,
        granule("cold-pass-tb", "cold-pass-tb.20140204.sl.cold", DAY, tile="sl", variant="cold"),
        granule("cold-pass-tb", "x.f18", DAY, tile="nl", variant="cold", platform="F18"),
        granule("cold-pass-tb", "x.gw1", DAY, tile="eq25", variant="cold", platform="GW1", sensor="amsr2"),
        granule("cold-pass-tb", "x.warm", DAY, tile="nl", variant="warm"),
    ]
    found = pick(PRODUCT, on(DAY), "tb", rows)
    assert {(entry.granule.platform, entry.granule.tile) for entry in found.entries} == {("F17", "nl"), ("F17", "sl")}
    alone = pick(PRODUCT, on(DAY), "tb", rows[3:])
    assert {entry.granule.platform for entry in alone.entries} == {"GW1"}
