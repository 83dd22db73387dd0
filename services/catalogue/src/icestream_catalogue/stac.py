"""What the STAC API answers: landing page, collections and items, with links that lead to where they were asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from stac_fastapi.types.conformance import OAFConformanceClasses, STACConformanceClasses
from stac_fastapi.types.rfc3339 import datetime_to_str

from icestream_catalogue.search import Found
from icestream_catalogue.store import Extent

CONFORMANCE: Final = [
    STACConformanceClasses.CORE.value,
    STACConformanceClasses.COLLECTIONS.value,
    STACConformanceClasses.OGC_API_FEAT.value,
    STACConformanceClasses.ITEM_SEARCH.value,
    OAFConformanceClasses.CORE.value,
    OAFConformanceClasses.GEOJSON.value,
]
"""Exactly what `stac-api-validator` is run for in the tests, and the OGC classes that these rest on."""
STAC_VERSION: Final = "1.1.0"
JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.1"
WORLD: Final = (-180.0, -90.0, 180.0, 90.0)
TITLE: Final = "icestream"
DESCRIPTION: Final = "Products for the cryosphere, made from satellite granules in near real time."

Link = dict[str, Any]


class Addresses:
    """Where everything is: below the address under which the catalogue was asked, or is told to be.

    site : of the page, without a slash at its end
    """

    def __init__(self, site: str) -> None:
        self.site = site
        self.root = f"{site}/stac"

    def collection(self, product: str) -> str:
        return f"{self.root}/collections/{quote(product)}"

    def item(self, product: str, item_id: str) -> str:
        return f"{self.collection(product)}/items/{quote(item_id)}"

    def asset(self, found: Found, name: str) -> str:
        return f"{self.site}/assets/{quote(found.id)}/{version_of(found)}/{quote(name)}"

    def page(self, item_id: str) -> str:
        return f"{self.site}/#/item/{quote(item_id)}"


def version_of(found: Found) -> str:
    """Return the word that tells an item's files from those of its other revisions: the hash in their directory."""
    return found.directory.rpartition("/")[2]


def landing(at: Addresses, products: Iterable[str]) -> dict[str, Any]:
    """Return the landing page of the API."""
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": "icestream",
        "title": TITLE,
        "description": DESCRIPTION,
        "conformsTo": CONFORMANCE,
        "links": [
            _link("self", at.root, JSON, "This document"),
            _link("root", at.root, JSON, TITLE),
            _link("data", f"{at.root}/collections", JSON, "Collections"),
            _link("conformance", f"{at.root}/conformance", JSON, "Conformance classes"),
            _link("search", f"{at.root}/search", GEOJSON, "Search") | {"method": "GET"},
            _link("search", f"{at.root}/search", GEOJSON, "Search") | {"method": "POST"},
            _link("service-desc", f"{at.root}/api", OPENAPI, "The API, for machines"),
            _link("service-doc", f"{at.site}/help.html", "text/html", "How to search, for people"),
            *(_link("child", at.collection(name), JSON, name) for name in products),
        ],
    }


def collection(
    at: Addresses, name: str, record: Mapping[str, Any] | None, extent: Extent | None, publisher: Mapping[str, str]
) -> dict[str, Any]:
    """Return the collection that a product is.

    record : the product's, where it is known
    extent : of its items, where it has any
    """
    known = record or {}
    references = known.get("references", ())
    cited = [
        _link("cite-as", f"https://doi.org/{each['doi']}", None, each["citation"]) for each in references if each["doi"]
    ]
    found: dict[str, Any] = {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": [],
        "id": name,
        "title": known.get("title", name),
        "description": known.get("summary") or f"Items of the product {name}; its record has not come yet.",
        "keywords": list(known.get("keywords", ())) or [name],
        "license": "other",
        "providers": [_provider(publisher)],
        "extent": {
            "spatial": {"bbox": [list(extent.bbox if extent else WORLD)]},
            "temporal": {"interval": [[_time(extent.start), _time(extent.end)] if extent else [None, None]]},
        },
        "links": [
            _link("self", at.collection(name), JSON),
            _link("root", at.root, JSON, TITLE),
            _link("parent", at.root, JSON, TITLE),
            _link("items", f"{at.collection(name)}/items", GEOJSON, "Items"),
            *cited,
        ],
    }
    if known:
        found["summaries"] = {
            "icestream:version": [known["version"]],
            "icestream:family": [known["family"]],
            "icestream:fidelity": [known["fidelity"]],
            **({"icestream:datasets": known["datasets"]} if known["datasets"] else {}),
        }
    return found


def item(at: Addresses, found: Found) -> dict[str, Any]:
    """Return an item as it lies beside its files, with addresses instead of names, and what became of it since."""
    body = dict(found.body)
    given = [link for link in body["links"] if link.get("rel") not in ("self", "root", "parent", "collection")]
    body["collection"] = found.product
    body["links"] = [
        _link("self", at.item(found.product, found.id), GEOJSON),
        _link("root", at.root, JSON, TITLE),
        _link("parent", at.collection(found.product), JSON),
        _link("collection", at.collection(found.product), JSON),
        _link("alternate", at.page(found.id), "text/html", "This item on the page"),
        *given,
    ]
    body["assets"] = {
        key: {**asset, "href": at.asset(found, file_name(asset))} for key, asset in body["assets"].items()
    }
    body["properties"] = {
        **body["properties"],
        "published": _time(found.announced),
        "icestream:revision": found.standing // 2,
        "icestream:stage": "final" if found.standing % 2 else "provisional",
    }
    return body


def file_name(asset: Mapping[str, Any]) -> str:
    """Return the name of an asset's file, as it lies beside its item."""
    return str(asset.get("href", "")).removeprefix("./")


def item_collection(items: Sequence[dict[str, Any]], links: Sequence[Link], matched: int | None) -> dict[str, Any]:
    """Return a page of items; `numberMatched` where the database alone could count."""
    counted = {} if matched is None else {"numberMatched": matched}
    return {
        "type": "FeatureCollection",
        **counted,
        "numberReturned": len(items),
        "features": list(items),
        "links": list(links),
    }


def _provider(publisher: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": publisher["name"], "roles": ["processor", "producer", "host"]}
    return found | {"url": publisher["url"]} if publisher["url"].startswith(("http://", "https://")) else found


def _link(rel: str, href: str, media_type: str | None, title: str = "") -> Link:
    found = {"rel": rel, "href": href}
    if media_type:
        found["type"] = media_type
    return found | {"title": title} if title else found


def _time(moment: datetime) -> str:
    return datetime_to_str(moment)
