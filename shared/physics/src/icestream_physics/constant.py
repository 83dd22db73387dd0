"""A number that knows its unit, where it comes from, and how sure we are of it."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any, Literal, get_args

Certainty = Literal["verified", "secondary source", "memory", "unsure", "computed", "design"]
"""How far a number can be trusted.

verified          read in the paper, or in the code of those who run the algorithm
secondary source  read in another's code or text that cites the paper
memory            widely reproduced, not looked up
unsure            not known for certain: to be checked before it is relied on
computed          follows from other numbers here
design            our own choice; published nowhere
"""


class Constant(float):
    """A float with `unit`, `source` and `certainty`; arithmetic with it gives plain floats and float64 arrays."""

    __slots__ = ("certainty", "source", "unit")

    unit: str
    source: str
    certainty: Certainty

    def __new__(cls, value: float, unit: str, source: str, certainty: Certainty) -> "Constant":
        if certainty not in get_args(Certainty):
            raise ValueError(f"certainty is {certainty!r}; wanted one of {', '.join(get_args(Certainty))}")
        if not source:
            raise ValueError(f"the constant {value} {unit} has no source; name the paper, the code or the reason")
        self = super().__new__(cls, value)
        self.unit, self.source, self.certainty = unit, source, certainty
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return float(self), self.unit, self.source, self.certainty

    def __repr__(self) -> str:
        return f"{float(self):g} {self.unit} ({self.certainty}: {self.source})"


def constant(value: float, unit: str, *, source: str, certainty: Certainty) -> Constant:
    """Return `value` with its unit ("1" where it has none), source and certainty.

    Errors: ValueError where the source is empty or the certainty is no known word.
    """
    return Constant(value, unit, source, certainty)


def constants_of(module: ModuleType) -> dict[str, Constant]:
    """Return the constants of a module by name, in the order of the file: the table of a science page.

    Those within a tuple, a mapping or a dataclass are named by their place, such as `NG_2002.rain_22`.
    """
    return {name: found for holder, value in vars(module).items() for name, found in _found(holder, value)}


def _found(name: str, value: object) -> Iterator[tuple[str, Constant]]:
    if isinstance(value, Constant):
        yield name, value
    elif isinstance(value, tuple):
        for place, part in enumerate(value):
            yield from _found(f"{name}[{place}]", part)
    elif isinstance(value, Mapping) and not name.startswith("__"):
        for key, part in value.items():
            yield from _found(f"{name}[{key}]", part)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _found(f"{name}.{field.name}", getattr(value, field.name))
