"""The formats of notices, by the names that settings and addresses use; and CloudEvents around any of them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from icestream_watcher.notices import cnm, posttroll, s3_event, sarracenia, stac, wis2
from icestream_watcher.notices.notice import Notice, NoticeError, read_json

Normalise = Callable[[bytes], list[Notice]]

FORMATS: Final[Mapping[str, Normalise]] = {
    "cnm": cnm.normalise,
    "wis2": wis2.normalise,
    "sarracenia": sarracenia.normalise,
    "s3": s3_event.normalise,
    "stac": stac.normalise,
    "posttroll": posttroll.normalise,
}

STRUCTURED: Final = "application/cloudevents+json"
PREFIXES: Final = ("ce-", "cloudevents_", "cloudevents:")
"""Of headers that carry attributes of a CloudEvent: over HTTP and of Knative; of the AMQP binding, new and old."""


def normalise(kind: str, body: bytes, headers: Mapping[str, str]) -> list[Notice]:
    """Return the notices of a message of a format; a CloudEvent around it is taken off. Raises NoticeError.

    kind : one of FORMATS; raises KeyError for any other
    headers : of the message, with any capitals; content-type among them
    """
    read = FORMATS[kind]
    lower = {name.lower(): value for name, value in headers.items()}
    attributes = {
        name.removeprefix(prefix): value
        for name, value in lower.items()
        for prefix in PREFIXES
        if name.startswith(prefix)
    }
    if lower.get("content-type", "").partition(";")[0].strip().lower() == STRUCTURED:
        attributes, body = _unwrapped(kind, body)
    notices = read(body)
    if not {"id", "source"} <= attributes.keys():
        return notices
    # JSON may hold half a character, of which there is no UTF-8.
    event = f"event {attributes['source']} {attributes['id']}".encode(errors="replace").decode()
    return [replace(each, event=f"{event} {index}") for index, each in enumerate(notices)]


def _unwrapped(kind: str, body: bytes) -> tuple[dict[str, str], bytes]:
    event = read_json(kind, body)
    if not isinstance(event, dict):
        raise NoticeError(kind, "body", "is no CloudEvent; wanted an object")
    for name in ("specversion", "id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise NoticeError(kind, name, "is missing; a CloudEvent has it")
    if event["specversion"] != "1.0":
        raise NoticeError(kind, "specversion", f"found {event['specversion'][:20]!r}; wanted 1.0")
    attributes = {"id": event["id"], "source": event["source"]}
    if "data_base64" in event:
        try:
            return attributes, base64.b64decode(str(event["data_base64"]), validate=True)
        except (binascii.Error, ValueError):
            raise NoticeError(kind, "data_base64", "is no base64") from None
    if "data" not in event:
        raise NoticeError(kind, "data", "is missing")
    data = event["data"]
    return attributes, data.encode(errors="replace") if isinstance(data, str) else json.dumps(data).encode()
