"""Notices: whatever a producer sends, notices come out, or a NoticeError that names the field."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from typing import Any, Final

from fuzz.mutations import mutated
from icestream_watcher.notices.formats import FORMATS, STRUCTURED, normalise
from icestream_watcher.notices.notice import NoticeError
from watcher.notices.examples import OF

HOSTILE: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        -1,
        0,
        2**63,
        10**400,
        1e308,
        float("nan"),
        "",
        " ",
        "\0",
        "\ud800",
        "../../etc/passwd",
        "/",
        "\u202e",
    ),
    *(
        "x" * 5000,
        "http://[::1",
        "file:///etc/passwd",
        "s3://",
        "%00%ff",
        "2024-02-30T25:61:00Z",
        "0001-01-01T00:00:00Z",
    ),
    *("9999-12-31T23:59:59.9+23:59", [], {}, [[[[[]]]]], {"a": {"a": {"a": {}}}}, [None] * 1000),
)
"""What models expect least, in the place of anything."""


def fuzz(count: int, seed: int) -> Counter[str]:
    """Read so many spoilt notices of every format in turn; an error that is not ours ends it."""
    found: Counter[str] = Counter()
    chance = random.Random(seed)
    kinds = list(FORMATS)
    torn = {kind: mutated([OF[kind]()], seed) for kind in kinds}
    for number in range(count):
        kind = kinds[number % len(kinds)]
        body = next(torn[kind]) if chance.random() < 0.5 else _spoilt(OF[kind](), chance)
        found[f"{kind} {read(kind, body, _headers(chance))}"] += 1
    return found


def read(kind: str, body: bytes, headers: dict[str, str]) -> str:
    """Read a body as the watcher does; return what came out."""
    try:
        notices = normalise(kind, body, headers)
    except NoticeError as error:
        assert error.field, f"{error} names no field"
        return "refused"
    for notice in notices:
        assert notice.identity or kind == "stac"
        assert all(file.names and file.size >= 0 for file in notice.files)
    return "read"


def _spoilt(body: bytes, chance: random.Random) -> bytes:
    """Return a notice one or more values of which are what nobody expects; the rest is right."""
    head, brace, rest = body.partition(b"{")
    content = json.loads(brace + rest)
    for _ in range(chance.choice((1, 1, 2, 5))):
        places = list(_places(content))
        holder, key = chance.choice(places)
        match chance.randrange(4):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1:
                holder[key] = [holder[key]]
            case _:
                holder[key] = copy.deepcopy(chance.choice(HOSTILE))
        if not content:
            break
    return head + json.dumps(content).encode(errors="replace")


def _places(content: Any) -> Any:
    """Give every place in a document that holds a value."""
    for key in content if isinstance(content, dict) else range(len(content)):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from _places(content[key])


def _headers(chance: random.Random) -> dict[str, str]:
    """Return headers: mostly none, else a CloudEvent's, right or not."""
    if chance.random() < 0.8:
        return {}
    texts = ("1.0", "", "x" * 300, "\0", "ä")
    given = {name: chance.choice(texts) for name in ("ce-id", "cloudEvents:source", "CE-Type", "ce-specversion")}
    return given | {"Content-Type": chance.choice((STRUCTURED, f"{STRUCTURED}; charset=utf-8", "text/plain"))}
