"""Surface melt products."""

from icestream_core.hookspecs import hookimpl
from icestream_surface_melt import (
    melt_onset_high_asia,
    melt_onset_high_asia_years,
    melt_onset_quikscat,
    melt_reference,
    surface_melt_records,
)


@hookimpl
def icestream_products() -> list[object]:
    return [
        *melt_reference.PRODUCTS,
        *surface_melt_records.PRODUCTS,
        melt_onset_high_asia.PRODUCT,
        melt_onset_high_asia_years.PRODUCT,
        melt_onset_quikscat.PRODUCT,
    ]
