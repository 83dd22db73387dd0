"""Writes docs/messages.md from the models: `.venv/bin/python tests/core/messages_page.py`."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

from icestream_core import message

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"

INTRODUCTION = """\
# Messages

What travels between watcher, gatherer and workers. This page is written from the models by
`tests/core/messages_page.py`, and a test keeps it equal to them.

A message is a [msgpack](https://msgpack.org) map of three: `schema` (a name below), `version` (an integer, now
{major}) and `content` (a map, as the JSON Schema of that name says). Its content type is `{content_type}`. Its headers
are the attributes of a CloudEvent 1.0 with the prefix `ce-`: `ce-specversion`, `ce-id`, `ce-source`, `ce-type`
(`icestream.<schema>.v{major}`), `ce-time`; and `traceparent` where somebody traces. A repeated event repeats `ce-id`.

| message | routing key, on the topic exchange `icestream` | goes to |
|---|---|---|
| granule, observed | `granule.<sensor>.<collection>` | `icestream.intake` |
| granule, announced | `product.<family>.<product>` | `icestream.intake`, and whoever binds a queue to it |
| registration | `register.<product>` | `icestream.intake` |
| letter | `letter.<format>` | `icestream.intake`, which keeps it in the ledger |
| task | none: straight to the queue | `icestream.make.<product>`, `icestream.make.<product>.bulk` for backfill |
| outcome | none: straight to the queue | `icestream.outcomes` |

## What is refused

- More than {max_bytes:,} bytes, {max_depth} levels, {max_items:,} entries of one map or list, {max_text:,} bytes of
  one text. Bytes and extension types, NaN and infinity, keys that are no text, one key twice.
- A field of another type than the schema says: nothing is converted. Times are ISO 8601 texts with an offset.
- Another version, with the advice to upgrade. Under one version fields may be added, and fields that a reader does not
  know are ignored; anything else raises the version.

What is refused is kept in the ledger as a letter, with its reason, and the stream goes on. A field that has its default
is left out of what icestream writes.
"""


def page() -> str:
    """Return the page."""
    parts = [
        INTRODUCTION.format(
            major=message.MAJOR,
            content_type=message.CONTENT_TYPE,
            max_bytes=message.MAX_BYTES,
            max_depth=message.MAX_DEPTH,
            max_items=message.MAX_ITEMS,
            max_text=message.MAX_TEXT,
        )
    ]
    for name, schema in message.json_schemas().items():
        said = inspect.getdoc(message.SCHEMAS[name]) or ""
        text = json.dumps({key: value for key, value in schema.items() if key != "description"}, indent=2)
        parts.append(f"## {name}\n\n{_as_list(said)}\n\n```json\n{text}\n```\n")
    return "\n".join(parts)


def _as_list(said: str) -> str:
    """Return a docstring with its lines of `field : meaning` as a list."""
    lines = []
    for line in said.splitlines():
        field, colon, meaning = line.partition(" : ")
        lines.append(f"- `{field.replace(', ', '`, `')}`: {meaning}" if colon and not line.startswith(" ") else line)
    return "\n".join(lines).strip()


if __name__ == "__main__":
    PAGE.write_text(page())
