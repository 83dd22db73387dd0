"""`icestream fit`: from files, from the ledger and from simulations to a set of parameters that the product takes."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import h5netcdf
import numpy as np
import pytest
from click.testing import CliRunner, Result

from icestream_cli.__main__ import cli
from icestream_cli.edge import Given, NotMade
from icestream_core.fit import TooLittle
from icestream_core.plugins import load
from icestream_foundation.cold_pass_tb import PARTLY_FITTED
from icestream_generation.product_output import open_output
from icestream_runtime.ledger import open_ledger
from icestream_simulator.places import Places
from icestream_simulator.simulate import simulate
from icestream_simulator.truth import Truth
from icestream_watcher.announce import announceable

DAY = date(2007, 1, 15)
"""F13 and F17 were both in orbit."""


def icestream(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], obj=Given(), prog_name="icestream")


class Set(NamedTuple):
    document: dict[str, Any]
    path: Path


def fitted(*words: object) -> Set:
    """Return the set that `fit --json` writes."""
    done = icestream("fit", "cold-pass-tb", *words, "--json")
    assert done.exit_code == 0, done.output
    path = Path(json.loads(done.stdout)["path"])
    return Set(tomllib.loads(path.read_text("utf-8")), path)


def attributes_of(path: Path) -> dict[str, Any]:
    with h5netcdf.File(path) as file:
        return dict(file.attrs)


@pytest.fixture(scope="module")
def overlap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cold passes of two platforms on one day, in their real format."""
    folder = tmp_path_factory.mktemp("overlap")
    for platform in ("F13", "F17"):
        simulate("nsidc-0032", DAY, DAY, folder, platform=platform, passes=("D",))
    return folder


@pytest.fixture(scope="module")
def from_files(overlap: Path, tmp_path_factory: pytest.TempPathFactory) -> Set:
    return fitted("--data", overlap, "--out", tmp_path_factory.mktemp("sets"))


@pytest.mark.xdist_group("fit")
def test_from_files_the_set_says_what_it_was_learned_from(from_files: Set) -> None:
    provenance = from_files.document["provenance"]
    assert provenance["learned_from"] == "data"
    assert provenance["rows"] > 10_000
    read = dict(line.split(" ") for line in provenance["data"])
    assert len(read) == 15
    assert read.pop("library-land") == "library:land"
    assert all(checksum.startswith("sha256:") for checksum in read.values())
    assert {row["platform"] for row in from_files.document["parameters"]} == {"F13"}


@pytest.mark.xdist_group("fit")
def test_the_product_takes_the_set_and_names_it(overlap: Path, from_files: Set, tmp_path: Path) -> None:
    f13 = [file for file in overlap.iterdir() if "F13" in file.name]
    made = icestream("make", "cold-pass-tb", *f13, from_files.path, "--out", tmp_path, "--json")
    assert made.exit_code == 0, made.output
    (slot,) = (json.loads(line) for line in made.stdout.splitlines())
    data = open_output(Path(slot["path"])).data
    # 85.5 and 91.7 GHz differ by more than a line takes up: those two channels are refused.
    assert set(data["calibration"].values.ravel().tolist()) == {PARTLY_FITTED}
    named = json.loads((Path(slot["path"]).with_suffix(".stac.json")).read_text())
    assert from_files.path.stem in json.dumps(named)
    assert named["properties"]["icestream:parameters"] == {
        "transfers": {"set": from_files.path.stem, "learned_from": "data"}
    }
    assert "Not for use" not in attributes_of(Path(slot["path"]))["comment"]


@pytest.mark.xdist_group("fit")
def test_from_the_ledger_the_same_is_learned_and_a_known_set_is_shown(
    overlap: Path, from_files: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    monkeypatch.setenv("ICESTREAM_LEDGER_URL", url)
    collections = list(load().collections.values())
    ledger = open_ledger(url, migrate=True)
    ledger.record_granules([granule for file in overlap.iterdir() if (granule := announceable(file, collections))])
    from_ledger = fitted("--ledger", "--out", tmp_path)
    assert from_ledger.document["provenance"]["learned_from"] == "ledger"
    assert from_ledger.document["parameters"] == from_files.document["parameters"]
    assert parameters()["set"] is None
    assert "unfitted: icestream fit cold-pass-tb" in icestream("describe", "cold-pass-tb").output
    granule = announceable(from_ledger.path, collections)
    assert granule is not None
    ledger.record_granules([granule])
    ledger.close()
    assert parameters()["set"] == from_ledger.path.stem
    described = icestream("describe", "cold-pass-tb").output
    assert f"fitted: {from_ledger.path.stem}, learned from ledger" in " ".join(described.split())


@pytest.mark.xdist_group("fit")
def test_from_files_of_stations_and_passes_the_gradient_is_learned_and_taken(
    overlap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the fit reads of other products is made first. Thirty days a station are wanted; here are three."""
    days, passes = (DAY, DAY + timedelta(days=2)), [file for file in overlap.iterdir() if "F17" in file.name]
    stations = simulate("ghcn-daily", *days, tmp_path / "stations")
    words = ("fit", "snow-depth-global", "--data", *passes, tmp_path / "stations", "--out", tmp_path / "sets", "--json")
    done = icestream(*words)
    assert isinstance(done.exception, TooLittle)
    said = re.match(r"(\d+) pairs of dry snow at (\d+) stations make 0 lines", str(done.exception))
    assert said, done.exception
    assert int(said[1]) > 10
    assert not (tmp_path / "sets").exists()
    monkeypatch.setattr("icestream_snow_depth.learn_gradient.LEAST_DAYS", 3)
    more = simulate("nsidc-0032", DAY + timedelta(days=1), days[1], tmp_path / "more", platform="F17", passes=("D",))
    done = icestream(*words, *more)
    assert done.exit_code == 0, done.output
    path = Path(json.loads(done.stdout)["path"])
    provenance = json.loads(attributes_of(path)["provenance"])
    assert provenance["learned_from"] == "data"
    assert provenance["period"] == "2007-01-15/2007-01-18"
    assert 10 < provenance["stations"] <= len(stations)
    named = {line.split(" ")[0] for line in provenance["data"]}
    assert {f"ghcn-daily.{file.stem}" for file in stations} <= named
    made = icestream("make", "snow-depth-global", *passes, path, "--out", tmp_path / "out", "--json")
    assert made.exit_code == 0, made.output
    slot = next(told for line in made.stdout.splitlines() if "snow-depth-global" in (told := json.loads(line))["path"])
    depth = open_output(Path(slot["path"])).data["snow_depth"].values
    assert np.isfinite(depth).sum() > 10_000
    assert 0.05 < np.nanpercentile(depth, 95) < 2.0


@pytest.mark.xdist_group("fit")
def test_a_days_table_of_stations_is_enough_for_thresholds_of_freeze_and_thaw(overlap: Path, tmp_path: Path) -> None:
    """The world that the passes were simulated from tells how cold the ground is, at stations on land."""
    truth = Truth(0)
    longitude, latitude = (
        each.ravel() for each in np.meshgrid(np.arange(-120.0, 140.0, 5.0), np.arange(4.0, 70.0, 4.0))
    )
    places = Places(truth.seed, longitude, latitude)
    kelvin = truth.state(places, DAY, 5.5).temperature
    table = tmp_path / f"ground-temperature.{DAY:%Y%m%d}.csv"
    rows = [
        f"S{number},{latitude[number]:.2f},{longitude[number]:.2f},{kelvin[number]:.2f}"
        for number in np.flatnonzero(places.terrain.land == 1.0)
    ]
    table.write_text("\n".join(["station,latitude,longitude,ground_temperature", *rows]) + "\n")
    f17 = [file for file in overlap.iterdir() if "F17" in file.name]
    done = icestream(
        "fit", "freeze-thaw-three-river-source", "--data", *f17, table, "--out", tmp_path / "sets", "--json"
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["score"]["overall accuracy of ssmis"] > 0.75
    document = tomllib.loads(Path(said["path"]).read_text("utf-8"))
    assert document["provenance"]["learned_from"] == "data"
    assert any(line.startswith(table.stem) for line in document["provenance"]["data"])
    (row,) = document["parameters"]
    assert row["sensor"] == "ssmis"
    assert 240.0 < row["coldest_thawed"] < 275.0


def parameters() -> dict[str, Any]:
    """Return what `products` says of the parameters of cold-pass-tb."""
    listed = json.loads(icestream("products", "--json").stdout)
    (told,) = next(each["parameters"] for each in listed if each["name"] == "cold-pass-tb")
    assert told["command"] == "icestream fit cold-pass-tb"
    return dict(told)


def test_without_a_ledger_a_product_counts_as_unfitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ICESTREAM_LEDGER_URL", raising=False)
    assert parameters() == {
        "input": "transfers",
        "collections": ["cold-pass-tb-transfers"],
        "optional": True,
        "ledger": False,
        "set": None,
        "command": "icestream fit cold-pass-tb",
    }


def test_a_simulated_set_says_that_it_is_simulated(tmp_path: Path) -> None:
    document, _ = fitted("--simulated", "--seed", 5, "--out", tmp_path)
    assert document["provenance"]["learned_from"] == "simulated"
    assert document["provenance"]["seed"] == 5
    assert {row["platform"] for row in document["parameters"]} == {"N07", "F08", "F11", "F13", "GW1"}


@pytest.mark.xdist_group("fit")
def test_what_a_simulated_set_made_says_so_wherever_one_looks(
    overlap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = fitted("--simulated", "--out", tmp_path / "sets").path
    f13 = [file for file in overlap.iterdir() if "F13" in file.name]
    made = icestream("make", "cold-pass-tb", *f13, simulated, "--out", tmp_path / "out", "--json")
    assert made.exit_code == 0, made.output
    path = Path(json.loads(made.stdout.splitlines()[0])["path"])
    attributes = attributes_of(path)
    assert attributes["icestream_parameters"] == f"transfers: {simulated.stem}, learned from simulated"
    assert "Not for use: fitted on the simulated world, not on observations: transfers." in attributes["comment"]
    properties = json.loads(path.with_suffix(".stac.json").read_text())["properties"]
    assert properties["icestream:parameters"]["transfers"]["learned_from"] == "simulated"
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    monkeypatch.setenv("ICESTREAM_LEDGER_URL", url)
    ledger = open_ledger(url, migrate=True)
    granule = announceable(simulated, list(load().collections.values()))
    assert granule is not None
    ledger.record_granules([granule])
    ledger.close()
    assert "learned from simulated" in " ".join(icestream("describe", "cold-pass-tb").output.split())
    told = json.loads(icestream("describe", "cold-pass-tb", "--json").stdout)["parameters"]
    assert told[0]["learned_from"] == "simulated"
    simulated.unlink()
    assert "unknown, the set cannot be read" in icestream("describe", "cold-pass-tb").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cold-pass-tb", "--out", "x"), "wanted one of --data"),
        (("cold-pass-tb", "--data", "--out", "x"), "wanted one of --data"),
        (("cold-pass-tb", "--data", "--simulated", "--out", "x"), "wanted one of --data"),
        (("snow-depth-china", "--simulated", "--out", "x"), "no parameters that are fitted; products that have: "),
        (("no-such", "--simulated", "--out", "x"), "no product 'no-such'"),
    ],
)
def test_what_cannot_be_asked_is_said(words: tuple[str, ...], said: str) -> None:
    done = icestream("fit", *words)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.xdist_group("fit")
def test_data_that_give_no_rows_are_said_to(overlap: Path, tmp_path: Path) -> None:
    f13 = [file for file in overlap.iterdir() if "F13" in file.name]
    done = icestream("fit", "cold-pass-tb", "--data", *f13, "--out", tmp_path / "sets")
    assert isinstance(done.exception, NotMade)
    assert "the data give no training rows; wanted tb: amsr2-l3-tb or nsidc-0032" in str(done.exception)
    assert not (tmp_path / "sets").exists()
