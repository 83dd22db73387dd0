"""A clock that is wrong for one process: faketime."""

from __future__ import annotations

import shutil
from pathlib import Path


def find_faketime() -> Path | None:
    """Return the program, or None where it is not installed."""
    found = shutil.which("faketime")
    return Path(found) if found else None


def ahead(seconds: int) -> tuple[str, ...]:
    """Return what to put before a command so that its clock is ahead; how fast time goes is left alone."""
    return "env", "FAKETIME_DONT_FAKE_MONOTONIC=1", str(find_faketime()), "-f", f"+{seconds}s"
