"""Checksums as producers write them: hexadecimal, base64 or multihash. Ours are algorithm:hex."""

from __future__ import annotations

import base64
import binascii
import string
from typing import Final

DIGITS: Final = {
    "md5": 32,
    "sha1": 40,
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "sha3-256": 64,
    "sha3-384": 96,
    "sha3-512": 128,
}
"""Hexadecimal digits of each algorithm."""

MULTIHASH: Final = {
    0x11: "sha1",
    0x12: "sha256",
    0x13: "sha512",
    0x14: "sha3-512",
    0x15: "sha3-384",
    0x16: "sha3-256",
    0x20: "sha384",
    0xD5: "md5",
}
"""Algorithm by its code in the multicodec table (https://github.com/multiformats/multicodec)."""


def from_hex(algorithm: str, value: str) -> str:
    """Return the checksum of hexadecimal digits; raises ValueError that says what is wrong."""
    wanted = DIGITS.get(algorithm)
    if wanted is None:
        raise ValueError(f"algorithm {algorithm[:40]!r} is unknown; known: {', '.join(DIGITS)}")
    if len(value) != wanted or not set(value) <= set(string.hexdigits):
        raise ValueError(f"found {value[:40]!r}; wanted {wanted} hexadecimal digits for {algorithm}")
    return f"{algorithm}:{value.lower()}"


def from_either(algorithm: str, value: str) -> str:
    """Return the checksum of base64, or of hexadecimal digits, which some write where base64 is the rule.

    No value is both: a digest has other lengths in the two.
    """
    digits = DIGITS.get(algorithm)
    if digits is not None and len(value) != digits:
        try:
            value = base64.b64decode(value, validate=True).hex()
        except (binascii.Error, ValueError):
            raise ValueError(f"found {value[:40]!r}; wanted base64 for {algorithm}") from None
    return from_hex(algorithm, value)


def from_multihash(value: str) -> str:
    """Return the checksum of a multihash in hexadecimal: code and length as varints, then the digest."""
    try:
        content = bytes.fromhex(value)
    except ValueError:
        raise ValueError(f"found {value[:40]!r}; wanted a multihash in hexadecimal") from None
    code, rest = _varint(content)
    length, digest = _varint(rest)
    algorithm = MULTIHASH.get(code)
    if algorithm is None:
        raise ValueError(f"multihash code {code:#x} is unknown; known: {', '.join(MULTIHASH.values())}")
    if length != len(digest):
        raise ValueError(f"multihash of {len(digest)} bytes; its length says {length}")
    return from_hex(algorithm, digest.hex())


def _varint(content: bytes) -> tuple[int, bytes]:
    value = 0
    for index, byte in enumerate(content[:4]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, content[index + 1 :]
    raise ValueError("a multihash begins with code and length")
