"""Write MOD10A2 (Terra) and MYD10A2 (Aqua) granules: eight-day snow cover at 500 m, HDF4-EOS, collection 6.1."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyhdf.SD import SD, SDC

from icestream_core.grid import modis_tile
from icestream_core.period import Interval
from icestream_simulator.hdf_eos import group_layers, inventory, struct_metadata
from icestream_simulator.new_file import new_file
from icestream_simulator.snow_cover import CELLS, SNOW, Composite, days_of

GRID = "MOD_Grid_Snow_500m"
"""Of both satellites' files."""
EXTENT, DAYS = "Maximum_Snow_Extent", "Eight_Day_Snow_Cover"
DEFLATE_LEVEL = 4
"""The producers' 9 takes four times as long for a tenth less; a reader cannot tell."""
CELL_AREA_KM2 = 0.2146586775779724
PROCESSING_DAYS = 2
"""A granule is made so long after its period, which its name tells."""
COLLECTION = "061"


class Satellite(NamedTuple):
    """What sets Terra's files apart from Aqua's."""

    prefix: str
    name: str
    doi: str


TERRA = Satellite("MOD10A2", "Terra", "10.5067/MODIS/MOD10A2.061")
AQUA = Satellite("MYD10A2", "Aqua", "10.5067/MODIS/MYD10A2.061")


def granule_name(satellite: Satellite, period: Interval, tile: str) -> str:
    """Return the file name."""
    made = period.end + timedelta(days=PROCESSING_DAYS, hours=5, minutes=7, seconds=29)
    return f"{satellite.prefix}.A{period.start:%Y%j}.{tile}.{COLLECTION}.{made:%Y%j%H%M%S}.hdf"


def write_composite(path: Path, satellite: Satellite, period: Interval, tile: str, composite: Composite) -> Path:
    """Write one tile's eight days."""
    with new_file(path) as hidden:
        file = SD(str(hidden), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
        _describe(file, path.name, satellite, period, tile)
        references = [_write_extent(file, composite.extent), _write_days(file, composite.days)]
        file.end()
        group_layers(hidden, GRID, references)
    return path


def _describe(file: SD, name: str, satellite: Satellite, period: Interval, tile: str) -> None:
    days = days_of(period)
    core: dict[str, dict[str, str | int | float]] = {
        "ECSDATAGRANULE": {"LOCALGRANULEID": name, "DAYNIGHTFLAG": "Day", "REPROCESSINGACTUAL": "simulated"},
        "COLLECTIONDESCRIPTIONCLASS": {"SHORTNAME": satellite.prefix, "VERSIONID": 61},
        "RANGEDATETIME": {
            "RANGEBEGINNINGDATE": f"{days[0]:%Y-%m-%d}",
            "RANGEBEGINNINGTIME": "00:00:00",
            "RANGEENDINGDATE": f"{days[-1]:%Y-%m-%d}",
            "RANGEENDINGTIME": "23:59:59",
        },
        "PGEVERSIONCLASS": {"PGEVERSION": "icestream simulator"},
    }
    attributes = {"HORIZONTALTILENUMBER": tile[1:3], "VERTICALTILENUMBER": tile[4:6]}
    archive: dict[str, dict[str, str | int | float]] = {
        "": {
            "DATACOLUMNS": CELLS,
            "DATAROWS": CELLS,
            "ALGORITHMPACKAGENAME": "icestream simulator",
            "LONGNAME": f"MODIS/{satellite.name} Snow Cover 8-Day L3 Global 500m SIN Grid",
            "PLATFORMSHORTNAME": satellite.name,
        }
    }
    texts = {
        "HDFEOSVersion": "HDFEOS_V2.19",
        "StructMetadata.0": struct_metadata(
            GRID, dict.fromkeys((EXTENT, DAYS), "DFNT_UINT8"), modis_tile(tile, CELLS), DEFLATE_LEVEL
        ),
        "Number of input days": str(len(days)),
        "Days input": ", ".join(f"{day:%Y-%j}" for day in days),
        "Eight day period": f"{days[0]:%Y-%j}, {days[-1]:%Y-%j}",
        "FSC Min Threshold Used": "15",
        "CoreMetadata.0": inventory("INVENTORYMETADATA", core, attributes),
        "ArchiveMetadata.0": inventory("ARCHIVEDMETADATA", archive, {}),
        "identifier_product_doi": satellite.doi,
        "identifier_product_doi_authority": "http://dx.doi.org",
    }
    for key, text in texts.items():
        file.attr(key).set(SDC.CHAR8, text)


def _write_extent(file: SD, extent: NDArray[np.uint8]) -> int:
    data = _create(file, EXTENT, "Maximum snow extent over the 8-day period", "none", (0, 254), 255)
    data.attr("Cell_area (km^2)").set(SDC.FLOAT32, CELL_AREA_KM2)
    data.attr("Max_snow_area (km^2)").set(SDC.FLOAT32, float(CELL_AREA_KM2 * np.count_nonzero(extent == SNOW)))
    key = (
        "0=missing data, 1=no decision, 11=night, 25=no snow, 37=lake, 39=ocean, 50=cloud, 100=lake ice, 200=snow, "
        "254=detector saturated, 255=fill"
    )
    return _fill(data, extent, key)


def _write_days(file: SD, days: NDArray[np.uint8]) -> int:
    data = _create(file, DAYS, "Eight day snow cover chronobyte", "bit", (0, 255), 0)
    key = (
        "Snow occurrence in chronological order.  Day in period ordered as 87654321 corresponds to bit order of "
        "76543210.  Bit value of 1 means snow was observed. Bit value of 0 means snow was not observed."
    )
    return _fill(data, days, key)


def _create(file: SD, name: str, title: str, unit: str, valid: tuple[int, int], fill: int) -> SD:
    data = file.create(name, SDC.UINT8, (CELLS, CELLS))
    data.setcompress(SDC.COMP_DEFLATE, DEFLATE_LEVEL)
    data.dim(0).setname(f"YDim:{GRID}")
    data.dim(1).setname(f"XDim:{GRID}")
    data.attr("long_name").set(SDC.CHAR8, title)
    data.attr("units").set(SDC.CHAR8, unit)
    data.attr("coordsys").set(SDC.CHAR8, "cartesian")
    data.attr("valid_range").set(SDC.UINT8, list(valid))
    data.attr("_FillValue").set(SDC.UINT8, fill)
    return data


def _fill(data: SD, values: NDArray[np.uint8], key: str) -> int:
    data.attr("Key").set(SDC.CHAR8, key)
    data[:] = values
    reference = int(data.ref())
    data.endaccess()
    return reference
