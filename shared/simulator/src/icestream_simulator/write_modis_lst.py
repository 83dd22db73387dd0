"""Write MOD11A1, MYD11A1 (1 km tiles) and MYD11C1 (the globe at 0.05 degree): daily LST, HDF4-EOS, collection 6.1.

The layers that our readers take, with the attributes of a real granule of MOD11B2, which the same team makes; angles,
emissivities and clear-sky shares are left out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

from icestream_core.grid import Grid, lonlat
from icestream_simulator.hdf_eos import group_layers, inventory, struct_metadata
from icestream_simulator.new_file import new_file
from icestream_simulator.surface_temperature import CLOUD, DAY_HOUR, GLOBE_STEP, NIGHT_HOUR, TemperatureMap
from icestream_simulator.write_mod10a2 import COLLECTION, PROCESSING_DAYS

DEFLATE_LEVEL = 1
"""What is simulated is noise, and noise does not shrink."""
KELVIN = 0.02
NO_VIEW = 255
CMG_005 = lonlat("cmg-005", -180.0, 90.0, GLOBE_STEP, 7200, 3600)
TYPES = {np.dtype(np.uint16): (SDC.UINT16, "DFNT_UINT16"), np.dtype(np.uint8): (SDC.UINT8, "DFNT_UINT8")}


class LstProduct(NamedTuple):
    """What sets the products apart.

    suffix : of the names of temperatures
    """

    short_name: str
    platform: str
    suffix: str
    grid: str


MOD11A1 = LstProduct("MOD11A1", "Terra", "1km", "MODIS_Grid_Daily_1km_LST")
MYD11A1 = LstProduct("MYD11A1", "Aqua", "1km", "MODIS_Grid_Daily_1km_LST")
MYD11C1 = LstProduct("MYD11C1", "Aqua", "CMG", "MODIS_CMG_3MIN_LST")


class Layer(NamedTuple):
    """One data set. attributes : text or numbers; the type of the fill value is the layer's"""

    values: NDArray[np.generic]
    fill: int
    valid: tuple[int, int]
    attributes: dict[str, str | float]


def granule_name(product: LstProduct, day: date, tile: str = "") -> str:
    """Return the file name."""
    made = datetime.combine(day, time(5, 7, 29), tzinfo=UTC) + timedelta(days=PROCESSING_DAYS)
    place = f".{tile}" if tile else ""
    return f"{product.short_name}.A{day:%Y%j}{place}.{COLLECTION}.{made:%Y%j%H%M%S}.hdf"


def write_lst(
    out: Path, product: LstProduct, day: date, world: TemperatureMap, tile: str = "", edition: int = 0
) -> Path:
    """Write one day, the day half and the night half in it.

    world : of the tile, or of the globe or a part of it; where it says nothing, nothing is seen
    """
    grid = world.grid if tile else CMG_005
    place = partial(_placed, world=world.grid, grid=grid)
    layers: dict[str, Layer] = {}
    for half in ("Day", "Night"):
        seen = world.seen(day, product.platform, half, edition)
        name = f"LST_{half}_{product.suffix}"
        counts = place(np.rint(np.nan_to_num(seen.kelvin) / np.float32(KELVIN)).astype(np.uint16), 0)
        layers[name] = Layer(counts, 0, (7500, 65535), {"units": "K", "scale_factor": KELVIN, "add_offset": 0.0})
        layers[f"QC_{half}"] = Layer(place(seen.quality, CLOUD), 0, (0, 255), {})
        if tile:
            hour = (DAY_HOUR if half == "Day" else NIGHT_HOUR)[product.platform]
            views = np.where(counts > 0, np.uint8(round(hour * 10)), np.uint8(NO_VIEW))
            layers[f"{half}_view_time"] = Layer(
                views, NO_VIEW, (0, 240), {"units": "hrs", "scale_factor": 0.1, "add_offset": 0.0}
            )
    path = out / granule_name(product, day, tile)
    with new_file(path) as hidden:
        file = SD(str(hidden), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
        kinds = {name: TYPES[layer.values.dtype][1] for name, layer in layers.items()}
        texts = {
            "HDFEOSVersion": "HDFEOS_V2.19",
            "StructMetadata.0": struct_metadata(product.grid, kinds, grid, DEFLATE_LEVEL),
            "CoreMetadata.0": inventory("INVENTORYMETADATA", _core(path.name, product, day), {}),
        }
        for key, text in texts.items():
            file.attr(key).set(SDC.CHAR8, text)
        references = [_write(file, name, layer, product.grid) for name, layer in layers.items()]
        file.end()
        group_layers(hidden, product.grid, references)
    return path


def _placed(values: NDArray[Any], nothing: int, world: Grid, grid: Grid) -> NDArray[Any]:
    """Return the values of a part of a grid in their place on the whole of it."""
    if values.shape == grid.shape:
        return values
    whole = np.full(grid.shape, nothing, dtype=values.dtype)
    row, column = (round((grid.bounds[3] - world.bounds[3]) / grid.cell[1]),
                   round((world.bounds[0] - grid.bounds[0]) / grid.cell[0]))  # fmt: skip
    whole[row : row + world.height, column : column + world.width] = values
    return whole


def _core(name: str, product: LstProduct, day: date) -> dict[str, dict[str, str | int | float]]:
    return {
        "ECSDATAGRANULE": {"LOCALGRANULEID": name, "DAYNIGHTFLAG": "Both", "REPROCESSINGACTUAL": "simulated"},
        "COLLECTIONDESCRIPTIONCLASS": {"SHORTNAME": product.short_name, "VERSIONID": 61},
        "RANGEDATETIME": {
            "RANGEBEGINNINGDATE": f"{day:%Y-%m-%d}",
            "RANGEBEGINNINGTIME": "00:00:00",
            "RANGEENDINGDATE": f"{day:%Y-%m-%d}",
            "RANGEENDINGTIME": "23:59:59",
        },
        "PGEVERSIONCLASS": {"PGEVERSION": "icestream simulator"},
    }


def _write(file: SD, name: str, layer: Layer, grid: str) -> int:
    kind, _ = TYPES[layer.values.dtype]
    data = file.create(name, kind, layer.values.shape)
    data.setcompress(SDC.COMP_DEFLATE, DEFLATE_LEVEL)
    data.dim(0).setname(f"YDim:{grid}")
    data.dim(1).setname(f"XDim:{grid}")
    data.attr("_FillValue").set(kind, layer.fill)
    data.attr("valid_range").set(kind, list(layer.valid))
    for key, value in layer.attributes.items():
        data.attr(key).set(SDC.CHAR8 if isinstance(value, str) else SDC.FLOAT64, value)
    data[:] = layer.values
    reference = int(data.ref())
    data.endaccess()
    return reference
