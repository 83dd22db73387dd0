"""A slot: one thing to make. Its key names it everywhere: messages, ledger, paths, logs."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from icestream_core.period import Interval

Stage = Literal["provisional", "final"]
SlotState = Literal["waiting", "tasked", "made", "void", "hopeless", "dead", "parked"]


class Slot(BaseModel):
    """(product, period, tile, variant), with the interval that the period's label stands for."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    product: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")
    period: str = Field(pattern=r"^[A-Za-z0-9-]{1,40}$")
    start: AwareDatetime
    end: AwareDatetime
    tile: str = Field(default="", pattern=r"^[A-Za-z0-9._+-]{0,64}$")
    variant: str = Field(default="", pattern=r"^[A-Za-z0-9._+-]{0,64}$")

    @property
    def key(self) -> str:
        """The name of the slot, and of the granule that its current revision is announced as."""
        return ".".join(word for word in (self.product, self.period, self.tile, self.variant) if word)

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end, self.period)
