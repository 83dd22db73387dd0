"""An entry: what the catalogue keeps of one announcement, and how it comes of the item that lies beside the product."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from shapely.errors import ShapelyError

from icestream_core.errors import StorageError
from icestream_core.granule import MOST_REVISIONS, Granule
from icestream_core.problems import first_problems
from icestream_runtime.storage import Storage

STAC_ROLE: Final = "stac"
LARGEST_ITEM: Final = 8 * 2**20
"""Bytes of an item's file: it lists some hundred inputs, and is no place for data."""
URN: Final = "urn:icestream:"
LONGEST: Final = (100, 200, 100, 150)
"""Characters of a source's words that the tables hold, in their order."""


class ItemUnusable(Exception):
    """An announcement of which no item can be made: its file is not there, no STAC item, or another one's."""


class Item(BaseModel):
    """What an item must have, so that it can be found and served."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["Feature"]
    id: str = Field(max_length=200)
    geometry: dict[str, Any]
    bbox: list[Annotated[float, Field(allow_inf_nan=False)]] = Field(min_length=4, max_length=6)
    properties: dict[str, Any]
    assets: dict[str, dict[str, Any]]
    links: list[dict[str, Any]]

    @field_validator("bbox")
    @classmethod
    def _of_four_or_six(cls, bbox: list[float]) -> list[float]:
        if len(bbox) == 5:
            raise ValueError("it has five numbers; wanted four, or six with heights")
        return bbox


class Source(NamedTuple):
    """A granule that an item was made from."""

    input: str
    granule_id: str
    collection: str
    checksum: str
    step: int


class Entry(NamedTuple):
    """One slot's current revision.

    standing : orders the announcements of a slot: the revision doubled, and one more once it is final
    void : why there is nothing; empty for a product
    bbox : west, south, east, north; east is beyond 180 degrees where the antimeridian is crossed
    directory : where the files lie, relative to the output root
    body : the item as it lies beside them
    """

    id: str
    product: str
    standing: int
    void: str
    checksum: str
    backfill: bool
    start: datetime
    end: datetime
    announced: datetime
    bbox: tuple[float, float, float, float] | None
    directory: str
    body: dict[str, Any]
    sources: tuple[Source, ...]

    @property
    def revision(self) -> int:
        return self.standing // 2

    @property
    def stage(self) -> str:
        return "final" if self.standing % 2 else "provisional"


def standing(revision: int, stage: str) -> int:
    return 2 * revision + (stage == "final")


def entry_of(granule: Granule, storage: Storage) -> Entry:
    """Return the entry of an announcement.

    Raises ItemUnusable for what no second try mends, StorageError where the storage is away.
    """
    if standing(granule.revision, granule.stage) > MOST_REVISIONS:
        raise ItemUnusable(f"{granule.granule_id} is announced as revision {granule.revision}, more than can be kept")
    if granule.void:
        return _entry(granule, "", {}, ())
    asset = next((asset for asset in granule.assets if asset.role == STAC_ROLE), None)
    if asset is None:
        raise ItemUnusable(f"{granule.granule_id} is announced without a STAC item among its files")
    body = _read(asset.href, storage)
    try:
        item = Item.model_validate(body)
        shapely.geometry.shape(item.geometry)
        sources = _sources(body)
    except ValidationError as error:
        raise ItemUnusable(f"{asset.href} is no STAC item: {first_problems(error)}") from None
    except (ShapelyError, KeyError, TypeError, ValueError, AttributeError) as error:
        # What shapely raises for a geometry depends on how it is wrong.
        raise ItemUnusable(f"{asset.href} is no STAC item: {error}") from None
    if item.id != granule.granule_id:
        raise ItemUnusable(f"{asset.href} is the item {item.id!r}; wanted {granule.granule_id}")
    directory = storage.relative(asset.href).rpartition("/")[0]
    return _entry(granule, directory, body, sources)


def _entry(granule: Granule, directory: str, body: dict[str, Any], sources: tuple[Source, ...]) -> Entry:
    return Entry(
        id=granule.granule_id,
        product=granule.collection,
        standing=standing(granule.revision, granule.stage),
        void=granule.void,
        checksum=granule.checksum,
        backfill=granule.mode == "reprocessing",
        start=granule.start.astimezone(UTC),
        end=granule.end.astimezone(UTC),
        announced=granule.published_at.astimezone(UTC),
        bbox=unwrapped(body["bbox"]) if body else None,
        directory=directory,
        body=body,
        sources=sources,
    )


def unwrapped(bbox: list[float]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a GeoJSON box, east beyond 180 where the antimeridian is crossed."""
    if len(bbox) == 6:
        bbox = [bbox[0], bbox[1], bbox[3], bbox[4]]
    west, south, east, north = (float(value) for value in bbox)
    return west, south, east + 360.0 if east < west else east, north


def _read(href: str, storage: Storage) -> dict[str, Any]:
    try:
        path = storage.relative(href)
    except (StorageError, ValueError) as error:
        raise ItemUnusable(f"{href[:200]!r} is no file of the store: {error}") from error
    try:
        with storage.open(path) as file:
            content = file.read(LARGEST_ITEM + 1)
    except FileNotFoundError:
        raise ItemUnusable(f"{href[:200]} is not there") from None
    if len(content) > LARGEST_ITEM:
        raise ItemUnusable(f"{href} has more than the {LARGEST_ITEM} bytes that an item may have")
    try:
        found = json.loads(content)
        # What is kept is served: NaN and halves of characters, which are read here, are in no answer.
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise ItemUnusable(f"{href} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ItemUnusable(f"{href} holds a {type(found).__name__}; wanted a STAC item")
    return found


def _sources(body: dict[str, Any]) -> tuple[Source, ...]:
    found: dict[tuple[str, str], Source] = {}
    for link in body["links"]:
        href = str(link.get("href", ""))
        if link.get("rel") == "derived_from" and href.startswith(URN):
            collection, _, granule_id = href.removeprefix(URN).partition(":")
            name = str(link.get("icestream:input", ""))
            checksum, step = str(link.get("icestream:checksum", "")), int(link.get("icestream:step", 0))
            words = zip((name, granule_id, collection, checksum), LONGEST, strict=True)
            if any(len(word) > most or "\x00" in word for word, most in words) or abs(step) > MOST_REVISIONS:
                raise ValueError(f"its input {href[:100]!r} has a name, checksum or step that no table holds")
            found[name, granule_id] = Source(name, granule_id, collection, checksum, step)
    return tuple(found.values())
