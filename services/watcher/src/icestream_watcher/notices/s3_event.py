"""Events of S3, MinIO and Ceph: an object was created, or removed. One message may hold several.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_plus

from pydantic import Field

from icestream_watcher.notices.notice import (
    MAX_FILES,
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

KIND: Final = "s3"
TEST: Final = "s3:TestEvent"
"""What Amazon sends when somebody sets notifications up."""


class Bucket(Lenient):
    name: str = Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9._-]+$")


class Object(Lenient):
    key: Text
    # Ceph writes it as text.
    size: Size = 0
    etag: str = Field(default="", alias="eTag", max_length=256)
    version: str = Field(default="", alias="versionId", max_length=1024)
    sequencer: str = Field(default="", max_length=256)


class Entity(Lenient):
    bucket: Bucket
    object: Object


class Record(Lenient):
    name: Text = Field(alias="eventName")
    time: Moment = Field(alias="eventTime")
    s3: Entity


class Event(Lenient):
    records: tuple[Record, ...] = Field(alias="Records", min_length=1, max_length=MAX_FILES)


def normalise(body: bytes) -> list[Notice]:
    """Return the notices that an event's records are; raises NoticeError. A tag (eTag) is no checksum and not used."""
    content = read_json(KIND, body)
    if isinstance(content, dict) and content.get("Event") == TEST:
        return []
    event = read_model(KIND, Event, content)
    return [_notice(record, index) for index, record in enumerate(event.records)]


def _notice(record: Record, index: int) -> Notice:
    found = record.s3.object
    try:
        key = unquote_plus(found.key, errors="strict")
    except UnicodeDecodeError:
        raise NoticeError(KIND, f"Records.{index}.s3.object.key", f"{found.key[:80]!r} is no UTF-8") from None
    place = f"{record.s3.bucket.name}/{key}"
    which = found.version if found.version not in ("", "null") else found.sequencer or found.etag or str(record.time)
    return Notice(
        format=KIND,
        operation=_operation(record.name),
        identity=f"s3 {place} {which}",
        files=(NoticedFile(f"s3://{place}", (last_name(key),), found.size),),
        published_at=record.time,
    )


def _operation(name: str) -> Operation:
    word = name.removeprefix("s3:")
    if word.startswith("ObjectCreated"):
        return "create"
    return (
        "delete" if word.startswith(("ObjectRemoved", "ObjectLifecycle:Expiration", "LifecycleExpiration")) else "none"
    )


def created(bucket: str, key: str, size: int, etag: str, modified: Any) -> Notice:
    """Return the notice of an object that was found by looking into its bucket."""
    place = f"{bucket}/{key}"
    return Notice(
        format=KIND,
        operation="create",
        identity=f"s3 {place} {etag or modified}",
        files=(NoticedFile(f"s3://{place}", (last_name(key),), size),),
        published_at=modified,
    )
