"""The STAC API: core, collections, features and item search, below /stac."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Body, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response

from icestream_catalogue import stac
from icestream_catalogue.request import SearchRequest, read, search_of, token_of, wrong
from icestream_catalogue.search import Found
from icestream_catalogue.stac import GEOJSON, Addresses
from icestream_catalogue.store import Store

Text = Annotated[str | None, Query(max_length=60_000)]
SEARCH_TEXTS: Final = ("collections", "ids", "bbox", "intersects", "datetime", "limit", "token")


class GeoJson(JSONResponse):
    media_type = GEOJSON


class Api:
    """Answers from the store.

    public_url : what links begin with; where empty, the address under which the catalogue was asked
    """

    def __init__(self, store: Store, public_url: str, publisher: Mapping[str, str]) -> None:
        self._store, self._public_url, self._publisher = store, public_url, publisher

    def router(self) -> APIRouter:
        """Return the routes. They are plain functions: each request has a thread of its own while it asks the store."""
        routes = APIRouter(prefix="/stac", tags=["STAC"])
        routes.add_api_route("", self.landing, methods=["GET"], summary="Landing page")
        routes.add_api_route("/", self.landing, methods=["GET"], include_in_schema=False)
        routes.add_api_route("/conformance", self.conformance, methods=["GET"], summary="Conformance classes")
        routes.add_api_route("/collections", self.collections, methods=["GET"], summary="Collections: one a product")
        routes.add_api_route("/collections/{collection_id}", self.collection, methods=["GET"], summary="A collection")
        routes.add_api_route(
            "/collections/{collection_id}/items", self.items, methods=["GET"], response_class=GeoJson,
            summary="Items of a collection",
        )  # fmt: skip
        routes.add_api_route(
            "/collections/{collection_id}/items/{item_id}", self.item, methods=["GET"], response_class=GeoJson,
            summary="An item",
        )  # fmt: skip
        routes.add_api_route("/search", self.get_search, methods=["GET"], response_class=GeoJson, summary="Search")
        routes.add_api_route("/search", self.post_search, methods=["POST"], response_class=GeoJson, summary="Search")
        return routes

    def addresses(self, request: Request) -> Addresses:
        return Addresses(self._public_url or str(request.base_url).rstrip("/"))

    def landing(self, request: Request) -> Response:
        return JSONResponse(stac.landing(self.addresses(request), self._products()))

    def conformance(self) -> Response:
        return JSONResponse({"conformsTo": stac.CONFORMANCE})

    def collections(self, request: Request) -> Response:
        at = self.addresses(request)
        records, extents = self._store.records(), self._store.extents()
        found = [
            stac.collection(at, name, records.get(name), extents.get(name), self._publisher)
            for name in sorted(records.keys() | extents.keys())
        ]
        links = [
            {"rel": "self", "href": f"{at.root}/collections", "type": stac.JSON},
            {"rel": "root", "href": at.root, "type": stac.JSON},
        ]
        return JSONResponse(
            {"collections": found, "links": links, "numberMatched": len(found), "numberReturned": len(found)}
        )

    def collection(self, request: Request, collection_id: str) -> Response:
        return JSONResponse(self._collection(self.addresses(request), collection_id))

    def items(
        self,
        request: Request,
        collection_id: str,
        bbox: Text = None,
        datetime: Text = None,
        limit: Text = None,
        token: Text = None,
    ) -> Response:
        at = self.addresses(request)
        self._collection(at, collection_id)
        given = {"bbox": bbox, "datetime": datetime, "limit": limit, "token": token}
        asked = {name: text for name, text in given.items() if text is not None}
        search = search_of(asked).model_copy(update={"collections": [collection_id]})
        here = f"{at.collection(collection_id)}/items"
        more = [{"rel": "collection", "href": at.collection(collection_id), "type": stac.JSON}]
        return self._get(at, search, here, asked, more)

    def item(self, request: Request, collection_id: str, item_id: str) -> Response:
        found = self._store.item(item_id)
        if found is None or found.product != collection_id:
            reason = self._store.void(item_id)
            raise HTTPException(404, f"{item_id} is void: {reason}" if reason else f"there is no item {item_id}")
        at = self.addresses(request)
        etag = _etag(found, at)
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"ETag": etag})
        return GeoJson(stac.item(at, found), headers={"ETag": etag})

    def get_search(
        self,
        request: Request,
        collections: Text = None,
        ids: Text = None,
        bbox: Text = None,
        intersects: Text = None,
        datetime: Text = None,
        limit: Text = None,
        token: Text = None,
    ) -> Response:
        at = self.addresses(request)
        values = (collections, ids, bbox, intersects, datetime, limit, token)
        asked = {name: text for name, text in zip(SEARCH_TEXTS, values, strict=True) if text is not None}
        return self._get(at, search_of(asked), f"{at.root}/search", asked, [])

    def post_search(self, request: Request, body: Annotated[dict[str, Any], Body()]) -> Response:
        at = self.addresses(request)
        try:
            # Links say it again, and may say only what is JSON: NaN and halves of characters were read all the same.
            json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):
            raise wrong("the body holds what is no JSON: NaN, an infinite number or half a character") from None
        page = self._store.search(read(SearchRequest, body).query())
        here = {"href": f"{at.root}/search", "type": GEOJSON, "method": "POST"}
        links: list[dict[str, Any]] = [
            {"rel": "root", "href": at.root, "type": stac.JSON},
            {"rel": "self", **here, "body": body},
        ]
        if page.after:
            links.append({"rel": "next", **here, "body": {**body, "token": token_of(page.after)}})
        return GeoJson(stac.item_collection([stac.item(at, found) for found in page.items], links, page.matched))

    def _get(
        self, at: Addresses, search: SearchRequest, here: str, asked: Mapping[str, str], more: list[dict[str, Any]]
    ) -> Response:
        page = self._store.search(search.query())
        links: list[dict[str, Any]] = [
            {"rel": "self", "href": f"{here}?{urlencode(asked)}" if asked else here, "type": GEOJSON},
            {"rel": "root", "href": at.root, "type": stac.JSON},
            *more,
        ]
        if page.after:
            following = urlencode({**asked, "token": token_of(page.after)})
            links.append({"rel": "next", "href": f"{here}?{following}", "type": GEOJSON, "method": "GET"})
        return GeoJson(stac.item_collection([stac.item(at, found) for found in page.items], links, page.matched))

    def _collection(self, at: Addresses, name: str) -> dict[str, Any]:
        record, extent = self._store.records().get(name), self._store.extents().get(name)
        if record is None and extent is None:
            raise HTTPException(404, f"there is no collection {name}")
        return stac.collection(at, name, record, extent, self._publisher)

    def _products(self) -> list[str]:
        return sorted(self._store.records().keys() | self._store.extents().keys())


def _etag(found: Found, at: Addresses) -> str:
    """Return what changes when an item does, or where it is served."""
    words = f"{found.checksum} {found.standing} {at.site}"
    return f'"{hashlib.sha256(words.encode()).hexdigest()[:32]}"'
