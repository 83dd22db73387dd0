"""Which slots a granule concerns, and which of them it opens."""

from __future__ import annotations

import pytest

from core.specimens import DAY, FIRST, granule, product, slot, tb
from icestream_core import period as periods
from icestream_core.inputs import source
from icestream_core.product import Product
from icestream_core.touch import Query, Touch, queries, touches
from icestream_core.window import latest_before, steps


def labels(found: list[Touch]) -> list[str]:
    return [touch.interval.label if touch.interval else "*" for touch in found]


def test_a_trigger_opens_its_own_slot_and_touches_the_neighbours_that_read_it() -> None:
    found = touches(product({"tb": tb(window=steps(-1, 3))}), granule(10))
    assert found[0].opens
    assert found[0].slot() == slot(10)
    assert sorted(labels(found)) == ["20140208", "20140209", "20140210", "20140211", "20140212"]
    assert [touch.opens for touch in found] == [True, False, False, False, False]


def test_another_collection_touches_nothing() -> None:
    assert touches(product(), granule(0, "mod10a2")) == []


def test_a_companion_opens_nothing() -> None:
    of = product({"tb": tb(), "cloud": tb(sources=(source("cloud"),), role="companion")})
    assert [touch.opens for touch in touches(of, granule(0, "cloud"))] == [False]


def test_a_trigger_that_does_not_open_touches_what_exists() -> None:
    of = product({"tb": tb(), "cover": tb(sources=(source("cover"),), opens=False)})
    assert [touch.opens for touch in touches(of, granule(0, "cover"))] == [False]


def test_a_granule_read_by_two_inputs_touches_each_slot_once_and_opens_it() -> None:
    of = product({"near": tb(window=steps(-2, 2), opens=False), "tb": tb()})
    found = touches(of, granule(0))
    assert sorted(labels(found)) == ["20140130", "20140131", "20140201", "20140202", "20140203"]
    assert [touch.opens for touch in found] == [True, False, False, False, False]


def test_a_granule_over_two_days_opens_both() -> None:
    found = touches(product(), granule(0.5))
    assert [(touch.interval.label, touch.opens) for touch in found if touch.interval] == [
        ("20140201", True),
        ("20140202", True),
    ]


@pytest.mark.parametrize(
    ("tiled", "tile", "touched", "opens"),
    [(True, "same", "h25v05", True), (True, "all", None, False), (False, "same", "", True), (False, "all", "", True)],
)
def test_a_tile_opens_the_slot_of_its_tile(tiled: bool, tile: str, touched: str | None, opens: bool) -> None:
    own = {"own": tb(sources=(source("own"),))}
    of = product({"tb": tb(tile=tile), **own}, tiled=tiled)
    (found,) = touches(of, granule(tile="h25v05"))
    assert (found.tile, found.opens) == (touched, opens)


def test_each_variant_opens_its_own_slot_and_a_foreign_one_none() -> None:
    of = product(variants=("cold", "warm"))
    assert [touch.variant for touch in touches(of, granule(variant="warm"))] == ["warm"]
    assert touches(of, granule(variant="noon")) == []


def test_an_input_of_one_variant_is_touched_by_that_one_only() -> None:
    of = product({"tb": tb(variant="cold")})
    assert [(touch.variant, touch.opens) for touch in touches(of, granule(variant="cold"))] == [("", True)]
    assert touches(of, granule(variant="warm")) == []


def test_an_input_of_one_variant_concerns_all_variants_of_the_product_and_opens_none() -> None:
    of = product({"tb": tb(), "night": tb(sources=(source("night"),), variant="cold")}, variants=("cold", "warm"))
    assert [(touch.variant, touch.opens) for touch in touches(of, granule(0, "night", variant="cold"))] == [
        (None, False)
    ]


@pytest.mark.parametrize("tile", ["", "ml"])
def test_an_ancillary_concerns_every_slot_that_waits(tile: str) -> None:
    of = product({"tb": tb(), "dem": tb(sources=(source("dem"),), role="ancillary")}, tiled=True, variants=("cold",))
    assert touches(of, granule(0, "dem", tile=tile)) == [Touch("depth", None, tile or None, None, opens=False)]


def test_what_may_be_the_latest_before_concerns_every_slot_that_waits() -> None:
    of = product({"tb": tb(), "last": tb(sources=(source("last"),), window=latest_before(30))})
    assert touches(of, granule(0, "last")) == [Touch("depth", None, "", "", opens=False)]


def test_a_scene_opens_itself_and_a_companion_of_scenes_concerns_all_that_wait() -> None:
    of = product({"tb": tb(), "air": tb(sources=(source("air"),), role="companion")}, period=periods.granule())
    (own,) = touches(of, granule(0.5, days=0.001))
    assert own.opens
    assert own.slot().start == FIRST + DAY / 2
    assert touches(of, granule(0, "air")) == [Touch("depth", None, "", "", opens=False)]


@pytest.mark.parametrize(
    ("wanted", "given", "touched"),
    [
        (source("tb", needs="19h 37h"), {"part": "19h"}, True),
        (source("tb", needs="19h 37h"), {"part": "91h"}, False),
        (source("tb", needs="19h", wants="91h"), {"part": "91h"}, True),
        (source("tb", platforms="F17 F18"), {"platform": "F18"}, True),
        (source("tb", platforms="F17 F18"), {"platform": "F13"}, False),
        (source("tb", tiles="ml nl"), {"tile": "nl"}, True),
        (source("tb", tiles="ml nl"), {"tile": "sl"}, False),
        (source("tb", needs="19h 37h"), {"void": "no orbit"}, True),
    ],
)
def test_a_source_takes_its_parts_platforms_and_tiles_and_what_is_void(
    wanted: object, given: dict[str, str], touched: bool
) -> None:
    assert bool(touches(product({"tb": tb(sources=(wanted,))}), granule(**given))) is touched  # type: ignore[arg-type]


def test_a_touch_of_many_slots_names_none() -> None:
    with pytest.raises(ValueError, match="does not name one slot"):
        Touch("depth", None, None, None, opens=False).slot()


def ask(of: Product, **given: str) -> dict[str, Query]:
    return queries(of, slot(0, of, **given))


def test_a_source_without_variants_concerns_all_variants_of_the_product_and_opens_none() -> None:
    of = product({"tb": tb(), "mean": tb(sources=(source("mean"),), variant="none")}, variants=("cold", "warm"))
    assert [(touch.variant, touch.opens) for touch in touches(of, granule(0, "mean"))] == [(None, False)]
    assert touches(of, granule(0, "mean", variant="cold")) == []
    assert ask(of, variant="cold")["mean"].variant == ""


def test_a_slot_asks_for_its_own_tile_and_variant_and_for_the_parts_that_it_takes() -> None:
    of = product(
        {"tb": tb(sources=(source("tb", needs="19h", wants="91h"), source("old", needs="18h")))},
        tiled=True,
        variants=("cold",),
    )
    (query,) = ask(of, tile="ml", variant="cold").values()
    assert query == Query(("tb", "old"), FIRST, FIRST + DAY, "ml", "cold", ("19h", "91h", "18h"))


def test_a_slot_asks_for_ancillaries_of_every_tile_and_variant() -> None:
    of = product({"tb": tb(), "dem": tb(sources=(source("dem"),), role="ancillary")}, tiled=True, variants=("cold",))
    found = ask(of, tile="ml", variant="cold")
    assert (found["dem"].tile, found["dem"].variant) == (None, None)
    assert (found["tb"].tile, found["tb"].variant) == ("ml", "cold")


def test_nobody_asks_the_ledger_for_what_a_library_ships() -> None:
    of = product({"tb": tb(), "dem": tb(sources=(source("dem"), source("library-altitude")), role="ancillary")})
    assert ask(of)["dem"].collections == ("dem",)
    only = product({"tb": tb(), "dem": tb(sources=(source("library-altitude"),), role="ancillary")})
    assert list(ask(only)) == ["tb"]
