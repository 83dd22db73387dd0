"""Sets of fitted parameters: what is written is read again, and what is none is refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from icestream_core.collection import Opened
from icestream_core.errors import GranuleError
from icestream_core.fit import Fitted, parameter_set
from icestream_core.granule import Asset, Granule
from icestream_readers.parameters_file import write_nc, write_toml

COLUMNS = {"sensor": "", "threshold": "K"}
ROWS = parameter_set("ice-parameters", "Thresholds", COLUMNS)
FIELDS = parameter_set("depth-parameters", "Fields", {"slope": "m K-1"}, form="nc")
PROVENANCE = {"product": "ice", "command": "icestream fit ice --data a.nc", "seed": 4, "data": ["a sha256:00"]}


def opened(path: Path, of: object = ROWS) -> Opened:
    facts = of.parse(path.name)
    checksum = "sha256:" + "0" * 64
    granule = Granule(
        **facts._asdict() | {"produced": None},
        checksum=checksum,
        collection=of.name,
        sensor="none",
        assets=(Asset(href=path.name, size=1, checksum=checksum),),
        published_at=facts.produced,
        received_at=facts.produced,
    )
    return of.open(path, granule)


def test_rows_come_back_with_units_score_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "ice-parameters.20260101T120000.toml"
    fitted = Fitted(
        {"sensor": ["ssmis", "amsr2"], "threshold": np.array([252.5, 251.0]), "pairs": [3, 4]},
        {"overall accuracy": 0.93},
    )
    write_toml(path, fitted, COLUMNS, PROVENANCE)
    data = opened(path).data
    assert data["sensor"].values.tolist() == ["ssmis", "amsr2"]
    assert data["threshold"].values.tolist() == [252.5, 251.0]
    assert data["threshold"].attrs["units"] == "K"
    assert data["pairs"].attrs["units"] == "1"
    assert json.loads(data.attrs["score"]) == {"overall accuracy": 0.93}
    assert json.loads(data.attrs["provenance"])["command"] == "icestream fit ice --data a.nc"


def test_fields_come_back_with_units_score_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "depth-parameters.20260101.nc"
    slope = np.full((12, 3, 4), 0.01, np.float32)
    slope[0, 0, 0] = np.nan
    fitted = Fitted(xr.Dataset({"slope": (("month", "lat", "lon"), slope)}), {"deviation": 0.2})
    write_nc(path, fitted, {"slope": "m K-1"}, PROVENANCE)
    data = opened(path, FIELDS).data
    np.testing.assert_array_equal(data["slope"].values, slope)
    assert data["slope"].attrs["units"] == "m K-1"
    assert json.loads(data.attrs["provenance"])["seed"] == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("threshold 1", "TOMLDecodeError"),
        ("", "no rows"),
        ("parameters = 3", "TypeError"),
        ("[[parameters]]\nsensor = 'a'\nthreshold = 1.0\n[[parameters]]\nsensor = 'b'", "same columns"),
        ("[[parameters]]\nsensor = 'a'\nthreshold = nan", "threshold is nan"),
        ("[[parameters]]\nsensor = 'a'\nthreshold = inf", "threshold is inf"),
        ("[[parameters]]\nsensor = 'a'\nthreshold = [1, 2]", "neither all words nor all numbers"),
        ("[[parameters]]\nsensor = 'a'", "lacks threshold"),
    ],
)
def test_a_file_that_is_no_set_is_refused_with_the_reason(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "ice-parameters.20260101.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(GranuleError, match=said):
        opened(path)


def test_a_file_that_is_no_netcdf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "depth-parameters.20260101.nc"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(GranuleError, match="no set of parameters in NetCDF-4"):
        opened(path, FIELDS)


def test_texts_of_a_size_that_is_only_stated_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "depth-parameters.20260101T120000.nc"
    with h5py.File(path, "w") as file:
        file.create_dataset("slope", (10**6, 10**6), h5py.string_dtype(), chunks=(100, 100))
    with pytest.raises(GranuleError, match=r"is no set of parameters in NetCDF-4 \(Unable to allocate"):
        opened(path, FIELDS)
