"""A granule: one arrival of a collection, as every part of the stream speaks of it."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from icestream_core.period import END_OF_TIME, EPOCH
from icestream_core.slot import Stage

Mode = Literal["forward", "reprocessing"]
Checksum = str
"""`<algorithm>:<lower-case hex>`, such as sha256:9f86d0..."""

CHECKSUM_PATTERN = r"^(sha256|sha512|sha384|sha1|md5|sha3-256|sha3-384|sha3-512|library):[0-9a-z.+-]{1,128}$"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+=,-]{0,199}$"
WORD_PATTERN = r"^[A-Za-z0-9._+-]{0,64}$"
LONGEST_VOID = 1000
MOST_REVISIONS = 2**31 - 1
"""What a database's whole numbers hold."""
VERSION_PATTERN = r"^\d{1,9}\.\d{1,9}\.\d{1,9}$"
COLLECTION_PATTERN = r"^[a-z0-9][a-z0-9-]{0,99}$"


class Message(BaseModel):
    """What travels: strict in types, closed to change, unknown fields ignored (a newer sender is understood)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Asset(Message):
    """One file of a granule."""

    href: str = Field(min_length=1, max_length=4096)
    size: int = Field(ge=0, le=2**50)
    checksum: Checksum = Field(pattern=CHECKSUM_PATTERN)
    role: str = Field(default="data", max_length=64)
    media_type: str = Field(default="application/octet-stream", max_length=128)


Traceparent = Annotated[str, Field(pattern=r"^([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?$")]


class Granule(Message):
    """One arrival of a collection. The same id with another checksum is a correction.

    tile, part, variant : which of several; empty where the collection has none
    start, end : interval observed, UTC, end exclusive
    footprint : west, south, east, north, degrees
    revision, stage, void : of a product's output; revision 0 is an observation
    traceparent : of the trace that it belongs to, by W3C Trace Context; empty where nobody traces
    """

    granule_id: str = Field(pattern=NAME_PATTERN)
    checksum: Checksum = Field(pattern=CHECKSUM_PATTERN)
    collection: str = Field(pattern=COLLECTION_PATTERN)
    sensor: str = Field(pattern=WORD_PATTERN)
    platform: str = Field(default="", pattern=WORD_PATTERN)
    tile: str = Field(default="", pattern=WORD_PATTERN)
    part: str = Field(default="", pattern=WORD_PATTERN)
    variant: str = Field(default="", pattern=WORD_PATTERN)
    start: AwareDatetime
    end: AwareDatetime
    footprint: tuple[float, float, float, float] | None = None
    assets: tuple[Asset, ...] = Field(default=(), max_length=256)
    published_at: AwareDatetime
    received_at: AwareDatetime
    mode: Mode = "forward"
    revision: int = Field(default=0, ge=0, le=MOST_REVISIONS)
    stage: Stage = "final"
    void: str = Field(default="", max_length=LONGEST_VOID)
    source_format: str = Field(default="file", max_length=32)
    traceparent: Traceparent = ""

    @model_validator(mode="after")
    def _time_runs_forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"granule {self.granule_id} ends {self.end} before or when it starts {self.start}")
        if self.start < EPOCH or self.end > END_OF_TIME:
            raise ValueError(
                f"granule {self.granule_id} is of {self.start} to {self.end}; "
                f"wanted a time from {EPOCH} to {END_OF_TIME}"
            )
        for name, moment in (("published", self.published_at), ("received", self.received_at)):
            if not EPOCH <= moment <= END_OF_TIME:
                raise ValueError(
                    f"granule {self.granule_id} was {name} {moment}; wanted a time from {EPOCH} to {END_OF_TIME}"
                )
        if not self.assets and not self.void:
            raise ValueError(f"granule {self.granule_id} has neither a file nor a reason for having none")
        return self

    @property
    def order(self) -> tuple[int, str, str]:
        """Sorts corrections of one granule: the last is the one that holds, whatever the order of arrival."""
        return self.revision, self.published_at.astimezone(UTC).isoformat(timespec="microseconds"), self.checksum
