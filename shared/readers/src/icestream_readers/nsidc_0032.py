"""nsidc-0032: brightness temperatures of SSM/I and SSMIS, daily, on EASE-Grid version 1, from July 1987.

F17's 37 GHz vertical channel is impaired from 5 April 2016 (NSIDC's notice); the files of F18 take over from there.
"""

from __future__ import annotations

from functools import partial

from icestream_core.collection import Collection
from icestream_readers.ease_format import MEDIA_TYPE, OPENER, PATTERNS, facts

SENSORS = {
    "F08": "ssmi",
    "F10": "ssmi",
    "F11": "ssmi",
    "F13": "ssmi",
    "F14": "ssmi",
    "F15": "ssmi",
    "F16": "ssmis",
    "F17": "ssmis",
    "F18": "ssmis",
    "F19": "ssmis",
}

NSIDC_0032 = Collection(
    name="nsidc-0032",
    title="DMSP SSM/I-SSMIS Pathfinder Daily EASE-Grid Brightness Temperatures",
    sensor="ssmis",
    sensors=SENSORS,
    patterns=PATTERNS,
    facts=partial(facts, platforms={platform: (platform, sensor) for platform, sensor in SENSORS.items()}),
    opener=OPENER,
    media_type=MEDIA_TYPE,
    doi="10.5067/3EX2U1DV3434",
    licence="NASA/NSIDC, open use with citation",
)
