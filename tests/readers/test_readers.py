from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icestream_core.collection import recognise
from icestream_core.plugins import load
from icestream_readers import icestream_collections

COLLECTIONS = icestream_collections()
NAMES = (
    "EASE-F17-NL2014032D-V2.19H",
    "EASE-SMMR-NL1987002A.06H.gz",
    "GW1AM2_20160301_01D_EQMD_L3SGT18HA2220220.h5",
    "MOD10A2.A2022033.h09v05.061.2022042050729.hdf",
    "MYD10A2.A2022033.h25v05.061.2022042050729.hdf",
    "MOD11A1.A2022034.h25v05.061.2022035050729.hdf",
    "MYD11A1.A2022034.h25v05.061.2022035050729.hdf",
    "MYD11C1.A2022034.061.2022035050729.hdf",
    "ground-temperature.20140201.csv",
    "S1A_IW_GRDH_1SDV_20150222T170750_20150222T170815_004739_005DD8_3768.zip",
    "GLASS02B06.V04.A2014025.2019353.hdf",
    "qaeh-a-ChJ07-033-036.sir.gz",
    "Nl.LOCImask_land50_coast0km.721x721.bin",
)


def test_the_installed_plugin_gives_the_collections() -> None:
    assert set(load(only=["readers"]).collections) == {
        "nsidc-0032",
        "nsidc-0071",
        "amsr2-l3-tb",
        "mod10a2",
        "myd10a2",
        "mod11a1",
        "myd11a1",
        "myd11c1",
        "ghcn-daily",
        "ground-temperature",
        "sentinel1-grd",
        "quikscat",
        "glass-albedo",
        "ease-loci-mask",
    }


def test_importing_the_readers_loads_no_library_of_arrays_or_formats() -> None:
    code = (
        "import sys, icestream_readers; "
        "print(sorted({'numpy', 'xarray', 'h5py', 'pyhdf', 'pyproj', 'rasterio'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_belongs_to_one_collection_only(name: str) -> None:
    assert [collection.name for collection in COLLECTIONS if collection.parse(name)] == [
        recognise(name, COLLECTIONS)[0].name  # type: ignore[index]
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_granule_id_is_what_the_name_says_is_observed_without_gz_and_release(name: str) -> None:
    found = recognise(name, COLLECTIONS)
    assert found is not None
    assert name.startswith(found[1].granule_id)
    assert not found[1].granule_id.endswith((".gz", ".h5", ".hdf", ".csv", ".zip"))


@pytest.mark.parametrize(
    "name",
    ["", ".", "README.md", "SOURCE.txt", "Nl.LOCImask_land50_coast0km.721x721.png", ".EASE-F17-NL2014032D-V2.19H.part"],
)
def test_other_files_belong_to_none(name: str) -> None:
    assert recognise(name, COLLECTIONS) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("added", ["\n", " ", ".part", ".tmp", "~", ".xml", ".md5", ".gz.gz"])
def test_a_name_with_something_behind_it_is_another_file(name: str, added: str) -> None:
    assert recognise(name + added, COLLECTIONS) is None


@given(st.sampled_from(NAMES), st.data())
def test_a_name_with_one_character_changed_is_recognised_as_itself_or_not_at_all(
    name: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    changed = name[:at] + data.draw(st.characters()) + name[at + 1 :]
    found = recognise(changed, COLLECTIONS)
    if found is not None:
        assert changed.startswith(found[1].granule_id)
        assert found[1].start < found[1].end


@given(st.text(max_size=80))
def test_no_name_whatever_raises(name: str) -> None:
    assert recognise(name, COLLECTIONS) is None


def test_a_new_release_of_a_file_is_a_correction_of_the_same_granule() -> None:
    first, second = (
        recognise(f"MOD10A2.A2022033.h09v05.061.{produced}.hdf", COLLECTIONS)
        for produced in ("2022042050729", "2023042050729")
    )
    assert first is not None and second is not None
    assert first[1].granule_id == second[1].granule_id
    assert first[1].produced is not None and second[1].produced is not None
    assert first[1].produced < second[1].produced
