"""Filters: when a slot is not worth making, though everything has come. Data in the record, not callables."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(gt=0.0, le=1.0)]
Month = Annotated[int, Field(ge=1, le=12)]


class _Filter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Coverage(_Filter):
    """The footprints of an input's granules cover at least this share of the product's area."""

    kind: Literal["coverage"] = "coverage"
    input: str
    at_least: Share


class ValidShare(_Filter):
    """At least this share of the cells of an input's variable has a value, on the product's grid."""

    kind: Literal["valid"] = "valid"
    input: str
    variable: str
    at_least: Share


class SunElevation(_Filter):
    """The sun's highest elevation within the slot's period, at the centre of the area, is within these, degrees."""

    kind: Literal["sun"] = "sun"
    at_least: float = Field(default=-90.0, ge=-90.0, le=90.0)
    at_most: float = Field(default=90.0, ge=-90.0, le=90.0)

    @model_validator(mode="after")
    def _something_passes(self) -> Self:
        if self.at_least >= self.at_most:
            raise ValueError(f"no sun stands above {self.at_least:g} and below {self.at_most:g} degrees")
        return self


class Season(_Filter):
    """The slot's period begins in one of these months."""

    kind: Literal["season"] = "season"
    months: tuple[Month, ...] = Field(min_length=1)


Filter = Annotated[Coverage | ValidShare | SunElevation | Season, Field(discriminator="kind")]
