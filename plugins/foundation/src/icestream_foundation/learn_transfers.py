"""Learning sensor transfers: a line for each two platforms that flew together, and chains of them to the reference."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from icestream_core.fit import Fitted, TooLittle
from icestream_foundation.channels import CHANNELS
from icestream_physics.constant import constant
from icestream_physics.intercalibration import LinearTransfer, fit_transfer

REFERENCE_PLATFORM = "F17"
"""Its sensor is SSMIS, which Dai, Che & Ding 2015 recommend, and it overlaps with SSM/I and with AMSR2."""

LARGEST_RMSE = constant(2.0, "K", source="a line that leaves more is refused", certainty="design")
LARGEST_BIAS = constant(0.3, "K", source="a line that leaves more on average is refused", certainty="design")


class _Step(NamedTuple):
    """The way from a platform to the reference: the line, the pairs and deviation of its worst part, the platforms."""

    slope: float
    intercept: float
    pairs: int
    rmse: float
    via: str


def learn_transfers(rows: Mapping[str, Any], _seed: int) -> Fitted:
    """Return a line by platform and channel to the level of the reference, along the shortest chain of overlaps.

    rows : pairs: `source` and `reference` platform, `channel`, `tb_source` and `tb_reference` (K)
    SMMR never flew with the reference: its line is put together of those from SMMR to F08, to F11, to F13, to F17.
    Source: Dai, Che & Ding 2015, doi:10.3390/rs70607212; the regression follows Deming 1943, both sensors being noisy.
    Raises TooLittle where no platform can be brought to the reference.
    """
    found: list[tuple[str, str, _Step]] = []
    refused = 0
    for channel in CHANNELS:
        lines = dict(_lines(rows, channel))
        good = {
            pair: line for pair, line in lines.items() if line.rmse <= LARGEST_RMSE and abs(line.bias) <= LARGEST_BIAS
        }
        refused += len(lines) - len(good)
        found += [(platform, channel, step) for platform, step in _chained(good).items()]
    if not found:
        platforms = ", ".join(sorted({*map(str, rows["source"]), *map(str, rows["reference"])})) or "none"
        raise TooLittle(
            f"no platform overlaps with {REFERENCE_PLATFORM}, directly or by others, so that a line holds (platforms "
            f"{platforms}, {refused} lines refused); wanted days on which two of a chain of platforms flew"
        )
    columns: dict[str, list[Any]] = {
        "platform": [platform for platform, _, _ in found],
        "channel": [channel for _, channel, _ in found],
        **{name: [getattr(step, name) for _, _, step in found] for name in _Step._fields},
    }
    score = {
        "lines": float(len(found)),
        "refused lines": float(refused),
        "largest root mean square deviation, K": max(step.rmse for _, _, step in found),
        "fewest pairs": float(min(step.pairs for _, _, step in found)),
    }
    return Fitted(columns, score)


def _lines(rows: Mapping[str, Any], channel: str) -> Iterator[tuple[tuple[str, str], LinearTransfer]]:
    """Give the line of each two platforms that have enough pairs of a channel."""
    of_channel = np.flatnonzero(rows["channel"] == channel)
    pairs = np.char.add(np.char.add(rows["source"][of_channel], " "), rows["reference"][of_channel])
    for pair in np.unique(pairs):
        chosen = of_channel[pairs == pair]
        try:
            line = fit_transfer(rows["tb_source"][chosen], rows["tb_reference"][chosen])
        except ValueError:
            # Too few pairs: the platforms did not overlap long enough for this channel.
            continue
        first, second = str(pair).split(" ")
        yield (first, second), line


def _chained(lines: Mapping[tuple[str, str], LinearTransfer]) -> dict[str, _Step]:
    """Return the way of each platform to the reference; the fewest lines, since each adds its error."""
    found = {REFERENCE_PLATFORM: _Step(1.0, 0.0, 0, 0.0, REFERENCE_PLATFORM)}
    waiting = deque(found)
    while waiting:
        nearer = waiting.popleft()
        onward = found[nearer]
        for (source_name, reference), line in lines.items():
            # An orthogonal line is the same read from either side.
            if reference == nearer and source_name not in found:
                slope, intercept, platform = line.slope, line.intercept, source_name
            elif source_name == nearer and reference not in found:
                slope, intercept, platform = 1.0 / line.slope, -line.intercept / line.slope, reference
            else:
                continue
            found[platform] = _Step(
                onward.slope * slope,
                onward.slope * intercept + onward.intercept,
                min(line.pairs, onward.pairs or line.pairs),
                float(np.hypot(onward.rmse, line.rmse)),
                f"{platform}-{onward.via}",
            )
            waiting.append(platform)
    del found[REFERENCE_PLATFORM]
    return found
