"""What a product writes: variables with unit and range, flags with meanings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Variable(BaseModel):
    """A physical quantity. Values outside `valid` break the product's promise; missing is NaN in memory.

    unit : UDUNITS, SI ("m", "K", "1")
    standard_name : of the CF table, or empty where it has none
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
    along: str = Field(default="", pattern=r"^[a-z]*$")


class Flags(BaseModel):
    """A class or a quality code for each cell.

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
