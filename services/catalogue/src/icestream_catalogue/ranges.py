"""Parts of a file, as RFC 9110 asks for them: what a header `Range` means for a file of some size."""

from __future__ import annotations

import re
from typing import Final

ONE: Final = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")
"""One part. Of several at once the whole file is sent, which every client must take."""


class Unsatisfiable(Exception):
    """A part that begins beyond the end of the file."""


def wanted(header: str, size: int) -> range | None:
    """Return the bytes of a file of this size that are wanted; None where it is the whole.

    Raises Unsatisfiable.
    """
    found = ONE.fullmatch(header.strip().lower())
    if not found or not (found["first"] or found["last"]):
        return None
    if not found["first"]:
        first, last = max(0, size - int(found["last"])), size - 1
    else:
        first, last = int(found["first"]), min(int(found["last"] or size), size - 1)
        if found["last"] and int(found["last"]) < first:
            return None
    if first >= size:
        raise Unsatisfiable
    return range(first, last + 1)
