"""The papers that the snow cover products rest on."""

from icestream_core.product import Reference

MUHAMMAD_THAPA_2020 = Reference(
    citation="Muhammad & Thapa 2020: An improved Terra-Aqua MODIS snow cover and Randolph Glacier Inventory 6.0 "
    "combined product (MOYDGL06*) for high-mountain Asia. Earth Syst. Sci. Data 12, 345-356",
    doi="10.5194/essd-12-345-2020",
)
YAN_2022 = Reference(
    citation="Yan, Ma & Zhang 2022: Development of a fine-resolution snow depth product based on the snow cover "
    "probability for the Tibetan Plateau. J. Hydrol. 604, 127027",
)
