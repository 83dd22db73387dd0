"""Simulate a collection: its granules of some days, as files in their real format, from the world of one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from icestream_core.period import Interval, eight_day
from icestream_simulator.radiometer import GCOM_W1, NIMBUS_7, SSMI_AND_SSMIS, Pass, Radiometer
from icestream_simulator.surface_temperature import (
    WHOLE,
    Box,
    TemperatureMap,
    global_temperature,
    tile_temperature,
)
from icestream_simulator.truth import Truth
from icestream_simulator.write_amsr2 import Amsr2Writer
from icestream_simulator.write_ease_loci_mask import write_mask
from icestream_simulator.write_ghcn_daily import write_stations
from icestream_simulator.write_glass_albedo import REGIONS, write_albedo
from icestream_simulator.write_mod10a2 import AQUA, TERRA, Satellite, granule_name, write_composite
from icestream_simulator.write_modis_lst import MOD11A1, MYD11A1, MYD11C1, LstProduct, write_lst
from icestream_simulator.write_nsidc_0032 import EaseGridWriter
from icestream_simulator.write_quikscat import QuikscatWriter, images_of
from icestream_simulator.write_sentinel1_grd import Scene, scenes_on, write_scene

COLLECTIONS = (
    "nsidc-0032",
    "nsidc-0071",
    "amsr2-l3-tb",
    "mod10a2",
    "myd10a2",
    "mod11a1",
    "myd11a1",
    "myd11c1",
    "ghcn-daily",
    "sentinel1-grd",
    "quikscat",
    "glass-albedo",
    "ease-loci-mask",
)
TIBET_TILES = ("h24v05", "h25v05")
BOTH_PASSES: tuple[Pass, ...] = ("A", "D")

Progress = Callable[[int, int, Path], None]
"""Called after each piece of work: pieces done, pieces in all, the last file written."""


def simulate(
    collection: str,
    start: date,
    end: date,
    out: Path,
    *,
    seed: int = 0,
    truth: Truth | None = None,
    platform: str | None = None,
    grid: str = "NL",
    tiles: Sequence[str] = TIBET_TILES,
    passes: Sequence[Pass] | None = None,
    box: Box = WHOLE,
    edition: int = 0,
    progress: Progress | None = None,
) -> list[Path]:
    """Write the granules of a collection from the first day to the last, both included, and return their paths.

    A file appears under its name only when it is whole. The same arguments give the same bytes.

    collection : one of COLLECTIONS
    seed : of the world; `truth` is the same world where it is at hand, and spares preparing it again
    platform : of nsidc-0032: F08, F11, F13 or F17; by default the latest one in orbit on the day
    box : of myd11c1 and quikscat: west, south, east, north, of myd11c1 in whole quarters of a degree, outside of which
        nothing is seen
    grid : of nsidc-0032, nsidc-0071 and ease-loci-mask: NL, SL or ML; of glass-albedo, NL simulates Greenland alone, SL
        Antarctica, ML both; of quikscat a region: Grn or ChJ, and NL is Grn
    tiles : of mod10a2, myd10a2, mod11a1 and myd11a1; of the former two and of glass-albedo every eight-day period that
        touches the days is written whole
    passes : "A", "D"; both by default; `cold_pass` tells which one looks before dawn. sentinel1-grd has one of each in
        twelve days, over Nagqu
    edition : 1, 2, ... is a corrected edition of the same granules: same names, other bytes, same truth
    Errors: ValueError for an unknown collection, platform, grid or tile, and for days on which no platform flew.
    """
    if end < start:
        raise ValueError(f"the days run from {start} to {end}; the first must not be after the last")
    world = truth if truth is not None else Truth(seed)
    wanted: Sequence[Pass] = passes if passes is not None else BOTH_PASSES
    match collection:
        case "nsidc-0032" | "nsidc-0071":
            work = list(_ease_grid(world, _flights(collection, platform, start, end), grid, wanted, edition, out))
        case "amsr2-l3-tb":
            work = list(_amsr2(world, _flights(collection, platform, start, end), wanted, edition, out))
        case "mod10a2" | "myd10a2":
            satellite = TERRA if collection == "mod10a2" else AQUA
            work = list(_composites(world, satellite, _periods(start, end), tiles, edition, out))
        case "mod11a1" | "myd11a1":
            product = MOD11A1 if collection == "mod11a1" else MYD11A1
            work = list(_tile_temperatures(world, product, _days(start, end), tiles, edition, out))
        case "myd11c1":
            work = list(_global_temperatures(world, _days(start, end), box, edition, out))
        case "ghcn-daily":
            days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
            work = [partial(write_stations, world, days, out)]
        case "sentinel1-grd":
            work = list(_scenes(world, _days(start, end), wanted, edition, out))
        case "quikscat":
            region = {"NL": "Grn"}.get(grid, grid)
            work = list(_radar_images(world, region, images_of(start, end), wanted, box, edition, out))
        case "glass-albedo":
            regions = {"NL": ("greenland",), "SL": ("antarctica",)}.get(grid, tuple(REGIONS))
            work = [partial(write_albedo, world, each, regions, edition, out) for each in _periods(start, end)]
        case "ease-loci-mask":
            work = [partial(write_mask, world, grid, out)]
        case _:
            raise ValueError(f"no collection {collection!r} is simulated; there are {', '.join(COLLECTIONS)}")
    paths: list[Path] = []
    for done, step in enumerate(work, start=1):
        paths += step()
        if progress is not None:
            progress(done, len(work), paths[-1])
    return paths


def cold_pass(collection: str, day: date, platform: str | None = None) -> Pass:
    """Return the pass of a microwave collection that looks before dawn."""
    return _flights(collection, platform, day, day + timedelta(days=1))[0][1].cold_pass


Work = Callable[[], list[Path]]


def _ease_grid(
    truth: Truth,
    flights: Sequence[tuple[date, Radiometer]],
    grid: str,
    passes: Sequence[Pass],
    edition: int,
    out: Path,
) -> Iterator[Work]:
    writers = {radiometer: EaseGridWriter(truth, radiometer, grid, edition) for _, radiometer in flights}
    for day, radiometer in flights:
        for half_orbit in passes:
            yield partial(writers[radiometer].write, day, half_orbit, out)


def _amsr2(
    truth: Truth, flights: Sequence[tuple[date, Radiometer]], passes: Sequence[Pass], edition: int, out: Path
) -> Iterator[Work]:
    writer = Amsr2Writer(truth, edition=edition)
    for day, _ in flights:
        for half_orbit in passes:
            yield partial(writer.write, day, half_orbit, out)


def _composites(
    truth: Truth, satellite: Satellite, periods: Sequence[Interval], tiles: Sequence[str], edition: int, out: Path
) -> Iterator[Work]:
    for name in tiles:
        for period in periods:
            yield partial(_write_tile, truth, satellite, period, name, edition, out)


def _write_tile(truth: Truth, satellite: Satellite, period: Interval, tile: str, edition: int, out: Path) -> list[Path]:
    composite = truth.tile(tile).composite(period, satellite.name, edition)
    return [write_composite(out / granule_name(satellite, period, tile), satellite, period, tile, composite)]


def _tile_temperatures(
    truth: Truth, product: LstProduct, days: Sequence[date], tiles: Sequence[str], edition: int, out: Path
) -> Iterator[Work]:
    for tile in tiles:
        world = tile_temperature(truth, tile)
        for day in days:
            yield partial(_write_lst, out, product, day, world, tile, edition)


def _global_temperatures(truth: Truth, days: Sequence[date], box: Box, edition: int, out: Path) -> Iterator[Work]:
    world = global_temperature(truth, box)
    for day in days:
        yield partial(_write_lst, out, MYD11C1, day, world, "", edition)


def _scenes(truth: Truth, days: Sequence[date], passes: Sequence[Pass], edition: int, out: Path) -> Iterator[Work]:
    for scene in (scene for day in days for scene in scenes_on(day) if scene.direction[0].upper() in passes):
        yield partial(_write_scene, out, truth, scene, edition)


def _write_scene(out: Path, truth: Truth, scene: Scene, edition: int) -> list[Path]:
    return [write_scene(out, truth, scene, edition=edition)]


def _radar_images(
    truth: Truth, region: str, firsts: Sequence[date], passes: Sequence[Pass], box: Box, edition: int, out: Path
) -> Iterator[Work]:
    writer = QuikscatWriter(truth, region, box, edition)
    for first in firsts:
        for half_orbit in passes:
            yield partial(writer.write, first, half_orbit, out)


def _write_lst(out: Path, product: LstProduct, day: date, world: TemperatureMap, tile: str, edition: int) -> list[Path]:
    return [write_lst(out, product, day, world, tile, edition)]


def _days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


def _flights(collection: str, platform: str | None, start: date, end: date) -> list[tuple[date, Radiometer]]:
    """Return the days on which a radiometer of the collection measured, each with that radiometer."""
    fleet = {"nsidc-0032": SSMI_AND_SSMIS, "nsidc-0071": {"N07": NIMBUS_7}, "amsr2-l3-tb": {"GW1": GCOM_W1}}[collection]
    if platform is not None and platform not in fleet:
        raise ValueError(f"no platform {platform!r} in {collection}; there are {', '.join(fleet)}")
    candidates = [fleet[platform]] if platform is not None else list(reversed(fleet.values()))
    found = []
    for number in range((end - start).days + 1):
        day = start + timedelta(days=number)
        alive = [radiometer for radiometer in candidates if radiometer.measures_on(day)]
        if alive:
            found.append((day, alive[0]))
    if not found:
        known = ", ".join(f"{r.platform} {r.first} to {r.last or 'today'}" for r in candidates)
        raise ValueError(f"nothing of {collection} measured from {start} to {end}; there are {known}")
    return found


def _periods(start: date, end: date) -> list[Interval]:
    first = datetime.combine(start, time(), tzinfo=UTC)
    return eight_day().of_granule(first, datetime.combine(end, time(), tzinfo=UTC) + timedelta(days=1))
