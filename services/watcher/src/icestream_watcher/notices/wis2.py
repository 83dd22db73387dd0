"""WIS2 Notification Messages of the World Meteorological Organization, version 1 and its drafts.

https://wmo-im.github.io/wis2-notification-message
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from icestream_watcher.notices.integrity import from_either
from icestream_watcher.notices.notice import (
    Lenient,
    Moment,
    Notice,
    NoticedFile,
    NoticeError,
    Operation,
    Size,
    Text,
    last_name,
    read_json,
    read_model,
)

KIND: Final = "wis2"
RELATIONS: Final[dict[str, Operation]] = {"canonical": "create", "update": "update", "deletion": "delete"}
CORE: Final = "/spec/wnm/1/conf/core"
DRAFT: Final = "v04"


class Integrity(Lenient):
    method: Literal["sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"]
    value: Text


class Properties(Lenient):
    published: Moment = Field(alias="pubtime")
    data_id: Text
    integrity: Integrity | None = None


class Link(Lenient):
    href: Text
    rel: Text
    length: Size = 0


class Message(Lenient):
    id: Text
    type: Literal["Feature"]
    conforms_to: tuple[str, ...] = Field(default=(), alias="conformsTo", max_length=100)
    version: str = ""
    properties: Properties
    links: tuple[Link, ...] = Field(min_length=1, max_length=100)


def normalise(body: bytes) -> list[Notice]:
    """Return the notice that a WIS2 message is; raises NoticeError.

    The same data comes from several caches, under other ids and addresses: data_id, time and relation make it one.
    """
    message = read_model(KIND, Message, read_json(KIND, body))
    if not any(each.endswith(CORE) for each in message.conforms_to) and message.version != DRAFT:
        raise NoticeError(KIND, "conformsTo", f"wanted .../wnm/1/conf/core, or version {DRAFT!r} of older senders")
    known = [(number, link) for number, link in enumerate(message.links) if link.rel in RELATIONS]
    if len(known) != 1:
        raise NoticeError(KIND, "links", f"wanted one of {', '.join(RELATIONS)} as rel; found {len(known)}")
    _, link = known[0]
    properties = message.properties
    file = NoticedFile(
        href=link.href,
        names=(last_name(link.href.partition("?")[0]), last_name(properties.data_id)),
        size=link.length,
        checksum=_checksum(properties.integrity),
    )
    return [
        Notice(
            format=KIND,
            operation=RELATIONS[link.rel],
            identity=f"wis2 {properties.data_id} {properties.published.isoformat()} {link.rel}",
            files=(file,),
            published_at=properties.published,
        )
    ]


def _checksum(integrity: Integrity | None) -> str:
    if integrity is None:
        return ""
    try:
        return from_either(integrity.method, integrity.value)
    except ValueError as error:
        raise NoticeError(KIND, "properties.integrity.value", str(error)) from None
