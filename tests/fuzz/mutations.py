"""Mutations: from bytes that are right to bytes that are nearly right, the same for a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence


def mutated(specimens: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Give mutated specimens without end."""
    chance = random.Random(seed)
    while True:
        data = bytearray(chance.choice(specimens))
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            _mutate(data, specimens, chance)
        yield bytes(data)


def _mutate(data: bytearray, specimens: Sequence[bytes], chance: random.Random) -> None:
    # Headers are where formats are made of: half of the mutations fall there.
    end = max(1, len(data) if chance.random() < 0.5 else min(len(data), 4096))
    at = chance.randrange(end)
    match chance.randrange(7):
        case 0:
            data[at : at + 1] = bytes([chance.randrange(256)])
        case 1 if data:
            data[min(at, len(data) - 1)] ^= 1 << chance.randrange(8)
        case 2:
            del data[at:]
        case 3:
            del data[at : at + chance.randrange(1, 64)]
        case 4:
            data[at:at] = chance.randbytes(chance.randrange(1, 64))
        case 5:
            data[at : at + 8] = chance.choice((b"\xff" * 8, b"\x00" * 8, b"\x7f" + b"\xff" * 7))
        case _:
            other = chance.choice(specimens)
            begin = chance.randrange(max(1, len(other)))
            data[at : at + 64] = other[begin : begin + 64]
