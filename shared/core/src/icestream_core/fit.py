"""Fitting: what the parameters of a product are learned from, and the two pure functions that learn them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from icestream_core.collection import Collection, Facts, Opened
from icestream_core.errors import GranuleError, IcestreamError
from icestream_core.granule import Granule
from icestream_core.grid import Grid
from icestream_core.inputs import Input
from icestream_core.period import END_OF_TIME, EPOCH, Period, day

MEDIA_TYPES = {"toml": "application/toml", "nc": "application/netcdf"}


class TooLittle(IcestreamError):
    """Raised by a function that learns, where the training rows do not suffice: what was found, what was wanted."""


class Fitted(NamedTuple):
    """What was learned.

    parameters : columns of equal length by name, or, for a set in NetCDF, an xarray Dataset
    score : how well it does, by measure; the unit stands in the name of the measure
    """

    parameters: Any
    score: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fit:
    """How the parameters of a product are fitted. It is no part of the record: only who fits needs it.

    A training slot is gathered as a slot of a product is, with one difference: all alternatives of an input are
    opened, each sensor and tile by itself, and not only the first.

    parameters : the input of the product, in the role parameters, that takes what is fitted
    inputs : of a training slot, by the argument names of `sample`; products among them are made as needed
    rows : columns of the training rows, each with its unit; "" for words
    sample : from one training slot to training rows. It takes each input as a tuple of xarray Datasets on the grid, and
        `slot`, `grid`, `latitude` or `longitude` by name; returns columns of equal length, which may be empty
    learn : from all training rows (columns by name) and a seed to Fitted; raises TooLittle
    grid : onto which the inputs are brought; that of the first trigger where None
    period, variants : of the training slots
    """

    parameters: str
    inputs: Mapping[str, Input]
    rows: Mapping[str, str]
    sample: Callable[..., Mapping[str, Any]]
    learn: Callable[[Mapping[str, Any], int], Fitted]
    grid: Grid | None = None
    period: Period = field(default_factory=day)
    variants: tuple[str, ...] = ()


def parameter_set(
    name: str,
    title: str,
    columns: Mapping[str, str],
    check: Callable[[Any], None] | None = None,
    form: str = "toml",
) -> Collection:
    """Return the collection of what is fitted: `<name>.<when>.toml`, or .nc. The last that was fitted holds.

    columns : that a set must have, each with its unit; "" for words
    check : raises ValueError where the opened set cannot be meant
    """
    return Collection(
        name=name,
        title=title,
        sensor="none",
        patterns=(f"{name}.{{fitted:%Y%m%dT%H%M%S}}.{form}", f"{name}.{{fitted:%Y%m%d}}.{form}"),
        facts=_Named(name),
        opener=f"icestream_readers.parameters_file:open_{form}",
        media_type=MEDIA_TYPES[form],
        columns=columns,
        check=None if check is None else _Checked(check),
    )


def parameter_filename(collection: Collection, fitted: Any) -> str:
    """Return the file name of a set that was fitted at a moment, UTC."""
    return collection.patterns[0].format(fitted=fitted)


@dataclass(frozen=True, slots=True)
class _Named:
    """A fitted set holds for all time; one that was fitted later supersedes it."""

    name: str

    def __call__(self, fields: Mapping[str, Any]) -> Facts:
        fitted = fields["fitted"]
        return Facts(granule_id=f"{self.name}.{fitted:%Y%m%dT%H%M%S}", start=EPOCH, end=END_OF_TIME, produced=fitted)


@dataclass(frozen=True, slots=True)
class _Checked:
    check: Callable[[Any], None]

    def __call__(self, opened: Opened, granule: Granule) -> None:
        try:
            self.check(opened.data)
        except ValueError as error:
            raise GranuleError(str(error), granule.granule_id) from error
