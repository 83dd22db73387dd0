"""The storage: whether it takes what is published, and how much room is left."""

from __future__ import annotations

from typing import Final

from icestream_cli.examine.finding import Finding
from icestream_core.errors import SettingsError, StorageError
from icestream_runtime.settings import Settings
from icestream_runtime.storage import Storage

STORAGE, DISK = "storage", "disk"
LEAST_SHARE: Final = 0.1
LEAST_BYTES: Final = 2**30
"""Less room than both a tenth and a gigabyte is little; less than a hundredth of either is none."""


def examine_storage(settings: Settings) -> list[Finding]:
    """Return what was found: everything is tried for real, and nothing is left of it."""
    try:
        storage = Storage.of(settings)
    except SettingsError as error:
        return [Finding(STORAGE, "wrong", str(error), "mend ICESTREAM_OUT")]
    findings = []
    try:
        storage.try_out()
        findings.append(Finding(STORAGE, "ok", f"{storage.root} is written to, renamed in and read from"))
    except StorageError as error:
        advice = "mount it, make room, or give this user the right to write there; look at ICESTREAM_OUT"
        findings.append(Finding(STORAGE, "wrong", str(error), advice))
    try:
        spaces = storage.space()
    except StorageError as error:
        return [*findings, Finding(DISK, "wrong", str(error), "look at the mount")]
    for place, space in spaces.items():
        told = f"{place}: {space.free / 2**30:.1f} of {space.size / 2**30:.1f} GiB are free"
        if space.free < max(LEAST_SHARE * space.size, LEAST_BYTES):
            state = "wrong" if space.free < LEAST_BYTES / 100 else "look"
            findings.append(Finding(DISK, "wrong" if state == "wrong" else "look", told, "make room"))
        else:
            findings.append(Finding(DISK, "ok", told))
    return findings
