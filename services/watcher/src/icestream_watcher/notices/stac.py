"""STAC Items, alone or several in a collection of features (https://stacspec.org)."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from icestream_watcher.notices.integrity import from_multihash
from icestream_watcher.notices.notice import (
    MAX_FILES,
    Lenient,
    Moment,
    Notice,
    NoticedFile,
    NoticeError,
    Size,
    Text,
    last_name,
    read_json,
    read_model,
)

KIND: Final = "stac"


class Asset(Lenient):
    href: Text
    roles: tuple[str, ...] = Field(default=(), max_length=100)
    size: Size = Field(default=0, alias="file:size")
    checksum: str = Field(default="", alias="file:checksum", max_length=300)


class Properties(Lenient):
    moment: Moment | None = Field(alias="datetime")
    created: Moment | None = None
    updated: Moment | None = None


class Item(Lenient):
    type: Literal["Feature"]
    stac_version: Text
    id: Text
    properties: Properties
    assets: dict[str, Asset] = Field(min_length=1, max_length=MAX_FILES)


class Features(Lenient):
    features: tuple[Item, ...] = Field(min_length=1, max_length=MAX_FILES)


def normalise(body: bytes) -> list[Notice]:
    """Return the notices that items are; raises NoticeError. Where assets have roles, those of the role data count."""
    content = read_json(KIND, body)
    if isinstance(content, dict) and content.get("type") == "FeatureCollection":
        items = read_model(KIND, Features, content).features
        return [_notice(item, f"features.{index}.") for index, item in enumerate(items)]
    return [_notice(read_model(KIND, Item, content), "")]


def _notice(item: Item, where: str) -> Notice:
    data = {name: asset for name, asset in item.assets.items() if "data" in asset.roles}
    if not data and not any(asset.roles for asset in item.assets.values()):
        data = item.assets
    if not data:
        raise NoticeError(KIND, f"{where}assets", "none has the role data")
    published = item.properties.updated or item.properties.created
    files = tuple(_file(asset, item.id, f"{where}assets.{name}") for name, asset in data.items())
    content = " ".join(file.checksum for file in files) if all(file.checksum for file in files) else ""
    # Where neither is told, only its content tells an item from the next of its id.
    identity = f"stac {item.id} {published or content}" if published or content else ""
    return Notice(KIND, "create", identity, files, published)


def _file(asset: Asset, item: str, where: str) -> NoticedFile:
    try:
        parts = urlsplit(asset.href)
    except ValueError as error:
        raise NoticeError(KIND, f"{where}.href", str(error)) from None
    if not parts.scheme and not asset.href.startswith("/"):
        raise NoticeError(KIND, f"{where}.href", f"{asset.href[:80]!r} is relative; wanted a whole address")
    try:
        checksum = from_multihash(asset.checksum) if asset.checksum else ""
    except ValueError as error:
        raise NoticeError(KIND, f"{where}.file:checksum", str(error)) from None
    return NoticedFile(asset.href, (last_name(parts.path), item), asset.size, checksum)
