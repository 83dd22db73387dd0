"""posttroll messages of the Pytroll tools: a line of words, then JSON (https://posttroll.readthedocs.io)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field

from icestream_watcher.notices.notice import (
    MAX_BYTES,
    MAX_FILES,
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

KIND: Final = "posttroll"
MAGIC: Final = "pytroll:/"
VERSIONS: Final = ("v1.01", "v1.02", "v1.2")
OF_FILES: Final = ("file", "dataset", "collection")
HEADER: Final = ("subject", "type", "sender", "time", "version", "mime")
DEPTH: Final = 4


class FileSystem(Lenient):
    protocol: str | tuple[str, ...] = "file"


class One(Lenient):
    uri: Text
    uid: str = Field(default="", max_length=4096)
    size: Size = 0
    filesystem: FileSystem | None = None


def normalise(body: bytes) -> list[Notice]:
    """Return the notice that a message is, none where it is of no files; raises NoticeError."""
    if len(body) > MAX_BYTES:
        raise NoticeError(KIND, "body", f"has {len(body)} bytes; at most {MAX_BYTES} are read")
    text = _text(body)
    words = text.split(None, 6)
    if not words or not words[0].startswith(MAGIC):
        raise NoticeError(KIND, "magick", f"found {text[:20]!r}; wanted {MAGIC}")
    if len(words) < 5:
        raise NoticeError(KIND, HEADER[len(words)], "is missing")
    if words[4] not in VERSIONS:
        raise NoticeError(KIND, "version", f"found {words[4][:20]!r}; wanted one of {', '.join(VERSIONS)}")
    if words[1] not in OF_FILES:
        return []
    if len(words) < 7:
        raise NoticeError(KIND, HEADER[len(words)] if len(words) < 6 else "data", "is missing")
    if words[5] != "application/json":
        raise NoticeError(KIND, "mime", f"found {words[5][:40]!r}; wanted application/json")
    content = read_json(KIND, words[6].encode())
    files = tuple(_file(*each) for each in _each(content, "data", 0))
    if not 0 < len(files) <= MAX_FILES:
        raise NoticeError(KIND, "data", f"is of {len(files)} files; wanted 1 to {MAX_FILES}")
    names = " ".join(sorted(file.names[0] for file in files))
    return [Notice(KIND, "create", f"posttroll {words[0]} {names} {words[3]}", files, _moment(words[3]))]


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        # Older senders; every byte is a character of it.
        return body.decode("iso-8859-1")


def _moment(text: str) -> datetime:
    """Return the time of a message; before version 1.2 it is UTC without saying so."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NoticeError(KIND, "time", f"found {text[:40]!r}; wanted ISO 8601") from None


def _each(content: Any, where: str, depth: int) -> Iterator[tuple[Any, str]]:
    """Yield every file of a message, with its place: of the message itself, of its dataset or collection."""
    if isinstance(content, dict) and depth < DEPTH:
        for group in ("dataset", "collection"):
            if isinstance(content.get(group), list):
                for index, each in enumerate(content[group]):
                    yield from _each(each, f"{where}.{group}.{index}", depth + 1)
                return
    yield content, where


def _file(content: Any, where: str) -> NoticedFile:
    one = read_model(KIND, One, content, f"{where}.")
    href = one.uri
    if one.filesystem is not None:
        protocols = one.filesystem.protocol
        protocol = protocols if isinstance(protocols, str) else next(iter(protocols), "")
        if protocol in ("s3", "s3a"):
            href = f"s3://{href.removeprefix('s3://').lstrip('/')}"
        elif protocol not in ("file", "local"):
            raise NoticeError(KIND, f"{where}.filesystem.protocol", f"found {protocol[:40]!r}; wanted file or s3")
    # The tools of Pytroll write ssh:// for a disk that sender and receiver share.
    if href.startswith("ssh://"):
        href = "/" + href.removeprefix("ssh://").partition("/")[2]
    href = href.removeprefix("file://")
    return NoticedFile(href, (last_name(one.uid or href), last_name(href.partition("?")[0])), one.size)
