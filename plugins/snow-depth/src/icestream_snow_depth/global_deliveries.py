"""The forms in which the datasets S40 and S48 promise the snow depth of the globe and of Eurasia."""

from icestream_core.delivery import ascii_grid
from icestream_core.grid import lonlat

EURASIA_025 = lonlat("eurasia-025", 0.0, 83.0, 0.25, 720, 332)
"""0 to 180 E, 0 to 83 N. The dataset states 720 x 332 cells of 0.25 degree; where they begin is designed."""

S40_HEADER = (
    "ncols 1383",
    "nrows 586",
    "xllcorner -17334193.54",
    "yllcorner -7344787.75",
    "cellsize 25,067.53",
    "NODATA_value -1",
)
"""The very lines that the dataset states, rounded, with its comma. The cells lie where EASE_ML says."""

DELIVERIES = (
    ascii_grid(
        "S40",
        "{period:%Y%j}.txt",
        "snow_depth",
        unit="cm",
        nodata=-1,
        header=S40_HEADER,
        certainty="unit and file name are designed",
    ),
    ascii_grid(
        "S48",
        "eurasia_{period:%Y%j}.txt",
        "snow_depth",
        unit="cm",
        nodata=-1,
        grid=EURASIA_025,
        certainty="extent, header, unit and file name are designed",
    ),
)
