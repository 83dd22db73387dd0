"""Every alternative of cold-pass-tb, in its real file format, from simulated granules to a depth beside the truth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from icestream_core.fit import Fitted
from icestream_core.grid import CHINA_025
from icestream_core.plugins import load
from icestream_foundation.cold_pass_tb import CHANNELS, FITTED, REFERENCE, UNCALIBRATED
from icestream_foundation.transfers import TRANSFERS
from icestream_generation.align import onto
from icestream_generation.product_output import open_output
from icestream_physics.intercalibration import fit_transfer
from icestream_readers.parameters_file import write_toml
from icestream_simulator.score import score
from plugins.stream import Stream

PLUGINS = load()


class Sensor(NamedTuple):
    collection: str
    platform: str | None
    day: date
    sensor: str
    lacks: tuple[str, ...]
    calibration: int
    screening: int


SENSORS = [
    Sensor("nsidc-0032", "F17", date(2014, 2, 4), "ssmis", (), REFERENCE, 0),
    Sensor("nsidc-0032", "F13", date(2000, 2, 4), "ssmi", (), UNCALIBRATED, 0),
    Sensor("nsidc-0032", "F08", date(1990, 2, 4), "ssmi", (), UNCALIBRATED, 0),
    Sensor("amsr2-l3-tb", None, date(2016, 2, 4), "amsr2", (), UNCALIBRATED, 0),
    Sensor("nsidc-0071", None, date(1985, 2, 4), "smmr", ("tb_22v", "tb_91h", "tb_91v"), UNCALIBRATED, 3),
]


@pytest.mark.parametrize("of", SENSORS, ids=lambda of: of.platform or of.sensor)
def test_a_sensor_goes_from_its_files_to_a_depth_near_the_truth(of: Sensor, tmp_path: Path) -> None:
    stream = Stream(tmp_path, PLUGINS, of.day, of.collection, of.platform)
    (cold,) = stream.output("cold-pass-tb")
    assert cold.granule.sensor == of.sensor
    assert cold.granule.variant == "cold"
    assert cold.path is not None
    level = open_output(cold.path).data
    for channel in CHANNELS:
        assert np.isfinite(level[channel].values).any() == (channel not in of.lacks), channel
    assert np.unique(level["calibration"].values).tolist() == [of.calibration]

    (made,) = stream.output("snow-depth-china")
    assert made.path is not None
    assert np.unique(open_output(made.path).data["screening"].values).tolist() == [of.screening]
    interval = PLUGINS.product("snow-depth-china").period.containing(stream.morning)
    assert interval is not None
    measured = {each.measure: each for each in score("snow-depth-china", made.path, interval, stream.truth)}
    assert {"snow found", "root mean square error", "bias"} <= measured.keys()
    if of.sensor == "smmr":
        # Without 22 and 85 GHz, deserts and frozen ground cannot be told from snow.
        del measured["bare ground found"]
    assert [each for each in measured.values() if not each.holds] == []


def test_fitted_transfers_reach_the_product_from_their_file(tmp_path: Path) -> None:
    path = tmp_path / "cold-pass-tb-transfers.20240131.toml"
    _write_transfers(path, "F13", dict.fromkeys(CHANNELS, (1.0, 2.0)))
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    extra = {"cold-pass-tb": {"transfers": path}}
    plain, shifted = (
        Stream(tmp_path / name, PLUGINS, date(2000, 2, 4), platform="F13", extra=given)
        for name, given in (("without", {}), ("with", extra))
    )
    (before,), (after,) = plain.output("cold-pass-tb"), shifted.output("cold-pass-tb")
    assert before.path is not None
    assert after.path is not None
    uncalibrated, fitted = open_output(before.path).data, open_output(after.path).data
    assert np.unique(fitted["calibration"].values).tolist() == [FITTED]
    np.testing.assert_allclose(fitted["tb_37h"].values, uncalibrated["tb_37h"].values + 2.0, atol=1e-4)


def test_a_transfer_fitted_on_an_overlap_brings_amsr2s_depth_to_that_of_the_reference(tmp_path: Path) -> None:
    day = date(2014, 2, 4)
    folders = {name: tmp_path / name for name in ("f17", "amsr2", "fitted")}
    for folder in folders.values():
        folder.mkdir()
    f17 = Stream(folders["f17"], PLUGINS, day, platform="F17")
    amsr2 = Stream(folders["amsr2"], PLUGINS, day, "amsr2-l3-tb")
    reference, source = _levels(f17), _levels(amsr2)
    path = tmp_path / "cold-pass-tb-transfers.20140204.toml"
    lines = {channel: fit_transfer(source[channel], reference[channel]) for channel in CHANNELS}
    assert max(line.rmse for line in lines.values()) < 6.0
    _write_transfers(path, "GW1", {channel: (line.slope, line.intercept) for channel, line in lines.items()})
    fitted = Stream(folders["fitted"], PLUGINS, day, "amsr2-l3-tb", extra={"cold-pass-tb": {"transfers": path}})
    wanted, before, after = (_depth(stream) for stream in (f17, amsr2, fitted))
    both = (wanted > 0) & (before > 0) & (after > 0)
    bias_before, bias_after = float((before - wanted)[both].mean()), float((after - wanted)[both].mean())
    # One day of pairs seen at other hours takes away nearly half of the difference; years of pairs would more.
    assert abs(bias_after) < 0.03 * wanted[both].mean()
    assert abs(bias_after) < 0.75 * abs(bias_before)


def _write_transfers(path: Path, platform: str, lines: Mapping[str, tuple[float, float]]) -> None:
    slopes, intercepts = zip(*lines.values(), strict=True)
    columns = {"platform": [platform] * len(lines), "channel": list(lines), "slope": slopes, "intercept": intercepts}
    write_toml(path, Fitted(columns, {}), TRANSFERS.columns, {})


def _levels(stream: Stream) -> dict[str, np.ndarray]:
    """Return the channels on the grid of China, over snow-covered plains."""
    (cold,) = stream.output("cold-pass-tb")
    assert cold.path is not None
    opened = open_output(cold.path)
    assert opened.grid is not None
    rows, columns = slice(20, 48), slice(0, 140)
    return {name: onto(opened.data[name].values, opened.grid, CHINA_025, "nearest")[rows, columns] for name in CHANNELS}


def _depth(stream: Stream) -> np.ndarray:
    (made,) = stream.output("snow-depth-china")
    assert made.path is not None
    depth: np.ndarray = open_output(made.path).data["snow_depth"].values
    return depth
