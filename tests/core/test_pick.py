"""What an input is made of: alternatives, corrections, voids, tiles, windows."""

from __future__ import annotations

import random
from datetime import timedelta, timezone
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.specimens import DAY, FIRST, HOUR, granule, product, recorded, slot, tb
from icestream_core import period as periods
from icestream_core.granule import Granule
from icestream_core.inputs import Input, source
from icestream_core.pick import Picked, Recorded, pick
from icestream_core.product import Product
from icestream_core.window import latest_before, season_to_date, steps


def picked(entry: Input, *granules: Granule, of: Product | None = None, **given: str) -> Picked:
    """Return what a slot of the first of February 2014 takes for an input."""
    others = {"own": tb(sources=(source("own"),))}
    mine = of or product({"tb": entry, **others})
    return pick(mine, slot(0, mine, **given), "tb", recorded(*granules))


def ids(found: Picked) -> list[str]:
    return [entry.granule.granule_id for entry in found.entries]


PARTS = tb(sources=(source("new", needs="19h 37h", wants="91h"), source("old", needs="18h")))


def test_the_first_alternative_goes_before_the_second() -> None:
    found = picked(
        PARTS, *(granule(0, "new", part=part) for part in ("19h", "37h", "91h")), granule(0, "old", part="18h")
    )
    assert found.complete
    assert {entry.granule.collection for entry in found.entries} == {"new"}


def test_a_later_alternative_that_is_complete_goes_before_an_earlier_that_only_suffices() -> None:
    found = picked(PARTS, granule(0, "new", part="19h"), granule(0, "new", part="37h"), granule(0, "old", part="18h"))
    assert (found.complete, ids(found)) == (True, ["old.20140201T000000.18h"])


def test_an_alternative_that_lacks_what_is_needed_is_not_taken_while_another_suffices() -> None:
    found = picked(PARTS, granule(0, "new", part="19h"), granule(0, "old", part="18h"))
    assert ids(found) == ["old.20140201T000000.18h"]


def test_what_is_needed_and_what_is_wanted_is_missed_by_name() -> None:
    found = picked(PARTS, granule(0, "new", part="19h"))
    assert not found.sufficient
    assert found.missing == ("tb (new) part 37h", "tb (new) part 91h")


def test_what_is_wanted_is_awaited_and_not_needed() -> None:
    found = picked(PARTS, granule(0, "new", part="19h"), granule(0, "new", part="37h"))
    assert (found.sufficient, found.complete, found.own_step_lacks) == (True, False, True)


def test_nothing_at_all_misses_the_first_alternative() -> None:
    assert picked(PARTS).missing == ("tb (new)",)


def test_two_platforms_are_never_mixed() -> None:
    entry = tb(sources=(source("tb", needs="19h 37h"),))
    found = picked(entry, granule(part="19h", platform="F17"), granule(part="37h", platform="F18"))
    assert not found.sufficient
    assert len(found.entries) == 1


@pytest.mark.parametrize(("platforms", "taken"), [("F18 F17", "F18"), ("F17 F18", "F17"), ("", "F17")])
def test_the_preferred_platform_is_taken(platforms: str, taken: str) -> None:
    found = picked(tb(sources=(source("tb", platforms=platforms),)), granule(platform="F17"), granule(platform="F18"))
    assert [entry.granule.platform for entry in found.entries] == [taken]


def test_tiles_that_are_alternatives_are_not_put_side_by_side() -> None:
    entry = tb(sources=(source("tb", tiles="ml nl"),), tile="any")
    assert [entry.granule.tile for entry in picked(entry, granule(tile="nl"), granule(tile="ml")).entries] == ["ml"]
    assert [entry.granule.tile for entry in picked(entry, granule(tile="nl")).entries] == ["nl"]


def test_all_tiles_are_put_side_by_side_and_the_expected_ones_are_awaited() -> None:
    entry = tb(tile="all", tiles_expected=("h25v05", "h26v05"))
    found = picked(entry, granule(tile="h25v05"), granule(tile="h99v99"))
    assert len(found.entries) == 2
    assert found.missing == ("tb (tb) tile h26v05",)
    assert picked(entry, granule(tile="h25v05"), granule(tile="h26v05")).complete


def test_a_tile_of_yesterday_is_not_the_tile_of_today() -> None:
    entry = tb(tile="all", tiles_expected=("h25v05", "h26v05"), window=steps(-1, 0))
    found = picked(entry, granule(tile="h25v05"), granule(-1, tile="h26v05"), granule(-1, tile="h25v05"))
    assert found.missing == ("tb (tb) tile h26v05",)


def test_where_no_tiles_are_known_a_further_one_may_always_come() -> None:
    found = picked(tb(tile="all"), granule(tile="h25v05"))
    assert (found.sufficient, found.complete) == (True, False)


def test_a_slot_takes_its_own_tile_and_variant_only() -> None:
    of = product(tiled=True, variants=("cold", "warm"))
    found = picked(
        tb(),
        granule(tile="ml", variant="cold"),
        granule(tile="nl", variant="cold"),
        granule(tile="ml", variant="warm"),
        of=of,
        tile="ml",
        variant="cold",
    )
    assert ids(found) == ["tb.20140201T000000.ml.cold"]


def test_a_source_without_variants_serves_every_variant_of_a_product() -> None:
    of = product({"own": tb(sources=(source("own"),)), "tb": tb(variant="none")}, variants=("cold", "warm"))
    for variant in of.variants:
        found = picked(of.inputs["tb"], granule(), granule(variant="cold"), of=of, variant=variant)
        assert ids(found) == ["tb.20140201T000000"]


def corrections() -> list[Granule]:
    """Return one granule five times: what holds is the last."""
    first = {"granule_id": "tb.1", "published_at": FIRST}
    later = {"granule_id": "tb.1", "published_at": FIRST + timedelta(microseconds=1)}
    contents = sorted(("a", "b"), key=lambda content: granule(content=content, **later).checksum)
    return [
        granule(content="c", **first),
        *(granule(content=content, **later) for content in contents),
        granule(content="d", revision=1, **first),
        granule(content="e", revision=2, **first),
    ]


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_of_corrections_the_last_by_revision_time_and_checksum_holds_whatever_the_order_of_arrival(count: int) -> None:
    known = corrections()[:count]
    for order in permutations(known):
        rows = [Recorded(each, FIRST + number * HOUR) for number, each in enumerate(order)]
        of = product()
        (entry,) = pick(of, slot(0, of), "tb", rows).entries
        assert entry.granule == known[-1]


def test_a_time_in_another_zone_does_not_change_which_correction_holds() -> None:
    tibet = FIRST.astimezone(timezone(timedelta(hours=8)))
    older, newer = granule(published_at=tibet, content="a"), granule(published_at=FIRST + HOUR, content="b")
    assert older.order < newer.order


def test_what_is_void_is_the_answer_for_its_step_and_no_input() -> None:
    found = picked(tb(), granule(void="polar night"))
    assert (found.sufficient, found.complete, found.void, found.entries) == (True, True, "polar night", ())


def test_the_reasons_of_very_many_voids_are_told_in_short() -> None:
    """An announcement holds a thousand characters of them."""
    voids = [
        granule(tile=f"t{number}", void=f"{number} % of it has a value; " + "wanted more" * 30) for number in range(40)
    ]
    found = picked(tb(), *voids)
    assert found.void.startswith("0 % of it has a value")
    assert found.void.endswith("; and 35 more")
    assert len(found.void) < 900


def test_what_became_void_no_longer_holds() -> None:
    found = picked(tb(), granule(granule_id="a", revision=1), granule(granule_id="a", revision=2, void="all cloud"))
    assert (found.void, found.entries) == ("all cloud", ())


def test_a_void_neighbour_is_not_awaited_whatever_platform_made_the_others() -> None:
    entry = tb(window=steps(-1, 1))
    found = picked(entry, granule(-1, platform="F17"), granule(0, platform="F17"), granule(1, void="no orbit"))
    assert found.complete
    assert [given.step for given in found.entries] == [-1, 0]


def test_an_alternative_with_data_goes_before_one_that_is_void() -> None:
    entry = tb(sources=(source("tb", tiles="ml nl"),), tile="any")
    found = picked(entry, granule(tile="ml", void="no orbit"), granule(tile="nl"))
    assert (found.void, [given.granule.tile for given in found.entries]) == ("", ["nl"])


def test_one_void_tile_of_many_is_not_the_answer_for_all() -> None:
    entry = tb(tile="all", tiles_expected=("a", "b"))
    one = picked(entry, granule(tile="a", void="all cloud"))
    assert (bool(one.void), one.own_step_lacks) == (True, True)
    both = picked(entry, granule(tile="a", void="all cloud"), granule(tile="b", void="all cloud"))
    assert (bool(both.void), both.own_step_lacks) == (True, False)
    mixed = picked(entry, granule(tile="a", void="all cloud"), granule(tile="b"))
    assert (mixed.void, mixed.complete) == ("", True)


def test_a_library_default_is_there_where_nothing_better_is() -> None:
    entry = tb(sources=(source("dem"), source("library-altitude")), role="ancillary")
    assert ids(picked(entry)) == ["library-altitude"]
    assert picked(entry).complete
    assert ids(picked(entry, granule(0, "dem"))) == ["dem.20140201T000000"]


def test_only_the_stages_that_are_accepted_are_taken() -> None:
    entry = tb(stages=("final",))
    assert picked(entry, granule(stage="provisional")).entries == ()
    assert len(picked(entry, granule(stage="final")).entries) == 1
    assert picked(entry, granule(stage="provisional", void="polar night")).void == "polar night"


def test_a_provisional_revision_does_not_hide_the_final_one_from_who_wants_final_ones() -> None:
    final, newer = granule(granule_id="a", revision=1), granule(granule_id="a", revision=2, stage="provisional")
    assert [given.granule for given in picked(tb(stages=("final",)), final, newer).entries] == [final]


ALWAYS = {"start": periods.EPOCH, "end": periods.END_OF_TIME}


def test_of_an_ancillary_the_newest_is_taken_and_nobody_waits_for_a_fresh_one() -> None:
    entry = tb(role="ancillary")
    old = granule(granule_id="forest.2001", start=periods.EPOCH, end=periods.END_OF_TIME)
    new = granule(granule_id="forest.2010", start=periods.EPOCH + DAY, end=periods.END_OF_TIME)
    found = picked(entry, new, old)
    assert (found.complete, ids(found), found.last_arrival) == (True, ["forest.2010"], None)


def test_a_parameter_set_without_tile_or_variant_holds_for_all_of_them() -> None:
    of = product({"own": tb(sources=(source("own"),)), "tb": tb(role="parameters")}, tiled=True, variants=("cold",))
    everywhere = granule(granule_id="all", **ALWAYS)
    here = granule(granule_id="here", tile="ml", **ALWAYS)
    there = granule(granule_id="there", tile="nl", **ALWAYS)
    assert ids(picked(tb(), everywhere, there, of=of, tile="ml", variant="cold")) == ["all"]
    assert ids(picked(tb(), everywhere, here, there, of=of, tile="ml", variant="cold")) == ["here"]


def test_an_ancillary_in_tiles_is_taken_whole_by_a_product_that_has_none() -> None:
    tiles = [granule(granule_id=tile, tile=tile, **ALWAYS) for tile in ("n30e090", "n30e100")]
    assert len(picked(tb(role="ancillary"), *tiles).entries) == 2


def test_the_latest_before_is_the_newest_that_is_not_too_old_and_not_of_the_future() -> None:
    entry = tb(window=latest_before(5))
    assert ids(picked(entry, granule(-9), granule(-3), granule(-2), granule(1))) == ["tb.20140130T000000"]
    assert not picked(entry, granule(-9)).sufficient


def test_each_granule_stands_at_the_nearest_step_that_it_overlaps() -> None:
    entry = tb(window=steps(-2, 2))
    found = picked(entry, granule(-2), granule(-0.5), granule(1, days=2))
    assert [(given.granule.granule_id[3:11], given.step) for given in found.entries] == [
        ("20140130", -2),
        ("20140131", 0),
        ("20140202", 1),
    ]


def test_a_neighbour_is_awaited_until_all_that_is_needed_of_it_is_there() -> None:
    entry = tb(sources=(source("tb", needs="19h 37h"),), window=steps(0, 1))
    own = [granule(0, part="19h"), granule(0, part="37h")]
    assert picked(entry, *own, granule(1, part="19h")).missing == ("tb (tb) of 20140202",)
    assert picked(entry, *own, granule(1, part="19h"), granule(1, part="37h")).complete


def test_a_season_is_not_awaited_day_by_day() -> None:
    found = picked(tb(window=season_to_date(9)), granule(-100), granule(0))
    assert found.complete
    assert [given.step for given in found.entries] == [-100, 0]


def test_at_least_so_many_granules_of_the_own_step_are_needed() -> None:
    entry = tb(at_least=2, window=steps(-1, 0))
    hours = [granule(number / 24, days=1 / 24) for number in range(2)]
    assert picked(entry, hours[0], granule(-1)).missing == ("tb (tb): 1 of 2 granules",)
    assert picked(entry, *hours, granule(-1)).complete


def test_an_optional_input_is_awaited_and_never_needed() -> None:
    found = picked(tb(optional=True))
    assert (found.sufficient, found.complete, found.missing) == (True, False, ("tb (tb)",))
    assert picked(tb(optional=True, role="parameters")).complete


def test_a_product_reads_its_own_earlier_output_and_never_the_slot_itself() -> None:
    entry = Input(sources=(source("depth"),), role="own-output", window=steps(-1, 0))
    of = product({"tb": tb(), "before": entry})
    own, before = (granule(number, "depth", granule_id=slot(number, of).key, revision=1) for number in (0, -1))
    found = pick(of, slot(0, of), "before", recorded(own, before))
    assert found.complete
    assert [(given.granule, given.step) for given in found.entries] == [(before, -1)]
    assert not pick(of, slot(0, of), "before", recorded(own)).sufficient


def test_a_scene_is_made_of_its_own_granule_and_not_of_the_next_that_overlaps_it() -> None:
    of = product({"tb": tb(), "air": tb(sources=(source("air"),), role="companion")}, period=periods.granule())
    scene, following, air = granule(0, days=0.01), granule(0.009, days=0.01), granule(0, "air")
    (own,) = of.period.of_granule(scene.start, scene.end)
    mine = slot(0, product()).model_copy(update={"period": own.label, "start": own.start, "end": own.end})
    rows = recorded(scene, following, air)
    assert [given.granule for given in pick(of, mine, "tb", rows).entries] == [scene]
    assert [given.granule for given in pick(of, mine, "air", rows).entries] == [air]


def test_what_another_window_asked_for_does_not_disturb_the_quiet() -> None:
    rows = [Recorded(granule(0), FIRST + DAY), Recorded(granule(-5), FIRST + 9 * DAY)]
    of = product()
    assert pick(of, slot(0, of), "tb", rows).last_arrival == FIRST + DAY


@given(seed=st.randoms(use_true_random=False), count=st.integers(0, 12))
def test_the_order_of_rows_never_matters(seed: random.Random, count: int) -> None:
    known = [
        granule(
            seed.choice([-1, 0, 0, 1]),
            part=seed.choice(["19h", "37h", "91h"]),
            platform=seed.choice(["F17", "F18"]),
            content=seed.choice("ab"),
            published_at=FIRST + seed.choice([0, 1]) * HOUR,
        )
        for _ in range(count)
    ]
    of = product({"tb": tb(sources=(source("tb", needs="19h", wants="37h 91h"),), window=steps(-1, 1))})
    rows = [Recorded(each, FIRST) for each in known]
    expected = pick(of, slot(0, of), "tb", rows)
    seed.shuffle(rows)
    assert pick(of, slot(0, of), "tb", rows) == expected


def test_a_composite_answers_for_every_period_that_it_covers() -> None:
    composite = granule(-3, start=FIRST - timedelta(days=3), end=FIRST + timedelta(days=5))
    near, far = (picked(tb(window=steps(-reach, reach)), composite) for reach in (3, 6))
    assert (near.complete, near.missing) == (True, ())
    assert [entry.step for entry in near.entries] == [0]
    assert not far.complete
    assert len(far.missing) == 2 * 6 + 1 - 8


def test_variants_that_are_expected_are_awaited_and_not_needed() -> None:
    both = tb(variants_expected=("cold", "warm"))
    one = picked(both, granule(variant="warm"))
    assert (one.sufficient, one.complete, one.missing) == (True, False, ("tb (tb) variant cold",))
    assert picked(both, granule(variant="warm"), granule(variant="cold")).complete


def test_variants_are_not_expected_of_an_input_that_reads_one() -> None:
    with pytest.raises(ValueError, match="'cold' alone"):
        tb(variants_expected=("cold", "warm"), variant="cold")


def test_a_void_period_is_no_answer_where_the_latest_is_wanted() -> None:
    entry = tb(window=latest_before(300), role="reference")
    void = granule(-1, void="no winter")
    assert not picked(entry, void).sufficient
    assert ids(picked(entry, void, granule(-2))) == ["tb.20140130T000000"]
