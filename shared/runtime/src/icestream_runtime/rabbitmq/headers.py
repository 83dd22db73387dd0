"""Headers that pika cannot read count as none: else whoever may publish ends the connection of all who consume.

pika turns times into dates, and reads a table in a table by calling itself. A time after the year 9999, or a thousand
tables in one another, is an error in the thread of the connection, and the message that has it comes again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pika import data
from pika.exceptions import AMQPError

Decode = Callable[[bytes, int], tuple[dict[str, Any], int]]


def tolerate() -> None:
    """Have pika, in this process, take a table of headers that it cannot read for an empty one."""
    if not hasattr(data.decode_table, "tolerant"):
        data.decode_table = _tolerant(data.decode_table)


def _tolerant(decode: Decode) -> Decode:
    def decode_table(encoded: bytes, offset: int) -> tuple[dict[str, Any], int]:
        try:
            return decode(encoded, offset)
        except (ValueError, OverflowError, OSError, RecursionError, AMQPError):
            (size,) = struct.unpack_from(">I", encoded, offset)
            return {}, offset + 4 + size

    decode_table.tolerant = True  # type: ignore[attr-defined]
    return decode_table
