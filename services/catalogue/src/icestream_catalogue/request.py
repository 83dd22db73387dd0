"""What may be asked of the STAC API: a search by GET or POST, read by the same model, within the same bounds."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import shapely
from fastapi import HTTPException
from pydantic import ConfigDict, Field, ValidationError
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry
from stac_fastapi.types.rfc3339 import str_to_interval
from stac_fastapi.types.search import BaseSearchPostRequest, str2bbox, str2list

from icestream_catalogue.search import After, Query, box_of
from icestream_core.granule import NAME_PATTERN
from icestream_core.period import END_OF_TIME, EPOCH
from icestream_core.problems import first_problems

LARGEST_PAGE: Final = 500
MOST_NAMES: Final = 500
MOST_CORNERS: Final = 10_000
LONGEST_TOKEN: Final = 500
FARTHEST: Final = 1e9
"""Of a number in a box, which may be a height in metres."""
TURN: Final = 180.000001
"""Of a longitude, degrees, with what a client's rounding may add."""

Names = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=MOST_NAMES)]


class SearchRequest(BaseSearchPostRequest):
    """A search, with the token of the page. More than the largest page is answered by the largest page."""

    model_config = ConfigDict(extra="ignore")

    collections: Names | None = None
    ids: Names | None = None
    token: str | None = Field(default=None, max_length=LONGEST_TOKEN)

    def query(self) -> Query:
        """Return what the store is asked; raises HTTPException 400 for what cannot be."""
        start, end = _interval(self.datetime)
        return Query(
            ids=self.ids or (),
            products=self.collections or (),
            start=start,
            end=end,
            area=self._area(),
            limit=min(self.limit or 10, LARGEST_PAGE),
            after=_after(self.token) if self.token else None,
        )

    def _area(self) -> BaseGeometry | None:
        if self.bbox is not None:
            if self.bbox[0] > TURN or not all(abs(value) <= FARTHEST for value in self.bbox):
                raise wrong("bbox holds what is no place; wanted degrees from -180 to 180 and from -90 to 90")
            return box_of([float(value) for value in self.bbox])
        if self.intersects is None:
            return None
        try:
            shape: BaseGeometry = shapely.from_geojson(self.intersects.model_dump_json(exclude_none=True))
        except ShapelyError as error:
            raise wrong(f"intersects is no geometry: {error}") from None
        if shapely.get_num_coordinates(shape) > MOST_CORNERS:
            raise wrong(f"intersects has {shapely.get_num_coordinates(shape)} corners; at most {MOST_CORNERS} are read")
        if shape.is_empty:
            raise wrong("intersects has no corner")
        west, _, east, _ = shape.bounds
        if west < -TURN or east > TURN:
            # It would be compared with outlines that end there, and find a part of what it means.
            raise wrong("intersects lies beyond 180 degrees; cut it at the antimeridian, as RFC 7946 has it")
        whole: BaseGeometry = shape if shape.is_valid else shapely.make_valid(shape)
        return whole


def search_of(given: dict[str, str]) -> SearchRequest:
    """Return the search that the parameters of a GET ask for; raises HTTPException 400 for what cannot be."""
    asked: dict[str, Any] = {name: given[name] for name in ("datetime", "limit", "token") if given.get(name)}
    if "bbox" in given:
        asked["bbox"] = str2bbox(given["bbox"])
    for name in ("collections", "ids"):
        if name in given:
            asked[name] = str2list(given[name])
    if "intersects" in given:
        try:
            asked["intersects"] = json.loads(given["intersects"])
        except (ValueError, RecursionError):
            raise wrong("intersects is no JSON; wanted a GeoJSON geometry") from None
    return read(SearchRequest, asked)


def read(model: type[SearchRequest], asked: Any) -> SearchRequest:
    """Return a request that was checked; raises HTTPException 400 that says what is wrong."""
    try:
        return model.model_validate(asked)
    except ValidationError as error:
        raise wrong(first_problems(error)) from None
    except OverflowError as error:
        # Of a time whose UTC lies before the first year or after the last.
        raise wrong(f"datetime, or another number: {error}") from None


def token_of(after: After) -> str:
    """Return the word by which the next page is asked for."""
    return base64.urlsafe_b64encode(json.dumps([after.start.isoformat(), after.id]).encode()).decode().rstrip("=")


def wrong(text: str) -> HTTPException:
    return HTTPException(400, text)


def _after(token: str) -> After:
    try:
        start, last = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        moment = datetime.fromisoformat(start).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise wrong("the token is of no page; take it from a link to a next page") from None
    if not isinstance(last, str) or not re.fullmatch(NAME_PATTERN, last) or not EPOCH <= moment <= END_OF_TIME:
        raise wrong("the token is of no page; take it from a link to a next page")
    return After(moment, last)


def _interval(text: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the interval of a search, within the time that anything is observed in."""
    if not text:
        return None, None
    try:
        found = str_to_interval(text)
        start, end = found if isinstance(found, tuple) else (found, found)
        # Years before the first and after the last have no UTC.
        return (start and start.astimezone(UTC)), (end and end.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise wrong(f"datetime {text[:100]!r}: {error}") from None
