"""Sarracenia's v03 posts, of Environment Canada and others (https://metpx.github.io/sarracenia).

A post that a file was removed, or that is of a link, a directory or a new name, makes nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urljoin

from pydantic import AliasChoices, Field

from icestream_watcher.notices.integrity import from_either
from icestream_watcher.notices.notice import (
    Lenient,
    Notice,
    NoticedFile,
    NoticeError,
    Size,
    Text,
    last_name,
    read_json,
    read_model,
)

KIND: Final = "sarracenia"
TIME: Final = re.compile(r"^(\d{8})T?(\d{6})(?:\.(\d{1,9}))?Z?$", re.ASCII)
DIGESTS: Final = ("md5", "sha512")
NO_DIGESTS: Final = ("cod", "random", "arbitrary")
"""Methods whose value is no checksum of the content: it is taken when the file has come."""


class Identity(Lenient):
    method: Text
    value: str = ""


class Blocks(Lenient):
    method: str
    size: Size
    number: int = 0
    count: int = 1


class Post(Lenient):
    time: Text = Field(alias="pubTime")
    base: Text = Field(alias="baseUrl")
    path: Text = Field(alias="relPath")
    retrieve: str = Field(default="", validation_alias=AliasChoices("retrievePath", "retPath"), max_length=4096)
    identity: Identity | None = Field(default=None, validation_alias=AliasChoices("identity", "integrity"))
    operation: dict[str, Any] | None = Field(default=None, alias="fileOp")
    size: Size = 0
    modified: str = Field(default="", alias="mtime", max_length=64)
    blocks: Blocks | None = None
    parts: str = Field(default="", max_length=100)


def normalise(body: bytes) -> list[Notice]:
    """Return the notice that a post is; raises NoticeError."""
    post = read_model(KIND, Post, read_json(KIND, body))
    published = _moment(post.time)
    if post.operation is not None:
        gone = "remove" in post.operation
        return [Notice(KIND, "delete" if gone else "none", f"sarracenia {post.path} {post.time}", (), published)]
    checksum = _checksum(post.identity)
    file = NoticedFile(
        href=_address(post),
        names=(last_name(post.path), last_name(post.retrieve.partition("?")[0])),
        size=post.size or _size(post),
        checksum=checksum,
    )
    # A mirror posts the same content at the same path; without a checksum, the file's own time tells it from the next.
    content = checksum or post.modified or post.time
    return [Notice(KIND, "create", f"sarracenia {post.path} {content}", (file,), published)]


def _moment(text: str) -> datetime:
    found = TIME.match(text)
    try:
        if found is None:
            raise ValueError(text)
        moment = datetime.strptime("".join(found.groups()[:2]), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise NoticeError(KIND, "pubTime", f"found {text[:40]!r}; wanted YYYYMMDDTHHMMSS.ss") from None
    return moment.replace(microsecond=int((found[3] or "0").ljust(6, "0")[:6]))


def _address(post: Post) -> str:
    path = (post.retrieve or post.path).lstrip("/")
    try:
        return urljoin(_folder(post.base), quote(path, safe="/:?=&%+,~@!$()*;"))
    except ValueError as error:
        raise NoticeError(KIND, "baseUrl", f"{post.base[:80]!r} with {path[:80]!r} is no address: {error}") from None


def _folder(base: str) -> str:
    return base if base.endswith("/") else f"{base}/"


def _checksum(identity: Identity | None) -> str:
    if identity is None or identity.method.startswith(NO_DIGESTS):
        return ""
    if identity.method not in DIGESTS:
        wanted = ", ".join((*DIGESTS, *NO_DIGESTS))
        raise NoticeError(KIND, "identity.method", f"found {identity.method[:40]!r}; wanted one of {wanted}")
    try:
        return from_either(identity.method, identity.value.strip())
    except ValueError as error:
        raise NoticeError(KIND, "identity.value", str(error)) from None


def _size(post: Post) -> int:
    """Return the size of a file that is posted in one block; raises NoticeError for several: none of them is whole."""
    if post.blocks is not None:
        if post.blocks.method == "partitioned" or post.blocks.number > 0:
            raise NoticeError(KIND, "blocks", "is one part of a file; wanted whole files")
        return post.blocks.size
    if not post.parts:
        return 0
    words = post.parts.split(",")
    if len(words) < 2 or not words[1].isascii() or not words[1].isdigit():
        raise NoticeError(KIND, "parts", f"found {post.parts[:40]!r}; wanted method,size,count,remainder,number")
    if words[0] != "1":
        raise NoticeError(KIND, "parts", "is one part of a file; wanted whole files")
    return min(int(words[1][:18]), 2**50)
