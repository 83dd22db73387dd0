"""A product's record is plain data that says everything, and one that contradicts itself is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.specimens import DAY, product, tb
from icestream_core import period as periods
from icestream_core import plugins
from icestream_core.delivery import ascii_grid, geotiff
from icestream_core.errors import RecordError
from icestream_core.filter import Season
from icestream_core.grid import CHINA_025, TIBET_005
from icestream_core.inputs import Align, Input, source
from icestream_core.message import Registration, decode, encode
from icestream_core.product import Features, OnLattice, Product, Reference, Table, product_of
from icestream_core.variable import Flags, Variable
from icestream_core.window import latest_before, same_season, season_to_date, steps

FULL = product(
    {
        "tb": Input(
            sources=(source("tb", needs="19h", wants="91h", platforms="F17", tiles="ml"), source("library-tb")),
            window=steps(-3, 4),
            align=Align(resampling="bilinear", combine="mosaic", native=True),
            tile="all",
            tiles_expected=("ml", "nl"),
            at_least=3,
            patience=timedelta(hours=1.5),
            settle=timedelta(seconds=7),
            revise="closing",
            stages=("final",),
            optional=True,
        ),
        "season": tb(window=season_to_date(9), role="companion"),
        "years": tb(window=same_season(20, 1), opens=False, variant="cold"),
        "last": tb(window=latest_before(10.5), tile="any", role="reference"),
        "before": tb(sources=(source("depth"),), role="own-output"),
    },
    datasets=("S39",),
    period=periods.irregular(datetime(2000, 1, 1, tzinfo=UTC), datetime(2005, 1, 1, tzinfo=UTC)),
    tiled=False,
    kind=OnLattice(of=("tb",)),
    writes={
        "depth": Variable(unit="m", standard_name="surface_snow_thickness", long_name="depth", valid=(0, 1.5)),
        "water": Variable(unit="m", long_name="water", valid=(0, 2), dtype="int16", step=0.001),
        "quality": Flags(long_name="why", meanings={0: "good", 7: "bad"}, fill=255),
    },
    deliveries=(
        ascii_grid("S39", "{period:%Y%j}.txt", "depth", unit="cm", nodata=-1, grid=CHINA_025, header=("a", "b")),
        geotiff("S19", "SD_{period:%Y%j}.tif", "depth", unit="cm", nodata=-1, dtype="int16", grid=TIBET_005),
    ),
    options={"slope": 0.66, "whole": 1, "word": "a", "yes": True, "one": 1.0},
    references=(Reference(citation="Che 2008", doi="10.3189/172756408787814690"),),
    keywords=("snow",),
    designed="nothing",
    accuracy="theirs",
    when_short="void",
    filters=(Season(months=(1, 2)),),
    time_limit=timedelta(seconds=90),
    memory_limit=2**30,
)


def through_the_wire(of: Product) -> Product:
    message = decode(encode(Registration(record=json.loads(json.dumps(of.record())))))
    assert isinstance(message, Registration)
    return product_of(message.record)


def same(one: Product, other: Product) -> bool:
    functions = {"compute": None, "fit": None}
    return one.model_copy(update=functions) == other.model_copy(update=functions)


@pytest.mark.parametrize(
    "of",
    [
        FULL,
        product(kind=Table(feature="trajectory", instance="pass")),
        product(kind=Features(geometry="Polygon")),
        *(product(period=period) for period in (periods.granule(), periods.eight_day(), periods.hydrological_year())),
        product(tiled=True, variants=("cold", "warm")),
    ],
    ids=lambda of: f"{of.kind.kind}-{of.period.kind}",
)
def test_a_record_goes_round_with_every_field(of: Product) -> None:
    read = through_the_wire(of)
    assert same(read, of)
    assert read.compute is None
    for name, value in of.options.items():
        assert type(read.options[name]) is type(value)


def test_every_installed_product_goes_round_with_every_field() -> None:
    installed = plugins.load().products
    assert installed
    for of in installed.values():
        assert same(through_the_wire(of), of)


def test_no_field_of_a_record_is_left_at_its_default_in_the_full_one() -> None:
    plain = product()
    same_everywhere = {
        "name",
        "version",
        "title",
        "summary",
        "family",
        "fidelity",
        "compute",
        "fit",
        "tiled",
        "variants",
    }
    for name in Product.model_fields.keys() - same_everywhere:
        assert getattr(FULL, name) != getattr(plain, name), name


def test_a_record_names_no_library_among_what_it_reads() -> None:
    assert FULL.collections_read == ("tb", "depth")


LAYERED = {"depth": Variable(unit="m", long_name="depth", valid=(0, 1), along="year")}
CLASSES = {"state": Flags(long_name="state", meanings={0: "thawed", 2: "frozen"}, fill=255)}
DELIVERY: dict[str, Any] = {"unit": "cm", "nodata": -1}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"inputs": {"tb": tb(role="companion")}}, "no input triggers it"),
        ({"inputs": {"tb": tb(opens=False)}}, "no trigger can open a slot"),
        ({"inputs": {"tb": tb(window=latest_before())}}, "no trigger can open a slot"),
        ({"inputs": {"tb": tb(tile="all")}, "tiled": True}, "no trigger can open a slot"),
        ({"inputs": {"tb": tb(variant="cold")}, "variants": ("cold",)}, "no trigger can open a slot"),
        ({"inputs": {"tb": tb(), "own": tb(sources=(source("depth"),))}}, "own-output"),
        ({"inputs": {"tb": tb(), "own": tb(role="own-output")}}, "own-output"),
        ({"kind": OnLattice(of=("air",))}, "its lattice comes from air"),
        ({"name": "Depth"}, "name"),
        ({"version": "1.0"}, "version"),
        ({"variants": ("cold.pass",)}, "variants"),
        ({"time_limit": timedelta(0)}, "time_limit"),
        ({"memory_limit": 0}, "memory_limit"),
        ({"wormhole": True}, "wormhole"),
        ({"deliveries": (ascii_grid("S39", "{period}.txt", "snow", **DELIVERY),)}, "it writes depth"),
        (
            {"deliveries": (ascii_grid("S39", "{product}.txt", "depth", **DELIVERY),)},
            "may use period, tile and variant",
        ),
        ({"deliveries": (ascii_grid("S39", "{}{period:%j}.txt", "depth", **DELIVERY),)}, "may use period"),
        ({"deliveries": (ascii_grid("S39", "{period.__class__}", "depth", **DELIVERY),)}, "may use period"),
        ({"deliveries": (ascii_grid("S39", "depth.txt", "depth", **DELIVERY),)}, "lacks period"),
        ({"deliveries": (ascii_grid("S39", "../{period:%j}.txt", "depth", **DELIVERY),)}, "no name of a file"),
        ({"deliveries": (ascii_grid("S39", "{period:%j}.txt", "depth", **DELIVERY),), "tiled": True}, "lacks tile"),
        (
            {"deliveries": (ascii_grid("S39", "{period:%j}.txt", "depth", **DELIVERY),), "variants": ("cold",)},
            "lacks variant",
        ),
        (
            {"deliveries": (geotiff("S29", "{period:%j}", "depth", behind=("height",), **DELIVERY),)},
            "is of height",
        ),
        (
            {"writes": LAYERED, "deliveries": (ascii_grid("S29", "{period:%j}", "depth", **DELIVERY),)},
            "only a GeoTIFF has several bands",
        ),
        (
            {"writes": LAYERED, "deliveries": (geotiff("S29", "{period:%j}", "depth", behind=("depth",), **DELIVERY),)},
            "no layers of its own",
        ),
        ({"writes": LAYERED, "kind": Table()}, "which only rasters have"),
        (
            {
                "writes": CLASSES,
                "deliveries": (geotiff("S33", "{period:%j}", "state", resampling="average", **DELIVERY),),
            },
            "state has classes, which have no average",
        ),
        (
            {"deliveries": (geotiff("S13", "{period:%j}{variant}", "depth", words={"A": "a"}, **DELIVERY),)},
            "has words for",
        ),
        (
            {
                "deliveries": (geotiff("S13", "{period:%j}{variant}", "depth", words={"A": "B"}, **DELIVERY),),
                "variants": ("A", "B"),
            },
            "calls two variants alike",
        ),
        (
            {"deliveries": tuple(ascii_grid("S39", f"{n}{{period:%j}}", "depth", **DELIVERY) for n in "ab")},
            "two deliveries of one name",
        ),
        (
            {"deliveries": tuple(ascii_grid(name, "{period:%j}", "depth", **DELIVERY) for name in ("S39", "S35"))},
            "two deliveries of one file name",
        ),
    ],
)
def test_a_record_that_contradicts_itself_is_refused_with_the_reason(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        product(**given)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"patience": -DAY}, "patience"),
        ({"patience": 10_000 * DAY}, "patience"),
        ({"settle": -DAY}, "settle"),
        ({"at_least": -1}, "at_least"),
        ({"sources": ()}, "sources"),
        ({"sources": (source("library-tb"), source("tb"))}, "must be the last source"),
        ({"tiles_expected": ("ml",)}, "tile='all'"),
    ],
)
def test_an_input_that_contradicts_itself_is_refused_with_the_reason(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        tb(**given)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"dtype": "float32"}, "is for whole numbers; this is float32"),
        ({"dtype": "int16"}, "does not fit int16"),
        ({"dtype": "int16", "step": 0.0}, "greater than 0"),
    ],
)
def test_a_variable_whose_steps_cannot_be_stored_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Variable(**({"unit": "K", "long_name": "brightness", "valid": (50, 350), "step": 0.01} | given))


def test_a_record_of_nonsense_is_named_in_its_error() -> None:
    with pytest.raises(RecordError, match=r"product record 'depth': period\.kind"):
        product_of(product().record() | {"period": {"kind": "fortnight"}})
