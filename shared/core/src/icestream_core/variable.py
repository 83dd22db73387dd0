"""What a product writes: variables with unit and range, flags with meanings."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Variable(BaseModel):
    """A physical quantity. Values outside `valid` break the product's promise; missing is NaN in memory.

    unit : UDUNITS, SI ("m", "K", "1")
    standard_name : of the CF table, or empty where it has none
    step : of whole numbers: what one of them stands for, in the unit; CF calls it `scale_factor`. A quantity that is
        known to no more than that takes less room, and about half the time to compress and to read
    along : of a raster: a dimension before rows and columns, such as "year"; what is returned has it, with a coordinate
        that says where each layer stands
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["variable"] = "variable"
    unit: str
    standard_name: str = ""
    long_name: str
    valid: tuple[float, float]
    dtype: Literal["float32", "float64", "int16", "int32"] = "float32"
    step: float = Field(default=1.0, gt=0)
    along: str = Field(default="", pattern=r"^[a-z]*$")

    @model_validator(mode="after")
    def _counts_reach(self) -> Self:
        """Raise ValueError for steps of floats, and for a range that its whole numbers do not hold."""
        bits = {"int16": 15, "int32": 31}.get(self.dtype)
        if bits is None:
            if self.step != 1.0:
                raise ValueError(f"step {self.step:g} is for whole numbers; this is {self.dtype}")
        elif max(abs(edge) for edge in self.valid) / self.step >= 2**bits:
            raise ValueError(f"valid {self.valid} in steps of {self.step:g} does not fit {self.dtype}")
        return self


class Flags(BaseModel):
    """A class for each cell, where the record writes it first; else a code that says how good the others are.

    meanings : code -> word (letters, digits and underscores, as CF demands)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["flags"] = "flags"
    long_name: str
    standard_name: str = ""
    meanings: dict[int, str]
    dtype: Literal["uint8", "int16"] = "uint8"
    fill: int | None = None


Written = Annotated[Variable | Flags, Field(discriminator="kind")]
