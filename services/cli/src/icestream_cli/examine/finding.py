"""A finding: what was looked at, what was found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "look", "wrong", "unknown"]
"""ok: as it should be; look: it works, and may not be meant so; wrong: it does not; unknown: it cannot be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of what the doctor says."""

    part: str
    state: State
    found: str
    advice: str = ""
