"""Inputs of a product: from which collections, which parts, when to stop waiting, and on what grid."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from icestream_core.slot import Stage
from icestream_core.window import Steps, Window

Role = Literal["trigger", "companion", "ancillary", "reference", "parameters", "own-output"]
Resampling = Literal["nearest", "bilinear", "average", "mode"]
Combine = Literal["single", "mosaic", "mean", "stack", "best"]

LONGEST = timedelta(days=3660)
"""Nothing is waited for longer than ten years."""

NO_VARIANT = "none"
"""Of an input whose source has no variants, where the product has some: what comes holds for all of them."""

LIBRARY = "library-"
"""A source named so is a coarse default that a Python library ships; it is always there."""


class Source(BaseModel):
    """One alternative: a collection, and what of it is needed.

    needs : parts without which nothing is made
    wants : parts that are waited for while patience lasts, and done without after it
    platforms : only these, the first preferred; any, where empty
    tiles : for an input that reads any tile: only these, the first preferred where they are alternatives
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    collection: str
    needs: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    tiles: tuple[str, ...] = ()

    @property
    def is_library(self) -> bool:
        return self.collection.startswith(LIBRARY)


class Align(BaseModel):
    """How an input comes onto the product's grid.

    resampling : as GDAL names them; nearest for classes
    combine : what is done with several granules of one step: put side by side (mosaic), averaged, stacked, or the
        one with most valid cells (best)
    native : leave it on its own grid: the product asks for it so
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    resampling: Resampling = "nearest"
    combine: Combine = "single"
    native: bool = False


class Input(BaseModel):
    """One input of a product.

    sources : ordered alternatives; sensors are not mixed within a slot, and which was used is recorded
    role : only the arrival of a trigger opens a slot or makes it again
    opens : a trigger that makes again and does not open: what it belongs to will be opened by another input
    variables : of what a granule holds, only these are put on the grid; all, where empty
    tile : "same" as the slot's; "all" that there are (mosaic); "any" one, tiles being alternatives
    variant : which variant of the source; "" for the slot's own where the product has variants, "none" where the source
        has none
    tiles_expected : for tile="all": the tiles that make it complete; where they are not known, quiet decides
    variants_expected : for an input that reads several variants of its source: those that make it complete
    at_least : granules of the slot's own step without which nothing is made
    patience : how long after the period's end to wait for what is needed and wanted
    settle : how long the stream must have been quiet before a closed slot is made of what there is; else the
        gatherer's setting
    revise : "each" later arrival makes a new revision, or only the "closing" of the window does
    stages : which stages of a product it accepts
    optional : the product is made, and flagged, without it
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[Source, ...] = Field(min_length=1)
    role: Role = "trigger"
    opens: bool = True
    window: Window = Steps()
    align: Align = Align()
    variables: tuple[str, ...] = ()
    tile: Literal["same", "all", "any"] = "same"
    variant: str = ""
    tiles_expected: tuple[str, ...] = ()
    variants_expected: tuple[str, ...] = ()
    at_least: int = Field(default=1, ge=0)
    patience: timedelta = Field(default=timedelta(hours=12), ge=timedelta(0), le=LONGEST)
    settle: timedelta | None = Field(default=None, ge=timedelta(0), le=LONGEST)
    revise: Literal["each", "closing"] = "each"
    stages: tuple[Stage, ...] = ("provisional", "final")
    optional: bool = False

    @model_validator(mode="after")
    def _library_defaults_come_last(self) -> Self:
        if any(source.is_library for source in self.sources[:-1]):
            raise ValueError("a library default is always there: it must be the last source")
        return self

    @model_validator(mode="after")
    def _tiles_are_expected_of_all_tiles(self) -> Self:
        if self.tiles_expected and self.tile != "all":
            raise ValueError(f"tiles are expected of an input with tile='all'; this one has tile={self.tile!r}")
        return self

    @model_validator(mode="after")
    def _several_variants_are_expected_where_none_is_chosen(self) -> Self:
        if self.variants_expected and self.variant:
            raise ValueError(
                f"variants are expected of an input that reads all of them; this one reads {self.variant!r} alone"
            )
        return self

    @property
    def granule_variant(self) -> str | None:
        """The variant that its granules must have; None for the slot's own."""
        return ("" if self.variant == NO_VARIANT else self.variant) if self.variant else None

    @property
    def triggers(self) -> bool:
        return self.role == "trigger"

    @property
    def opens_slots(self) -> bool:
        return self.triggers and self.opens

    @property
    def timeless(self) -> bool:
        """Ancillaries, references and parameters hold until a newer one comes; nobody waits for them to be fresh."""
        return self.role in ("ancillary", "reference", "parameters")


def source(collection: str, *, needs: str = "", wants: str = "", platforms: str = "", tiles: str = "") -> Source:
    """Return a source; parts, platforms and tiles are written as words with spaces between."""
    return Source(
        collection=collection,
        needs=tuple(needs.split()),
        wants=tuple(wants.split()),
        platforms=tuple(platforms.split()),
        tiles=tuple(tiles.split()),
    )


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def days(count: float) -> timedelta:
    return timedelta(days=count)
