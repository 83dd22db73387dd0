"""The grids of the global products."""

from icestream_core.grid import lonlat

GLOBE_025 = lonlat("globe-025", -180.0, 90.0, 0.25, 1440, 720)
GLOBE_005 = lonlat("globe-005", -180.0, 90.0, 0.05, 7200, 3600)
"""5 x 5 cells make one of the coarse grid; it is the climate modelling grid of MODIS."""
