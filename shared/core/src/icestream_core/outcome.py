"""An outcome: what a worker answers to a task."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from icestream_core.granule import CHECKSUM_PATTERN, VERSION_PATTERN, Message, Mode, Traceparent
from icestream_core.slot import Slot

Fault = Literal["", "product", "granule", "storage", "limit"]
"""Whose fault a failure is. Storage is tried again without end; a granule is quarantined; the others count."""


NO_NUL = r"^[^\x00]*$"
"""What a database is asked for: PostgreSQL takes no zero byte."""


class ManifestFile(Message):
    """One file of a published directory."""

    name: str = Field(min_length=1, max_length=255, pattern=r"^[^/\\\x00.][^/\\\x00]*$")
    role: str = Field(max_length=64)
    media_type: str = Field(max_length=128)
    size: int = Field(ge=0)
    checksum: str = Field(pattern=CHECKSUM_PATTERN)
    dataset: str = Field(default="", max_length=64)


class Manifest(Message):
    """What a published directory holds. Its checksum is the checksum of the announced granule."""

    href: str = Field(min_length=1, max_length=4096)
    files: tuple[ManifestFile, ...] = Field(min_length=1, max_length=256)
    sensor: str = ""
    platform: str = ""
    footprint: tuple[float, float, float, float] | None = None

    @property
    def checksum(self) -> str:
        return manifest_checksum(self.files)

    def of_role(self, role: str) -> list[ManifestFile]:
        return [file for file in self.files if file.role == role]


def manifest_checksum(files: Iterable[ManifestFile]) -> str:
    """Return one checksum over the names and checksums of all files."""
    lines = sorted(f"{file.checksum}  {file.name}\n" for file in files)
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


class Outcome(Message):
    """Made, void (and why), or failed (why, and whose fault).

    seconds : by step (fetch, open, align, compute, write ...), for metrics and the canonical log line
    granule_id, granule_checksum : the granule at fault
    valid : share of cells, rows or features that have a value, by variable; of what was computed here
    adopted : the directory was there already, published by another worker or an earlier life of this one
    """

    slot: Slot
    version: str = Field(pattern=VERSION_PATTERN)
    token: str = Field(pattern=NO_NUL, max_length=64)
    inputs_hash: str = Field(pattern=NO_NUL, max_length=64)
    status: Literal["made", "void", "failed"]
    reason: str = Field(default="", max_length=4000)
    fault: Fault = ""
    granule_id: str = Field(default="", pattern=NO_NUL, max_length=200)
    granule_checksum: str = Field(default="", pattern=NO_NUL, max_length=150)
    traceback: str = Field(default="", max_length=20_000)
    manifest: Manifest | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    valid: dict[str, float] = Field(default_factory=dict)
    adopted: bool = False
    mode: Mode = "forward"
    finished_at: AwareDatetime
    worker: str = Field(default="", max_length=255)
    traceparent: Traceparent = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        # Without them nothing could be announced of it.
        if self.status == "made" and self.manifest is None:
            raise ValueError("an outcome that is made needs a manifest")
        if self.status == "void" and not self.reason:
            raise ValueError("an outcome that is void needs a reason")
        return self
