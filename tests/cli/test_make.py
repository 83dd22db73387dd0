"""`icestream make`: from files to products at once, on real granules and on a third party's counts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from icestream_cli.one_shot import needed_for
from icestream_core.plugins import load
from parts.stream import TALLY


def make(*words: object, tally: bool = False) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ICESTREAM_")}
    return subprocess.run(
        [sys.executable, "-m", "icestream_cli", "make", *map(str, words)],
        env=clean | ({"PYTHONPATH": str(TALLY), "ICESTREAM_PLUGINS": "tally"} if tally else {}),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def made(*words: object, tally: bool = False) -> list[dict[str, Any]]:
    done = make(*words, "--json", tally=tally)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def contents(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def counts(directory: Path, **written: str) -> list[Path]:
    """Write counts of the tally plugin: by station, what the file holds."""
    directory.mkdir(exist_ok=True)
    found = []
    for station, content in written.items():
        found.append(directory / f"count_20240101T000000_{station}.txt")
        found[-1].write_text(content)
    return found


def test_products_are_made_in_the_order_of_their_needs() -> None:
    installed = load().products
    names = [product.name for product in needed_for(installed["snow-depth-tibet-005"], installed)]
    assert names[-1] == "snow-depth-tibet-005"
    assert set(names) == {
        "cold-pass-tb",
        "snow-depth-china",
        "snow-cover-hma",
        "snow-cover-probability",
        "snow-depth-tibet-005",
    }
    assert names.index("cold-pass-tb") < names.index("snow-depth-china")
    assert names.index("snow-cover-hma") < names.index("snow-cover-probability")
    assert [product.name for product in needed_for(installed["snow-cover-hma"], installed)] == ["snow-cover-hma"]


def test_snow_depth_is_made_from_real_files_and_twice_the_same(granules: Path, tmp_path: Path) -> None:
    files = sorted((granules / "nsidc-0032").glob("EASE-F17-NL2014032*"))
    assert len(files) == 16
    (found,) = made("snow-depth-china", *files, "--out", tmp_path / "once")
    assert (found["product"], found["period"], found["tile"]) == ("snow-depth-china", "20140201", "")
    assert (found["revision"], found["stage"], found["state"]) == (1, "final", "made")
    assert Path(found["path"]).name == "snow-depth-china.20140201.nc"
    assert [Path(path).name for path in found["deliveries"]] == [
        "2014032.txt",
        "2014032.ease.txt",
        "region_2014032.txt",
    ]
    assert Path(found["quicklook"]).read_bytes().startswith(b"\x89PNG")
    assert json.loads(Path(found["stac"]).read_text())["type"] == "Feature"
    header = Path(found["deliveries"][0]).read_text().splitlines()[:6]
    assert [" ".join(line.split()) for line in header[:2]] == ["ncols 321", "nrows 161"]
    tree = tmp_path / "once" / "datasets" / "snow-depth-china" / "2014"
    assert (tree / "2014032.txt").read_bytes() == Path(found["deliveries"][0]).read_bytes()

    (again,) = made("snow-depth-china", granules / "nsidc-0032", "--out", tmp_path / "twice")
    assert again["path"] == found["path"].replace("/once/", "/twice/")
    assert contents(tmp_path / "once" / "store").keys() == contents(tmp_path / "twice" / "store").keys()
    assert contents(tmp_path / "once" / "datasets") == contents(tmp_path / "twice" / "datasets")
    differing = {
        name
        for name, checksum in contents(tmp_path / "once" / "store").items()
        if contents(tmp_path / "twice" / "store")[name] != checksum
    }
    assert {Path(name).name for name in differing} <= {"manifest.json"}, "only the manifest says where the files lie"


def test_snow_cover_is_made_from_a_real_composite(granules: Path, tmp_path: Path) -> None:
    (found,) = made("snow-cover-hma", granules / "mod10a2", "--out", tmp_path)
    assert (found["period"], found["tile"]) == ("2022033", "h09v05")
    assert [Path(path).name for path in found["deliveries"]] == ["MOYDGL06_2022033.h09v05.tif"]
    assert "aqua (myd10a2)" in found["missing"]


def test_what_was_missing_is_said_when_nothing_can_be_made(granules: Path, tmp_path: Path) -> None:
    files = [path for path in (granules / "nsidc-0032").glob("EASE*") if not path.name.endswith("37V")]
    done = make("snow-depth-china", *files, "--out", tmp_path, "--json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "cold-pass-tb.20140201.nl.cold is hopeless: closed without tb (nsidc-0032) part 37v" in done.stderr
    assert "nothing among the files opens a slot of snow-depth-china" in done.stderr


def test_a_truncated_granule_is_named(granules: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    shutil.copytree(granules / "nsidc-0032", inputs)
    bad = inputs / "EASE-F17-NL2014032D-V2.19H"
    bad.chmod(0o644)
    bad.write_bytes(bad.read_bytes()[:1000])
    done = make("snow-depth-china", inputs, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "1000 bytes" in done.stderr
    assert "Traceback" not in done.stderr


def test_files_that_nothing_reads_are_a_matter_of_usage(granules: Path, tmp_path: Path) -> None:
    done = make("snow-cover-hma", granules / "nsidc-0032", "--out", tmp_path)
    assert done.returncode == 2
    assert "none of the files can be used" in done.stderr
    assert "wanted granules of mod10a2, myd10a2" in done.stderr
    assert make("snow-cover-hma", tmp_path / "nothing.hdf", "--out", tmp_path).returncode == 2


def test_a_product_of_products_is_made_of_all_that_is_given(tmp_path: Path) -> None:
    files = counts(tmp_path / "in", a="2", b="3", c="4")
    (found,) = made("tally-sum", *files, "--out", tmp_path / "out", tally=True)
    assert (found["period"], found["revision"]) == ("20240101", 1)
    import xarray as xr

    with xr.open_dataset(found["path"], engine="h5netcdf") as data:
        assert float(data["sum"].max()) == float(data["sum"].min()) == 4 + 9 + 16

    everything = made("tally-sum", *files, "--out", tmp_path / "out", "--all", tally=True)
    assert [each["product"] for each in everything] == ["tally-square"] * 3 + ["tally-sum"]


def test_one_bad_granule_does_not_keep_the_others(tmp_path: Path) -> None:
    files = counts(tmp_path / "in", a="2", b="no number")
    done = make("tally-square", *files, "--out", tmp_path / "out", "--json", tally=True)
    states = {found["tile"]: found["state"] for found in map(json.loads, done.stdout.splitlines())}
    assert states["a"] == "made"
    assert states["b"] != "made"
    assert "holds no number" in done.stderr


@pytest.mark.parametrize("words", [["--isolate"], ["--jobs", "2"]])
def test_children_make_the_same(tmp_path: Path, words: list[str]) -> None:
    files = counts(tmp_path / "in", a="2", b="3")
    inline = made("tally-square", *files, "--out", tmp_path / "inline", tally=True)
    isolated = made("tally-square", *files, "--out", tmp_path / "isolated", *words, tally=True)
    assert [Path(found["path"]).name for found in inline] == [Path(found["path"]).name for found in isolated]
    assert [Path(found["path"]).read_bytes() for found in inline] == [
        Path(found["path"]).read_bytes() for found in isolated
    ]


def test_a_product_that_crashes_takes_only_its_child_along(tmp_path: Path) -> None:
    directory = tmp_path / "in"
    directory.mkdir()
    (directory / "crash_20240101T000000_a.txt").write_text("1")
    done = make("tally-crash", directory, "--out", tmp_path / "out", "--isolate", tally=True)
    assert done.returncode == 1
    assert "SIGSEGV" in done.stderr


def test_an_option_that_the_product_does_not_have_is_refused(tmp_path: Path) -> None:
    done = make("surface-melt-greenland", tmp_path, "--out", tmp_path / "out", "--option", "rul=xpgr")
    assert done.returncode != 0
    assert "surface-melt-greenland has no option 'rul'; it has rule=m30" in done.stderr
