"""Nothing enters a computation without a unit, and what enters is in SI."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from icestream_core.errors import GranuleError, RecordError
from icestream_generation.units import convert, to_si


def dataset(unit: str | None, **attributes: object) -> xr.Dataset:
    given = {"units": unit} if unit is not None else {}
    return xr.Dataset({"field": (("y", "x"), np.array([[1.0, np.nan]], np.float32), given | attributes)})


@pytest.mark.parametrize(
    ("unit", "wanted", "value"),
    [("K", "K", 1.0), ("degC", "K", 274.15), ("cm", "m", 0.01), ("%", "1", 0.01), ("hPa", "Pa", 100.0),
     ("g cm-3", "kg m-3", 1000.0), ("hour", "s", 3600.0), ("degree", "degree", 1.0)],
)  # fmt: skip
def test_what_enters_is_in_si(unit: str, wanted: str, value: float) -> None:
    field = to_si(dataset(unit), "granule a")["field"]
    assert field.attrs["units"] == wanted
    assert field.values[0, 0] == pytest.approx(value, rel=1e-6)
    assert np.isnan(field.values[0, 1])
    assert field.dtype == np.float32


def test_decibels_become_the_share_that_they_are_of() -> None:
    sigma0 = xr.DataArray(np.array([0.0, -10.0, -13.0, np.nan], np.float32), dims="x", attrs={"units": "dB"})
    found = to_si(xr.Dataset({"sigma0": sigma0}), "here")["sigma0"]
    assert found.attrs["units"] == "1"
    np.testing.assert_allclose(found.values, [1.0, 0.1, 10**-1.3, np.nan], rtol=1e-6)
    assert found.dtype == np.float32


def test_a_variable_without_a_unit_is_refused() -> None:
    with pytest.raises(GranuleError, match=r"granule a: variable 'field' carries no `units`"):
        to_si(dataset(None), "granule a")


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(GranuleError, match="'smoot', which UDUNITS does not know"):
        to_si(dataset("smoot"), "granule a")


@pytest.mark.parametrize(
    "units", [np.array([], np.float32), np.array([1.0, 2.0]), 7], ids=["nothing", "numbers", "one"]
)
def test_a_unit_that_is_no_text_is_refused(units: object) -> None:
    with pytest.raises(GranuleError, match="wanted a text"):
        to_si(xr.Dataset({"depth": ("row", [1.0], {"units": units})}), "g1")


def test_classes_need_no_unit() -> None:
    given = dataset(None, flag_values=np.array([0, 1]))
    assert to_si(given, "granule a").identical(given)


def test_a_depth_in_m_becomes_cm() -> None:
    np.testing.assert_allclose(convert(np.array([0.203, np.nan]), "m", "cm"), [20.3, np.nan])


def test_metres_are_no_kelvins() -> None:
    with pytest.raises(RecordError, match="'m' cannot be converted to 'K'"):
        convert(np.zeros(1), "m", "K")


def test_the_unit_of_a_coefficient_is_taken_where_it_is_made_of_si_units_alone() -> None:
    slope = xr.Dataset({"slope": ("row", [0.01], {"units": "m K-1"})})
    assert to_si(slope, "a set")["slope"].attrs["units"] == "m K-1"
    with pytest.raises(GranuleError, match="cm K-1"):
        to_si(xr.Dataset({"slope": ("row", [1.0], {"units": "cm K-1"})}), "a set")


def test_one_over_a_unit_is_another_unit() -> None:
    data = xr.Dataset({"slope": ("row", np.array([-0.123]), {"units": "K-1"})})
    assert to_si(data, "granule").slope.values.tolist() == [-0.123]
    with pytest.raises(RecordError, match="cannot be converted"):
        convert(np.array([2.0]), "s", "Hz")
