"""Fitted sensor transfers: a TOML file of slope and intercept by platform and channel, read as a granule."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from icestream_core.collection import Collection, Facts, Opened
from icestream_core.errors import GranuleError
from icestream_core.granule import Granule
from icestream_core.period import END_OF_TIME, EPOCH


def facts(fields: Mapping[str, Any]) -> Facts:
    """A fitted set holds for all time; one that was fitted later supersedes it."""
    fitted = fields["fitted"]
    return Facts(granule_id=f"cold-pass-tb-transfers.{fitted:%Y%m%d}", start=EPOCH, end=END_OF_TIME, produced=fitted)


def open_transfers(path: Path, granule: Granule) -> Opened:
    """Return rows of `platform`, `channel`, `slope` (1) and `intercept` (K).

    The file has a table a platform and in it a table a channel: [F13.tb_19h] slope = 1.002, intercept = -0.4.
    Raises GranuleError where it is no TOML, or a number is missing or makes no line.
    """
    import xarray as xr

    try:
        tables = tomllib.loads(path.read_text("utf-8"))
        rows = [
            (platform, channel, float(line["slope"]), float(line["intercept"]))
            for platform, channels in tables.items()
            for channel, line in channels.items()
        ]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refused(f"{path.name} is not a table of transfers ({type(error).__name__}: {error})", granule) from error
    if not rows:
        raise _refused(f"{path.name} holds no transfer", granule)
    for platform, channel, slope, intercept in rows:
        if not (slope > 0 and math.isfinite(slope + intercept)):
            raise _refused(
                f"{path.name} has slope {slope:g} and intercept {intercept:g} for {platform}.{channel}", granule
            )
    platforms, channels, slopes, intercepts = zip(*rows, strict=True)
    return Opened(
        xr.Dataset(
            {
                "platform": ("row", np.array(platforms)),
                "channel": ("row", np.array(channels)),
                "slope": ("row", np.array(slopes), {"units": "1"}),
                "intercept": ("row", np.array(intercepts), {"units": "K"}),
            }
        ),
        None,
    )


def _refused(what: str, granule: Granule) -> GranuleError:
    wanted = "wanted a table [PLATFORM.CHANNEL] such as [F13.tb_19h] with a slope above nought and an intercept in K"
    return GranuleError(f"{what}; {wanted}", granule.granule_id)


TRANSFERS = Collection(
    name="cold-pass-tb-transfers",
    title="Fitted inter-sensor transfers of brightness temperature",
    sensor="none",
    patterns=("cold-pass-tb-transfers.{fitted:%Y%m%d}.toml",),
    facts=facts,
    opener="icestream_foundation.transfers:open_transfers",
    media_type="application/toml",
)
