"""When a slot is made, waits, is made again, or is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.life import Life, steps_of
from core.specimens import DAY, FIRST, HOUR, SETTLE, granule, product, recorded, slot, tb
from icestream_core import period as periods
from icestream_core.gather import Decision, gather
from icestream_core.granule import Granule
from icestream_core.inputs import Input, source
from icestream_core.product import Product
from icestream_core.window import same_season, season_to_date, steps

MINUTE = timedelta(minutes=1)
LONG_AFTER = FIRST + 400 * DAY


def decide(of: Product, *granules: Granule, now: datetime, arrived: datetime | None = None) -> Decision:
    """Return what happens with the slot of the first of February 2014."""
    return gather(of, slot(0, of), recorded(*granules, at=arrived or now), now, SETTLE)


def test_what_is_complete_is_made_at_once_and_finally() -> None:
    decision = decide(product(), granule(), now=FIRST + DAY + MINUTE)
    assert (decision.action, decision.stage, decision.due_at, decision.waiting_for) == ("make", "final", None, ())


PARTS = product({"tb": tb(sources=(source("tb", needs="19h 37h", wants="91h"),))})


def test_what_lacks_a_needed_part_waits_until_patience_ends() -> None:
    decision = decide(PARTS, granule(part="19h"), now=FIRST + DAY + HOUR)
    assert (decision.action, decision.due_at) == ("wait", FIRST + DAY + 12 * HOUR)
    assert decision.waiting_for == ("tb (tb) part 37h", "tb (tb) part 91h")


def test_what_was_closed_without_a_needed_part_is_hopeless_and_says_why() -> None:
    decision = decide(PARTS, granule(part="19h"), now=FIRST + 2 * DAY, arrived=FIRST + DAY)
    assert (decision.action, decision.due_at) == ("hopeless", None)
    assert decision.reason == "closed without tb (tb) part 37h; tb (tb) part 91h"


def test_a_product_may_call_what_never_came_void() -> None:
    of = product({"tb": tb()}, when_short="void")
    assert decide(of, now=FIRST + 2 * DAY).action == "void"


def test_what_lacks_a_wanted_part_is_made_provisionally_when_the_stream_is_quiet() -> None:
    parts = [granule(part="19h"), granule(part="37h")]
    arrived = FIRST + DAY + HOUR
    waiting = decide(PARTS, *parts, now=arrived + MINUTE, arrived=arrived)
    assert (waiting.action, waiting.due_at) == ("wait", arrived + SETTLE)
    early = decide(PARTS, *parts, now=arrived + SETTLE, arrived=arrived)
    assert (early.action, early.stage, early.due_at) == ("make", "provisional", FIRST + DAY + 12 * HOUR)
    assert early.missing == ("tb (tb) part 91h",)


def test_what_lacks_a_wanted_part_is_final_when_patience_has_ended() -> None:
    decision = decide(PARTS, granule(part="19h"), granule(part="37h"), now=FIRST + 2 * DAY, arrived=FIRST + DAY)
    assert (decision.action, decision.stage, decision.missing) == ("make", "final", ("tb (tb) part 91h",))


def test_patience_ends_no_earlier_than_the_stream_is_quiet() -> None:
    last = FIRST + DAY + 12 * HOUR - MINUTE
    decision = decide(PARTS, granule(part="19h"), granule(part="37h"), now=last + 2 * MINUTE, arrived=last)
    assert (decision.action, decision.due_at) == ("wait", last + SETTLE)


def test_an_input_may_have_a_settle_of_its_own() -> None:
    of = product({"tb": tb(tile="all", settle=HOUR)})
    decision = decide(of, granule(tile="a"), now=FIRST + 9 * DAY + MINUTE, arrived=FIRST + 9 * DAY)
    assert decision.due_at == FIRST + 9 * DAY + HOUR


def test_in_a_backfill_a_product_of_products_waits_longer_than_those_before_it() -> None:
    of = product({"tb": tb(tile="all")})
    rows, arrived = recorded(granule(tile="a"), at=LONG_AFTER), LONG_AFTER
    backfill = gather(of, slot(0, of), rows, arrived + MINUTE, SETTLE, level=3)
    assert (backfill.action, backfill.due_at) == ("wait", arrived + 3 * SETTLE)
    soon = FIRST + DAY + MINUTE
    live = gather(of, slot(0, of), recorded(granule(tile="a"), at=soon), soon, SETTLE, level=3)
    assert (live.action, live.due_at) == ("wait", soon + SETTLE)


WINDOW = product({"tb": tb(window=steps(-2, 2), patience=3 * DAY)})


def test_a_slot_with_its_own_day_and_no_neighbours_is_made_provisionally_at_once() -> None:
    decision = decide(WINDOW, granule(), now=FIRST + DAY + HOUR)
    assert (decision.action, decision.stage, decision.due_at) == ("make", "provisional", FIRST + 4 * DAY)


def test_a_stream_in_real_time_makes_a_provisional_and_a_final_revision() -> None:
    life = Life(product({"tb": tb(window=steps(-2, 2), patience=3 * DAY, revise="closing")}))
    for number in range(10):
        life.arrive(FIRST + (number + 1) * DAY + HOUR, granule(number))
    life.until(LONG_AFTER)
    state = life.state("20140205")
    assert [(made.stage, steps_of(made)) for made in state.makes] == [
        ("provisional", [-2, -1, 0]),
        ("final", [-2, -1, 0, 1, 2]),
    ]


def test_each_later_arrival_revises_where_the_record_says_so() -> None:
    life = Life(WINDOW)
    for number in range(10):
        life.arrive(FIRST + (number + 1) * DAY + HOUR, granule(number))
    life.until(LONG_AFTER)
    assert [steps_of(made) for made in life.state("20140205").makes] == [
        [-2, -1, 0],
        [-2, -1, 0, 1],
        [-2, -1, 0, 1, 2],
    ]


def test_a_neighbour_that_never_comes_ends_in_a_promotion_without_a_second_make() -> None:
    life = Life(WINDOW).arrive(FIRST + DAY, granule(0)).until(LONG_AFTER)
    state = life.state("20140201")
    assert len(state.makes) == 1
    assert state.made is not None
    assert (state.makes[0].stage, state.made.stage) == ("provisional", "final")


def test_a_backfill_does_not_close_each_slot_at_its_first_file() -> None:
    parts = [(number, part) for number in range(20) for part in ("19h", "37h", "91h")]
    life = Life(PARTS)
    for place, (number, part) in enumerate(parts):
        life.arrive(LONG_AFTER + place * MINUTE, granule(number, part=part))
    life.until(LONG_AFTER + 10 * DAY)
    assert len(life.slots) == 20
    assert all([len(made.entries) for made in state.makes] == [3] for state in life.slots.values())


@pytest.mark.parametrize("order", [1, -1])
def test_a_backfill_with_a_window_is_no_storm_of_revisions(order: int) -> None:
    life = Life(WINDOW)
    for place, number in enumerate(range(30)[::order]):
        life.arrive(LONG_AFTER + place * MINUTE, granule(number))
    life.until(LONG_AFTER + 10 * DAY)
    assert [len(state.makes) for state in life.slots.values()] == [1] * 30
    assert all(state.made and state.made.stage == "final" for state in life.slots.values())


def test_a_burst_of_corrections_is_one_revision() -> None:
    life = Life(product()).arrive(FIRST + DAY, granule(content="0"))
    for number in range(1, 9):
        life.arrive(FIRST + 2 * DAY + number * MINUTE, granule(content=str(number), published_at=FIRST + number * HOUR))
    state = life.until(LONG_AFTER).state("20140201")
    assert len(state.makes) == 2
    assert state.made is not None
    assert state.made.entries == life.wanted(state)


def test_the_same_granule_again_changes_nothing() -> None:
    life = Life(product())
    for number in range(5):
        life.arrive(FIRST + (number + 1) * DAY, granule())
    assert len(life.until(LONG_AFTER).state("20140201").makes) == 1


def test_what_arrives_while_a_slot_is_being_made_is_not_forgotten() -> None:
    life = Life(product(), takes=HOUR)
    life.arrive(FIRST + DAY, granule(content="a"))
    life.arrive(FIRST + DAY + MINUTE, granule(content="b", published_at=FIRST + HOUR))
    state = life.until(LONG_AFTER).state("20140201")
    assert [len(made.entries) for made in state.makes] == [1, 1]
    assert state.made is not None
    assert state.made.entries == life.wanted(state)


WITH_COMPANION = product({"tb": tb(), "air": tb(sources=(source("air"),), role="companion")})


def test_a_companion_is_awaited_and_does_not_open_a_slot() -> None:
    life = Life(WITH_COMPANION).arrive(FIRST + DAY, granule(1, "air"), granule()).until(FIRST + 2 * DAY)
    assert list(life.slots) == ["depth.20140201"]
    assert life.state("20140201").makes == []
    life.arrive(FIRST + 2 * DAY, granule(0, "air")).until(FIRST + 2 * DAY + HOUR)
    assert len(life.state("20140201").makes) == 1


def test_a_companion_that_is_corrected_does_not_make_a_final_slot_again() -> None:
    life = Life(WITH_COMPANION).arrive(FIRST + DAY, granule(), granule(0, "air"))
    life.arrive(FIRST + 2 * DAY, granule(0, "air", content="corrected", published_at=FIRST + HOUR))
    assert len(life.until(LONG_AFTER).state("20140201").makes) == 1


def test_a_trigger_that_is_corrected_takes_up_the_companion_of_now() -> None:
    life = Life(WITH_COMPANION).arrive(FIRST + DAY, granule(), granule(0, "air"))
    life.arrive(FIRST + 2 * DAY, granule(0, "air", content="corrected", published_at=FIRST + HOUR))
    life.arrive(FIRST + 3 * DAY, granule(content="corrected", published_at=FIRST + HOUR))
    state = life.until(LONG_AFTER).state("20140201")
    assert len(state.makes) == 2
    assert state.made is not None
    assert state.made.entries == life.wanted(state)


def test_a_slot_without_its_needed_companion_is_hopeless_and_made_when_it_comes_after_all() -> None:
    life = Life(WITH_COMPANION).arrive(FIRST + DAY, granule()).until(FIRST + 5 * DAY)
    assert life.state("20140201").hopeless == "closed without air (air)"
    life.arrive(FIRST + 5 * DAY, granule(0, "air")).until(FIRST + 6 * DAY)
    assert len(life.state("20140201").makes) == 1
    assert life.state("20140201").hopeless == ""


UNFITTED = product({"tb": tb(), "coefficients": tb(sources=(source("depth-coefficients"),), role="parameters")})
FITTED = granule(0, "depth-coefficients", start=periods.EPOCH, end=periods.END_OF_TIME)


def test_parameters_are_awaited_for_ever_with_the_command_that_fits_them() -> None:
    decision = decide(UNFITTED, granule(), now=LONG_AFTER, arrived=FIRST)
    assert (decision.action, decision.due_at) == ("wait", None)
    assert decision.waiting_for == ("coefficients (depth-coefficients): icestream fit depth",)


def test_slots_that_waited_for_parameters_are_made_when_they_come_and_not_again_when_newer_ones_do() -> None:
    life = Life(UNFITTED).arrive(FIRST + DAY, granule(), granule(1)).arrive(LONG_AFTER, FITTED)
    newer = granule(0, "depth-coefficients", start=periods.EPOCH + DAY, end=periods.END_OF_TIME)
    life.arrive(LONG_AFTER + DAY, newer).until(LONG_AFTER + 9 * DAY)
    assert [len(state.makes) for state in life.slots.values()] == [1, 1]


def test_a_missing_ancillary_is_awaited_by_its_name() -> None:
    of = product({"tb": tb(), "dem": tb(sources=(source("dem"),), role="ancillary")})
    assert decide(of, granule(), now=LONG_AFTER).waiting_for == ("dem (dem)",)


def test_an_optional_parameter_set_is_not_awaited() -> None:
    of = product({"tb": tb(), "dem": tb(sources=(source("dem"),), role="parameters", optional=True)})
    decision = decide(of, granule(), now=FIRST + DAY)
    assert (decision.action, decision.stage, decision.missing) == ("make", "final", ())


def test_an_input_that_is_void_makes_the_slot_void_with_its_reason() -> None:
    decision = decide(product(), granule(void="polar night"), now=FIRST + DAY)
    assert (decision.action, decision.reason) == ("void", "input tb is void: polar night")


def test_an_optional_input_that_is_void_is_done_without() -> None:
    of = product({"tb": tb(), "cover": tb(sources=(source("cover"),), optional=True)})
    decision = decide(of, granule(), granule(0, "cover", void="all cloud"), now=FIRST + DAY)
    assert (decision.action, decision.stage) == ("make", "final")
    assert list(decision.inputs) == ["tb"]


def test_a_void_slot_is_made_when_its_input_is() -> None:
    life = Life(product())
    life.arrive(FIRST + DAY, granule(granule_id="a", revision=1, void="polar night"))
    life.arrive(FIRST + 2 * DAY, granule(granule_id="a", revision=2))
    state = life.until(LONG_AFTER).state("20140201")
    assert (state.revision, state.void) == (2, "")


def test_a_slot_of_many_tiles_is_not_void_for_one_of_them() -> None:
    of = product({"tb": tb(tile="all")})
    early = decide(of, granule(tile="a", void="all cloud"), now=FIRST + DAY)
    assert (early.action, early.due_at) == ("wait", FIRST + DAY + 12 * HOUR)
    closed = decide(of, granule(tile="a", void="all cloud"), now=FIRST + 3 * DAY, arrived=FIRST + DAY)
    assert (closed.action, closed.reason) == ("void", "input tb is void: all cloud")
    other = decide(of, granule(tile="a", void="x"), granule(tile="b"), now=FIRST + 3 * DAY, arrived=FIRST + DAY)
    assert other.action == "make"


def test_what_is_made_of_something_provisional_is_provisional_until_that_is_final() -> None:
    early = granule(granule_id="a", revision=1, stage="provisional")
    life = Life(product()).arrive(FIRST + DAY, early).until(FIRST + 2 * DAY)
    state = life.state("20140201")
    assert state.made is not None
    assert state.made.stage == "provisional"
    assert state.last is not None
    assert state.last.waiting_for == ("tb: the final a",)
    life.arrive(FIRST + 3 * DAY, early.model_copy(update={"stage": "final"})).until(LONG_AFTER)
    assert (state.made.stage, len(state.makes)) == ("final", 1)


def test_a_month_that_goes_on_is_provisional_until_it_is_over() -> None:
    life = Life(product(period=periods.month()))
    for number in range(28):
        life.arrive(FIRST + (number + 1) * DAY, granule(number))
    life.until(FIRST + 20 * DAY)
    state = life.state("201402")
    assert state.made is not None
    assert state.made.stage == "provisional"
    life.until(LONG_AFTER)
    assert state.made.stage == "final"
    assert len(state.made.entries) == 28


def test_a_singleton_is_final_although_its_period_never_ends() -> None:
    decision = gather(of := product(period=periods.singleton()), slot(0, of), recorded(granule()), FIRST + DAY, SETTLE)
    assert (decision.action, decision.stage) == ("make", "final")


def test_a_late_winter_file_does_not_make_the_melt_days_again_where_it_is_a_companion() -> None:
    season = tb(window=season_to_date(9), role="companion", optional=True)
    life = Life(product({"tb": tb(), "season": season}))
    for number in range(30):
        if number != 3:
            life.arrive(FIRST + (number + 1) * DAY, granule(number))
    life.arrive(FIRST + 50 * DAY, granule(3)).until(LONG_AFTER)
    assert {len(state.makes) for state in life.slots.values()} == {1}


def test_a_revision_of_one_year_does_not_cascade_into_the_next() -> None:
    of = product({"tb": tb(window=same_season(2, 1))})
    life = Life(of)
    for year in range(3):
        life.arrive(FIRST + (365 * year + 1) * DAY, granule(365 * year))
    life.arrive(FIRST + 1200 * DAY, granule(0, content="corrected", published_at=FIRST + HOUR))
    life.until(FIRST + 2000 * DAY)
    assert [len(state.makes) for state in life.slots.values()] == [2, 1, 1]


def test_earlier_years_that_came_before_are_taken_up() -> None:
    life = Life(product({"tb": tb(window=same_season(2, 1))}))
    for year in range(3):
        life.arrive(FIRST + (365 * year + 1) * DAY, granule(365 * year))
    life.until(FIRST + 2000 * DAY)
    made = life.state("20160201").made
    assert steps_of(made) == [-2000, -1000, 0]


def test_another_product_without_its_trigger_waits_and_nothing_spins() -> None:
    of = product({"tb": tb(), "cover": tb(sources=(source("cover"),), opens=False, optional=True, patience=20 * DAY)})
    life = Life(of).arrive(FIRST + DAY, granule()).until(LONG_AFTER)
    state = life.state("20140201")
    assert (len(state.makes), state.due_at) == (1, None)
    assert state.made is not None
    assert state.made.stage == "final"


def test_a_task_of_backfilled_granules_alone_is_backfill() -> None:
    old = granule(mode="reprocessing")
    of = product({"tb": tb(window=steps(-1, 0))})
    assert decide(of, old, granule(-1), now=LONG_AFTER).mode == "reprocessing"
    assert decide(of, granule(), granule(-1, mode="reprocessing"), now=LONG_AFTER).mode == "forward"
    assert decide(of, now=LONG_AFTER).mode == "forward"


def test_new_options_alone_make_nothing_again() -> None:
    life = Life(product(options={"slope": 0.66})).arrive(FIRST + DAY, granule()).until(FIRST + 2 * DAY)
    made = life.state("20140201").made
    changed = product(options={"slope": 0.7}, version="2.0.0")
    decision = gather(changed, slot(0), recorded(granule()), FIRST + 3 * DAY, SETTLE, made)
    assert decision.action == "nothing"
    assert made is not None
    assert decision.inputs_hash != made.inputs_hash


def test_what_a_slot_is_made_of_changes_when_a_granule_is_quarantined() -> None:
    life = Life(product({"tb": tb(tile="all")})).arrive(FIRST + DAY, granule(tile="a"), granule(tile="b"))
    made = life.until(LONG_AFTER).state("20140201").made
    decision = gather(life.products["depth"], slot(0), recorded(granule(tile="a"), at=FIRST), LONG_AFTER, SETTLE, made)
    assert (decision.action, len(decision.inputs["tb"])) == ("make", 1)


def test_an_input_of_the_product_itself_does_not_make_it_go_round_for_ever() -> None:
    before = Input(sources=(source("depth"),), role="own-output", window=steps(-1, 0), optional=True, patience=HOUR)
    life = Life(product({"tb": tb(), "before": before}))
    for number in range(5):
        life.arrive(FIRST + (number + 1) * DAY, granule(number))
    life.until(LONG_AFTER)
    assert [len(state.makes) for state in life.slots.values()] == [1] * 5
    assert steps_of(life.state("20140203").made) == [-1, 0]
