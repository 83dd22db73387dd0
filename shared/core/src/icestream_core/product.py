"""A product: a declarative record and a pure function. The record is plain data: the gatherer needs no plugin code."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from icestream_core.delivery import Delivery
from icestream_core.errors import RecordError
from icestream_core.filter import Coverage, Filter, ValidShare
from icestream_core.fit import Fit
from icestream_core.granule import VERSION_PATTERN
from icestream_core.grid import Grid
from icestream_core.inputs import Input
from icestream_core.period import Period
from icestream_core.problems import first_problems
from icestream_core.variable import Flags, Variable, Written
from icestream_core.window import LatestBefore

Fidelity = Literal["published-formula", "published-method-refit", "inspired-by"]


class OnGrid(BaseModel):
    """A raster on a fixed grid."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["grid"] = "grid"
    grid: Grid


class OnLattice(BaseModel):
    """A raster whose grid is that of its granules: a tile, a scene, a sensor's own grid.

    of : the inputs that may give the grid; the first that came does
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["lattice"] = "lattice"
    of: tuple[str, ...] = Field(min_length=1)


class Table(BaseModel):
    """Rows: stations, lakes, passes (a CF discrete sampling geometry).

    feature : CF's featureType
    instance : the name of the instance dimension
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["table"] = "table"
    feature: Literal["point", "timeSeries", "trajectory"] = "timeSeries"
    instance: str = "station"


class Features(BaseModel):
    """Outlines and points with attributes; the master is a GeoPackage.

    geometry : of the layer
    crs : of the layer
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["features"] = "features"
    geometry: Literal["Point", "LineString", "Polygon", "MultiPolygon"]
    crs: str = "EPSG:4326"


Kind = Annotated[OnGrid | OnLattice | Table | Features, Field(discriminator="kind")]


class Reference(BaseModel):
    """A paper or dataset that the product rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    citation: str
    doi: str = ""


class Product(BaseModel):
    """One product.

    datasets : rows of the source catalogue that it makes: "S39"; empty for a foundation product
    inputs : by the argument names of `compute`
    tiled : a slot for each tile of the trigger
    variants : a slot for each: ascending/descending, day/night, cold/warm
    writes : by name of variable
    options : numbers and words that the function takes and an operator may change; they are part of the inputs hash
    filters : what must hold, or the slot is void; one that cannot be evaluated does not hold
    designed : what had to be designed because the paper is silent, in words
    accuracy : the original authors' statement, quoted as theirs
    compute : the pure function; takes each input as an xarray Dataset on the product's grid (None where an optional
        one is absent) and each option, by name; returns arrays by name of variable; raises Void where there is nothing
    fit : how its parameters are fitted; like `compute` no part of the record
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    version: str = Field(pattern=VERSION_PATTERN)
    title: str
    summary: str
    family: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    datasets: tuple[str, ...] = ()
    inputs: dict[str, Input] = Field(min_length=1)
    period: Period
    tiled: bool = False
    variants: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]{1,32}$")], ...] = ()
    kind: Kind
    writes: dict[str, Written] = Field(min_length=1)
    deliveries: tuple[Delivery, ...] = ()
    options: dict[str, float | int | str | bool] = {}
    filters: tuple[Filter, ...] = ()
    references: tuple[Reference, ...] = ()
    keywords: tuple[str, ...] = ()
    fidelity: Fidelity
    designed: str = ""
    accuracy: str = ""
    when_short: Literal["hopeless", "void"] = "hopeless"
    time_limit: timedelta = Field(default=timedelta(minutes=10), gt=timedelta(0))
    memory_limit: int = Field(default=4 * 2**30, gt=0, description="bytes of resident memory")
    compute: Annotated[Callable[..., Any] | None, Field(exclude=True)] = None
    fit: Annotated[Fit | None, Field(exclude=True)] = None

    @model_validator(mode="after")
    def _record_holds_together(self) -> Self:
        if not any(entry.triggers for entry in self.inputs.values()):
            raise ValueError("no input triggers it: it would never be made")
        if isinstance(self.kind, OnLattice) and not set(self.kind.of) <= self.inputs.keys():
            raise ValueError(f"its lattice comes from {', '.join(self.kind.of)}; inputs are {', '.join(self.inputs)}")
        if not any(self._can_open(entry) for entry in self.inputs.values()):
            raise ValueError(
                "no trigger can open a slot: its own arrival must name period, tile and variant "
                "(opens=True, a window other than latest-before, tile='same' where tiled, no variant of its own)"
            )
        for name, entry in self.inputs.items():
            if (entry.role == "own-output") != any(source.collection == self.name for source in entry.sources):
                raise ValueError(f"input {name}: role own-output and the product's own collection go together")
        for each in self.filters:
            if isinstance(each, Coverage | ValidShare) and each.input not in self.inputs:
                raise ValueError(f"filter {each.kind} is of input {each.input!r}; inputs are {', '.join(self.inputs)}")
        if self.fit is not None:
            taken = self.inputs.get(self.fit.parameters)
            if taken is None or taken.role != "parameters":
                raise ValueError(f"what is fitted goes into {self.fit.parameters!r}, which is no input of parameters")
        layered = {name for name, written in self.writes.items() if isinstance(written, Variable) and written.along}
        if layered and not isinstance(self.kind, OnGrid | OnLattice):
            raise ValueError(f"{', '.join(sorted(layered))} has layers, which only rasters have")
        for delivery in self.deliveries:
            if lacking := {delivery.variable, *delivery.behind} - self.writes.keys():
                raise ValueError(
                    f"delivery {delivery.name} is of {', '.join(sorted(lacking))}; it writes {', '.join(self.writes)}"
                )
            if delivery.format != "geotiff" and (delivery.behind or delivery.variable in layered):
                raise ValueError(f"delivery {delivery.name}: only a GeoTIFF has several bands, not {delivery.format}")
            classes = {name for name in (delivery.variable, *delivery.behind) if isinstance(self.writes[name], Flags)}
            if classes and delivery.resampling not in ("nearest", "mode"):
                raise ValueError(
                    f"delivery {delivery.name}: {', '.join(sorted(classes))} has classes, which have no "
                    f"{delivery.resampling}; wanted nearest or mode"
                )
            if layered & set(delivery.behind):
                raise ValueError(f"delivery {delivery.name}: what stands behind has no layers of its own")
        names = [delivery.name for delivery in self.deliveries]
        if len(set(names)) != len(names):
            raise ValueError(f"two deliveries of one name among {', '.join(names)}")
        files = [self._sample_filename(delivery) for delivery in self.deliveries]
        if len(set(files)) != len(files):
            raise ValueError(f"two deliveries of one file name among {', '.join(files)}")
        return self

    def _can_open(self, entry: Input) -> bool:
        return (
            entry.opens_slots
            and not isinstance(entry.window, LatestBefore)
            and not (self.tiled and entry.tile != "same")
            and not (self.variants and entry.variant)
        )

    def _sample_filename(self, delivery: Delivery) -> str:
        """Return a file name of a delivery; ValueError where two slots would have the same, or it is none."""
        fields = {field for _, field, _, _ in string.Formatter().parse(delivery.filename) if field is not None}
        if not fields <= {"period", "tile", "variant"}:
            raise ValueError(f"file name {delivery.filename!r} may use period, tile and variant; found {fields}")
        apart = {
            "tile": self.tiled,
            "variant": bool(self.variants),
            # The dataset tree has a folder for each year.
            "period": self.period.kind not in ("singleton", "year", "hydrological-year"),
        }
        if lacking := [field for field, needed in apart.items() if needed and field not in fields]:
            raise ValueError(
                f"file name {delivery.filename!r} of {self.name} lacks {', '.join(lacking)}: "
                "slots would overwrite each other's files"
            )
        if unknown := delivery.words.keys() - set(self.variants):
            raise ValueError(f"delivery {delivery.name} has words for {unknown}; variants are {self.variants}")
        called = [delivery.words.get(variant, variant) for variant in self.variants]
        if len(set(called)) != len(called):
            raise ValueError(f"delivery {delivery.name} calls two variants alike among {', '.join(called)}")
        sample = delivery.filename.format(period=datetime(2001, 6, 15, tzinfo=UTC), tile="tile", variant="variant")
        if not sample or sample.startswith(".") or "/" in sample or "\\" in sample:
            raise ValueError(f"file name {delivery.filename!r} gives {sample!r}, which is no name of a file")
        return sample

    @property
    def collections_read(self) -> tuple[str, ...]:
        """The collections that it reads, library defaults apart."""
        return tuple(
            dict.fromkeys(
                source.collection for entry in self.inputs.values() for source in entry.sources if not source.is_library
            )
        )

    def record(self) -> dict[str, Any]:
        """Return the record as plain data (JSON)."""
        return self.model_dump(mode="json", exclude={"compute", "fit"})


def product_of(record: dict[str, Any]) -> Product:
    """Return the product of a record, without its function; raises RecordError with what is wrong."""
    try:
        return Product.model_validate(record)
    except ValidationError as error:
        name = str(record.get("name", ""))[:100]
        raise RecordError(f"product record {name!r}: {first_problems(error)}") from None
