"""No real GRD granule could be had: the reader is written from the format's documentation and tested on simulated ones.

The name is of a real scene, and the tracks are well known by the places that they see.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from icestream_core.collection import Collection, Opened
from icestream_core.errors import GranuleError
from icestream_readers.sentinel1_grd import SENTINEL1_GRD, direction, relative_orbit
from icestream_simulator.truth import Truth
from icestream_simulator.write_sentinel1_grd import BORDER, Scene, radar_truth, scene_name, scenes_on, write_scene

OpenAs = Callable[[Collection, Path, str], Opened]
NAGQU = Scene(date(2020, 10, 20), 31.5, 92.0, "descending", 150)
REAL = "S1A_IW_GRDH_1SDV_20150222T170750_20150222T170815_004739_005DD8_3768"


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(3)


@pytest.fixture(scope="module")
def scene(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene(tmp_path_factory.mktemp("s1"), truth, NAGQU)


@pytest.mark.parametrize("suffix", [".zip", ".SAFE.zip", ".SAFE"])
def test_a_name_tells_track_and_direction(suffix: str) -> None:
    facts = SENTINEL1_GRD.parse(REAL + suffix)
    assert facts is not None
    assert facts.granule_id == REAL.removesuffix("_3768")
    assert (facts.platform, facts.tile, facts.part, facts.variant) == ("S1A", "117", "iw", "ascending")
    assert facts.start == datetime(2015, 2, 22, 17, 7, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("orbit", "moment", "flies"),
    [
        (64, datetime(2019, 7, 4, 1, 50, 47, tzinfo=UTC), "ascending"),  # Ridgecrest
        (71, datetime(2019, 7, 4, 13, 51, 58, tzinfo=UTC), "descending"),
        (124, datetime(2018, 5, 8, 4, 30, 0, tzinfo=UTC), "ascending"),  # Kilauea
        (87, datetime(2018, 5, 11, 16, 15, 0, tzinfo=UTC), "descending"),
        (41, datetime(2018, 1, 5, 11, 50, 0, tzinfo=UTC), "ascending"),  # Beiluhe
        (150, datetime(2018, 1, 5, 23, 55, 0, tzinfo=UTC), "descending"),
        (117, datetime(2015, 2, 22, 17, 7, 50, tzinfo=UTC), "ascending"),  # the Alps
        (168, datetime(2015, 2, 26, 5, 26, 0, tzinfo=UTC), "descending"),
    ],
)
def test_well_known_tracks_are_flown_as_they_are(orbit: int, moment: datetime, flies: str) -> None:
    assert direction(orbit, moment) == flies


def test_the_platforms_share_their_tracks() -> None:
    assert relative_orbit("S1A", 4739) == 117
    assert relative_orbit("S1B", 27 + 116) == relative_orbit("S1C", 172 + 116) == 117


@pytest.mark.parametrize(
    "name",
    [
        REAL.replace("S1A", "S1D") + ".zip",
        REAL.replace("GRDH", "SLC_") + ".zip",
        REAL.replace("1SDV", "1SXX") + ".zip",
        REAL.replace("170815", "160815") + ".zip",
        REAL.replace("004739", "00473A") + ".zip",
        REAL + ".tif",
    ],
)
def test_other_names_are_not_taken(name: str) -> None:
    assert SENTINEL1_GRD.parse(name) is None


def test_sigma_nought_is_recovered_within_its_speckle_and_without_its_noise(
    scene: Path, truth: Truth, open_as: OpenAs
) -> None:
    data = open_as(SENTINEL1_GRD, scene, scene.name).data
    radar = radar_truth(truth, NAGQU)
    np.testing.assert_allclose(data["latitude"].values, radar.latitude, atol=1e-5)
    np.testing.assert_allclose(data["longitude"].values, radar.longitude, atol=1e-5)
    for polarisation, tolerance in (("vv", 0.05), ("vh", 0.1)):
        found, true = data[f"sigma_nought_{polarisation}"].values, radar.sigma[polarisation]
        assert np.isnan(found[:, : BORDER // 10]).all()
        inside = found[:, BORDER // 10 + 1 : -BORDER // 10 - 1]
        ratio = inside / true[:, BORDER // 10 + 1 : -BORDER // 10 - 1]
        # The mean over the scene is right to hundredths of a decibel; a cell of 100 pixels has 440 looks.
        assert abs(10 * np.log10(ratio.mean())) < tolerance
        assert ratio.std() < 0.12
        # Along the bursts nothing of the noise's scallops is left.
        along = ratio.mean(axis=1)
        phase = np.exp(2j * np.pi * (np.arange(along.size) + 0.5) * 10 / 400)
        assert abs((along * phase).mean()) < 0.01
    assert data["incidence_angle"].values[0, [0, -1]] == pytest.approx([34.0, 36.0], abs=0.02)


def test_a_folder_is_read_as_the_archive_is(scene: Path, truth: Truth, tmp_path: Path, open_as: OpenAs) -> None:
    folder = write_scene(tmp_path, truth, NAGQU, zipped=False)
    one, other = (open_as(SENTINEL1_GRD, path, path.name).data for path in (scene, folder))
    np.testing.assert_array_equal(one["sigma_nought_vv"].values, other["sigma_nought_vv"].values)


def changed(scene: Path, out: Path, member: str, body: bytes | None) -> Path:
    """Return a copy of an archive in which members that hold a word have another body, or are left out."""
    with zipfile.ZipFile(scene) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if member not in name:
                new.writestr(name, old.read(name))
            elif body is not None:
                new.writestr(name, body)
    return out


@pytest.mark.parametrize(
    ("member", "body", "says"),
    [
        ("noise-", None, "wanted one: is the SAFE whole"),
        (".tiff", b"II*\0", "measurement that cannot be read"),
        ("calibration/calibration-", b"<calibration/>", "there is no calibrationVector"),
        ("calibration/calibration-", b"<calib", "cannot be read"),
    ],
)
def test_a_scene_that_is_not_whole_is_refused(
    scene: Path, tmp_path: Path, open_as: OpenAs, member: str, body: bytes | None, says: str
) -> None:
    path = changed(scene, tmp_path / "scene.zip", member, body)
    with pytest.raises(GranuleError, match=says):
        open_as(SENTINEL1_GRD, path, scene.name)


@pytest.mark.parametrize(("tag", "instead"), [("line", "9999-12-31"), ("latitude", "")])
def test_a_tie_point_without_a_number_is_refused(
    scene: Path, tmp_path: Path, open_as: OpenAs, tag: str, instead: str
) -> None:
    with zipfile.ZipFile(scene) as archive:
        name = next(each for each in archive.namelist() if re.search(r"annotation/s1[^/]*-vv-[^/]*\.xml$", each))
        whole = archive.read(name).decode()
    first = whole.index("<geolocationGridPoint>")
    spoilt = whole[:first] + re.sub(rf"<{tag}>[^<]*<", f"<{tag}>{instead}<", whole[first:], count=1)
    path = changed(scene, tmp_path / "scene.zip", name, spoilt.encode())
    with pytest.raises(GranuleError, match="has an annotation of vv that cannot be read"):
        open_as(SENTINEL1_GRD, path, scene.name)


@pytest.mark.parametrize("kept", [0, 100, 100_000])
def test_a_truncated_archive_is_refused(scene: Path, tmp_path: Path, open_as: OpenAs, kept: int) -> None:
    (tmp_path / "scene.zip").write_bytes(scene.read_bytes()[:kept])
    with pytest.raises(GranuleError, match="no zip archive"):
        open_as(SENTINEL1_GRD, tmp_path / "scene.zip", scene.name)


def test_a_simulated_scene_is_named_by_its_track_and_direction() -> None:
    found = [scene for number in range(12) for scene in scenes_on(date(2020, 10, 10) + timedelta(days=number))]
    assert {scene.direction for scene in found} == {"ascending", "descending"}
    for scene in found:
        facts = SENTINEL1_GRD.parse(scene_name(scene) + ".SAFE.zip")
        assert facts is not None
        assert (facts.tile, facts.variant) == (f"{scene.relative_orbit:03d}", scene.direction)
