"""Fitted sensor transfers: a TOML file of slope and intercept by platform and channel, read as a granule."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from icestream_core.collection import Collection, Facts, Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.period import END_OF_TIME, EPOCH


def facts(fields: Mapping[str, Any]) -> Facts:
    """A fitted set holds for all time; a later one, by its date, supersedes it."""
    return Facts(granule_id=f"cold-pass-tb-transfers.{fields['fitted']:%Y%m%d}", start=EPOCH, end=END_OF_TIME)


def open_transfers(path: Path, granule: Granule) -> Opened:
    """Return `slope` (1) and `intercept` (K) on dims (platform, channel).

    The file has a table a platform and in it a table a channel: [F13.tb_19h] slope = 1.002, intercept = -0.4.
    Raises GranuleError where it is no TOML or a number is missing.
    """
    import numpy as np
    import xarray as xr

    try:
        tables = tomllib.loads(path.read_text("utf-8"))
        lines = {
            (platform, channel): (float(line["slope"]), float(line["intercept"]))
            for platform, channels in tables.items()
            for channel, line in channels.items()
        }
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise GranuleError(
            f"{path.name} is not a table of transfers ({type(error).__name__}: {error}); "
            "wanted [PLATFORM.CHANNEL] with slope and intercept",
            granule.granule_id,
        ) from error
    platforms, channels = sorted({key[0] for key in lines}), sorted({key[1] for key in lines})
    values = np.array([[lines.get((p, c), (np.nan, np.nan)) for c in channels] for p in platforms]).reshape(
        len(platforms), len(channels), 2
    )
    dims = ("platform", "channel")
    data = xr.Dataset(
        {
            "slope": (dims, values[..., 0], {"units": "1"}),
            "intercept": (dims, values[..., 1], {"units": "K"}),
        },
        coords={"platform": platforms, "channel": channels},
    )
    return Opened(data, None)


TRANSFERS = Collection(
    name="cold-pass-tb-transfers",
    title="Fitted inter-sensor transfers of brightness temperature",
    sensor="none",
    patterns=("cold-pass-tb-transfers.{fitted:%Y%m%d}.toml",),
    facts=facts,
    opener="icestream_foundation.transfers:open_transfers",
    media_type="application/toml",
)
