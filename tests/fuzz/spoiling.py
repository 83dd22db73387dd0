"""Spoiling: files whose bytes are in order and whose content is not: it comes past checksums and packing."""

from __future__ import annotations

import io
import random
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from pyhdf.SD import SD, SDC

from fuzz.mutations import mutated

WORDS: Final = (
    *(
        "",
        " ",
        "nan",
        "-inf",
        "1e400",
        "-1",
        "0",
        "99999999999999999999",
        "1e-320",
        "abc",
        "\0",
        "\u202e",
        "x" * 70_000,
    ),
    *(
        "true",
        "[]",
        "{}",
        '"',
        "'",
        "1979-13-45",
        "0001-01-01",
        "9999-12-31",
        "2147483648",
        "-2147483649",
        "½",
        "NaN NaN",
    ),
)
"""What stands in the place of a word or a number of a text."""

ATTRIBUTES: Final[tuple[Any, ...]] = (
    *("", "abc", b"\xff", float("nan"), float("inf"), 0, -1, 2**62),
    *(np.zeros(0), np.zeros((3, 3)), np.array([b"a", b"b"]), h5py.Empty("f4"), "x" * 60_000, '{"a": {"a": []}}', "[]"),
)
"""What stands in the place of an attribute."""

MOST_CELLS: Final = 2**25
"""Of all layers of an HDF4 file that is written anew: a global one would take seconds."""

SHAPES: Final = ((), (0,), (1,), (3, 0), (2, 3, 4), (10**6, 10**6), (2**40,))


def streams(files: dict[str, bytes], seed: int) -> dict[str, Iterator[bytes]]:
    """Give for each file spoilt ones without end, the same for a seed."""
    return {name: _stream(name, body, random.Random(f"{seed} {name}")) for name, body in files.items()}


def _stream(name: str, body: bytes, chance: random.Random) -> Iterator[bytes]:
    torn = mutated([body], chance.randrange(2**32))
    spoil = _spoiler(name, body)
    while True:
        yield spoil(body, chance) if spoil is not None and chance.random() < 0.6 else next(torn)


def _spoiler(name: str, body: bytes) -> Any:
    if body.startswith(b"PK"):
        return _zip
    if body.startswith(b"\x89HDF"):
        return _hdf5
    if body.startswith(b"\x0e\x03\x13\x01"):
        return _hdf4 if _cells(body) < MOST_CELLS else None
    return _text if name.endswith((".csv", ".toml")) else None


def _zip(body: bytes, chance: random.Random) -> bytes:
    """Return an archive, packed as it should be, of which a member is spoilt, missing, there twice or misnamed."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = chance.randrange(len(members))
    name, content = members[at]
    match chance.randrange(8):
        case 0:
            del members[at]
        case 1:
            members.append((f"again-{chance.randrange(9)}/{name}", content))
        case 2:
            members[at] = (f"../../{name}", content)
        case _ if name.endswith((".xml", ".safe")):
            members[at] = (name, _text(content, chance))
        case _:
            members[at] = (name, next(mutated([content], chance.randrange(2**32))))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for member, content in members:
            archive.writestr(zipfile.ZipInfo(member), content)
    return packed.getvalue()


def _text(body: bytes, chance: random.Random) -> bytes:
    """Return a text of which some words are others, gone, or there twice."""
    words = re.split(rb"([\s,;=<>\"]+)", body)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(words))
        match chance.randrange(4):
            case 0:
                words[at] = b""
            case 1:
                words[at] += b" " + words[at]
            case _:
                words[at] = chance.choice(WORDS).encode()
    return b"".join(words)


def _hdf5(body: bytes, chance: random.Random) -> bytes:
    """Return an HDF5 file in which attributes and datasets are others, or gone."""
    memory = io.BytesIO(body)
    with h5py.File(memory, "r+") as file:
        for _ in range(chance.choice((1, 1, 2, 4))):
            names: list[str] = []
            file.visit(names.append)
            holder = file[chance.choice(names)] if names and chance.random() < 0.7 else file
            _spoil_object(file, holder, chance)
    return memory.getvalue()


def _spoil_object(file: h5py.File, holder: Any, chance: random.Random) -> None:
    given = [name for name in holder.attrs if name not in {"REFERENCE_LIST", "DIMENSION_LIST"}]
    if given and chance.random() < 0.6:
        name = chance.choice(given)
        del holder.attrs[name]
        if chance.random() < 0.75:
            holder.attrs[name] = chance.choice(ATTRIBUTES)
    elif isinstance(holder, h5py.Dataset):
        name = holder.name
        attributes = {each: value for each, value in holder.attrs.items() if not _is_no_text(value)}
        del file[name]
        if chance.random() < 0.75:
            _other_dataset(file, name, chance)
            for each, value in attributes.items():
                if each not in {"REFERENCE_LIST", "DIMENSION_LIST"}:
                    file[name].attrs[each] = value


def _is_no_text(value: Any) -> bool:
    """Whether an attribute is a text that was spoilt already: h5py gives such a one, and does not take it back."""
    return isinstance(value, str) and not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)


def _other_dataset(file: h5py.File, name: str, chance: random.Random) -> None:
    """Put a dataset of another shape or type in the place of one; none of its chunks is written."""
    shape, kind = chance.choice(SHAPES), chance.choice(("u2", "f4", "f8", "i8", "S4", h5py.string_dtype(), "c8"))
    chunks = tuple(min(size, 64) for size in shape) if shape and min(shape) > 0 else None
    file.create_dataset(name, shape, kind, chunks=chunks)


def _hdf4(body: bytes, chance: random.Random) -> bytes:
    """Return an HDF4 file, written anew, of which a layer or attributes are others, or gone."""
    with _sd(body) as file:
        layers = [file.select(number) for number in range(file.info()[0])]
        at, how = chance.randrange(len(layers)), chance.randrange(6)
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "new.hdf"
            new = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
            _attributes(file, new, chance if how == 0 else None)
            for number, layer in enumerate(layers):
                if number != at or how != 1:
                    _layer(new, layer, how if number == at else 0, chance)
            new.end()
            # The library keeps the name that the file had.
            return path.read_bytes().replace(place.encode(), b"-" * len(place))


def _layer(new: SD, layer: Any, how: int, chance: random.Random) -> None:
    """Copy a layer.

    how : 0 as it is, 2 of another type, 3 of another shape, 4 of other values, 5 of other attributes
    """
    name, _, _, kind, _ = layer.info()
    values = layer.get()
    if how == 2:
        kind = chance.choice((SDC.UINT8, SDC.INT16, SDC.FLOAT32, SDC.FLOAT64, SDC.UINT32))
        values = values.astype({SDC.UINT8: "u1", SDC.INT16: "i2", SDC.FLOAT32: "f4", SDC.FLOAT64: "f8"}.get(kind, "u4"))
    elif how == 3:
        values = values[: chance.choice((1, 7, 600)), : chance.choice((1, 600, None))]
    elif how == 4:
        values = np.frombuffer(chance.randbytes(values.nbytes), values.dtype).reshape(values.shape)
    copied = new.create(name, kind, values.shape)
    copied[:] = values
    _attributes(layer, copied, chance if how == 5 else None)
    copied.endaccess()


def _attributes(given: Any, taking: Any, chance: random.Random | None) -> None:
    """Copy attributes, one of them spoilt where a chance is given."""
    found = given.attributes(full=1)
    spoilt = chance.choice(sorted(found)) if chance is not None and found else ""
    for name, (value, _, kind, _) in found.items():
        if name != spoilt:
            taking.attr(name).set(kind, value)
        elif chance is not None and chance.random() < 0.75:
            if isinstance(value, str) and len(value) > 20:
                value = _text(value.encode(), chance).decode(errors="replace").encode("ascii", "replace").decode()
                taking.attr(name).set(SDC.CHAR8, value[:60_000] or " ")
            else:
                taking.attr(name).set(SDC.FLOAT64, chance.choice((float("nan"), 0.0, -1.0, 1e300)))


def _cells(body: bytes) -> int:
    with _sd(body) as file:
        return sum(int(np.prod(shape)) for _, shape, _, _ in file.datasets().values())


@contextmanager
def _sd(body: bytes) -> Iterator[SD]:
    with tempfile.NamedTemporaryFile(suffix=".hdf") as given:
        given.write(body)
        given.flush()
        file = SD(given.name, SDC.READ)
        try:
            yield file
        finally:
            file.end()
