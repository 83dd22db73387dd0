"""Messages on the wire: a msgpack map with its schema and version, decoded within bounds and strict in types."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgpack
from pydantic import BaseModel, Field, ValidationError

from icestream_core.errors import MessageError
from icestream_core.granule import Granule, Message
from icestream_core.outcome import Outcome
from icestream_core.problems import first_problems
from icestream_core.task import Task

CONTENT_TYPE: Final = "application/msgpack"
MAX_BYTES: Final = 4 * 2**20
MAX_DEPTH: Final = 12
MAX_ITEMS: Final = 20_000
MAX_TEXT: Final = 64 * 2**10


class Registration(Message):
    """The record of a product, as plain data, sent by a worker at start and by `icestream register`."""

    record: dict[str, Any]


class Letter(Message):
    """Something from outside that nobody can read or use: a notice that is malformed, a file that cannot be had.

    source : where it came from
    body : base64, cut off where it is very long
    """

    source: str = Field(min_length=1, max_length=255)
    reason: str = Field(max_length=4000)
    body: str = Field(max_length=MAX_TEXT)
    headers: dict[str, str] = Field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body's bytes; raises MessageError where it is no base64."""
        try:
            return base64.b64decode(self.body, validate=True)
        except ValueError as error:
            raise MessageError(f"letter message: body is no base64: {error}") from None


SCHEMAS: Final[Mapping[str, type[BaseModel]]] = {
    "granule": Granule,
    "task": Task,
    "outcome": Outcome,
    "registration": Registration,
    "letter": Letter,
}
MAJOR: Final = 1
"""The version of all message schemas. A field may be added under the same number; anything else raises it."""


def encode(message: BaseModel) -> bytes:
    """Return the message as msgpack; raises TypeError for what is no message of the stream."""
    for name, model in SCHEMAS.items():
        if type(message) is model:
            content = message.model_dump(mode="json", exclude_defaults=True)
            return bytes(msgpack.packb({"schema": name, "version": MAJOR, "content": content}))
    raise TypeError(f"{type(message).__name__} is not one of the messages {', '.join(SCHEMAS)}")


def decode(body: bytes) -> Granule | Task | Outcome | Registration | Letter:
    """Return the message that the bytes hold.

    Raises MessageError, with what was found and what was wanted, for anything else.
    """
    envelope = _unpack(body)
    if not isinstance(envelope, dict) or not {"schema", "version", "content"} <= envelope.keys():
        raise MessageError(f"a message is a map of schema, version and content; found {_describe(envelope)}")
    name, version = envelope["schema"], envelope["version"]
    model = SCHEMAS.get(name) if isinstance(name, str) else None
    if model is None:
        raise MessageError(f"schema {str(name)[:60]!r} is unknown; known: {', '.join(SCHEMAS)}")
    if type(version) is not int or version != MAJOR:
        raise MessageError(
            f"{name} message of version {str(version)[:20]!r}; this icestream reads version {MAJOR}: upgrade it"
        )
    try:
        return model.model_validate_json(json.dumps(envelope["content"], allow_nan=False))  # type: ignore[return-value]
    except ValidationError as error:
        raise MessageError(f"{name} message: {first_problems(error)}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(f"{name} message holds what JSON cannot: {error}") from None


def cloud_event(message: BaseModel, source: str, event_id: str, time: datetime) -> dict[str, str]:
    """Return the CloudEvents 1.0 attributes of a message, as AMQP headers, and its `traceparent` where it has one."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": source,
        "ce-type": f"icestream.{type(message).__name__.lower()}.v{MAJOR}",
        "ce-time": time.isoformat(),
    }
    if traceparent := getattr(message, "traceparent", ""):
        headers["traceparent"] = traceparent
    return headers


def event_id(*words: object) -> str:
    """Return an id that is a function of its words alone, so that a repeated event repeats its id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(str(word) for word in words)))


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every message's content, by schema name."""
    return {name: model.model_json_schema() for name, model in SCHEMAS.items()}


def _unpack(body: bytes) -> object:
    if len(body) > MAX_BYTES:
        raise MessageError(f"message of {len(body)} bytes; at most {MAX_BYTES} are read")
    try:
        found = msgpack.unpackb(
            body,
            raw=False,
            strict_map_key=True,
            object_pairs_hook=_map,
            max_str_len=MAX_TEXT,
            max_bin_len=0,
            max_ext_len=0,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
        )
    except (ValueError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise MessageError(f"not a msgpack message within bounds: {type(error).__name__} {error}".strip()) from None
    if _deeper_than(found, MAX_DEPTH):
        raise MessageError(f"message nested deeper than {MAX_DEPTH} levels")
    return found


def _map(pairs: list[tuple[object, object]]) -> dict[object, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a map has one key twice")
    return found


def _deeper_than(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    return any(_deeper_than(item, levels - 1) for item in (value.values() if isinstance(value, dict) else value))


def _describe(value: object) -> str:
    if isinstance(value, dict):
        return f"a map of {', '.join(sorted(str(key)[:30] for key in value)[:8]) or 'nothing'}"
    return f"a {type(value).__name__}"
