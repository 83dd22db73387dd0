"""Whatever the order of arrival, the same granules give the same products, and no more makes than there must be."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from core.life import Life
from core.specimens import DAY, FIRST, granule, product, tb
from icestream_core.granule import Granule
from icestream_core.inputs import source
from icestream_core.product import Product
from icestream_core.window import season_to_date, steps

DAYS = 6
QUIET = FIRST + 3000 * DAY

CHAIN = [
    product(
        {
            "tb": tb(
                sources=(source("new", needs="19h 37h", wants="91h"), source("old", needs="18h")),
                window=steps(-1, 1),
                patience=2 * DAY,
            )
        },
        name="cold",
        tiled=True,
    ),
    product({"cold": tb(sources=(source("cold"),), tile="all", window=steps(-1, 1), revise="closing")}, name="depth"),
    product(
        {
            "depth": tb(sources=(source("depth"),)),
            "season": tb(sources=(source("depth"),), window=season_to_date(9), opens=False),
            "cover": tb(sources=(source("cover"),), opens=False, optional=True, patience=5 * DAY),
        },
        name="fine",
    ),
]


def observations(chance: random.Random) -> list[Granule]:
    """Return a week of two sensors, with gaps, voids, corrections and a third input that comes now and then."""
    found = []
    for number in range(DAYS):
        for tile in ("ml", "nl"):
            if chance.random() < 0.15:
                found.append(granule(number, "old", part="18h", tile=tile, granule_id=f"v{number}{tile}", void="night"))
            for collection, part in (("new", "19h"), ("new", "37h"), ("new", "91h"), ("old", "18h")):
                if chance.random() < 0.85:
                    first = granule(
                        number, collection, part=part, tile=tile, platform=chance.choice(["F17", "F17", "F18"])
                    )
                    found.append(first)
                    if chance.random() < 0.2:
                        corrected = {"published_at": first.published_at + chance.random() * DAY, "checksum": "md5:0a"}
                        found.append(first.model_copy(update=corrected))
        if chance.random() < 0.5:
            found.append(granule(number, "cover"))
    return found


def play(granules: list[Granule], chance: random.Random, spread: timedelta, *, live: bool) -> Life:
    """Let granules arrive, some of them twice: about their own days, or all of them years later."""
    life = Life(*CHAIN)
    for each in granules:
        for _ in range(1 + (chance.random() < 0.2)):
            begin = each.end if live else FIRST + 1000 * DAY
            life.arrive(begin + chance.random() * spread, each)
    return life.until(QUIET)


def final_entries(life: Life) -> dict[str, frozenset[tuple[str, str, int]]]:
    """Return what each slot was made from: names and steps; checksums of products follow from their inputs."""
    return {
        key: frozenset((name, granule_id, step) for name, granule_id, _, step in state.made.entries)
        for key, state in life.slots.items()
        if state.made
    }


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("live", "spread"),
    [(True, 4 * DAY), (False, timedelta(minutes=30)), (False, 20 * DAY)],
    ids=["live", "a-quick-backfill", "a-slow-backfill"],
)
def test_every_slot_ends_with_what_it_wants_in_whatever_order_that_came(
    seed: int, live: bool, spread: timedelta
) -> None:
    granules = observations(random.Random(seed))
    lives = [play(granules, random.Random(f"{seed} {order}"), spread, live=live) for order in range(2)]
    for life in lives:
        assert all(state.due_at is None and state.tasked is None for state in life.slots.values())
        for state in life.slots.values():
            if state.made and not state.void:
                assert state.made.entries == life.wanted(state), state.slot.key
                assert state.made.stage == "final", state.slot.key
    assert final_entries(lives[0]) == final_entries(lives[1])
    one, other = ({key: state.void for key, state in life.slots.items()} for life in lives)
    assert one == other


@pytest.mark.parametrize("seed", range(3))
def test_a_quick_backfill_makes_each_slot_about_once(seed: int) -> None:
    granules = observations(random.Random(seed))
    life = play(granules, random.Random(seed), timedelta(minutes=30), live=False)
    of = {
        name: [len(state.makes) for state in life.slots.values() if state.slot.product == name]
        for name in life.products
    }
    assert max(of["cold"]) <= 2
    assert max(of["depth"]) <= 3
    assert sum(of["cold"]) <= 1.3 * len(of["cold"])


@pytest.mark.parametrize("seed", range(3))
def test_makes_are_bounded_by_what_arrives(seed: int) -> None:
    granules = observations(random.Random(seed))
    life = play(granules, random.Random(seed), 4 * DAY, live=True)
    for state in life.slots.values():
        # Each make has inputs that differ from those of the one before.
        assert all(one.entries != other.entries for one, other in zip(state.makes, state.makes[1:], strict=False))
    made = sum(len(state.makes) for state in life.slots.values() if state.slot.product == "cold")
    assert made <= 3 * len(granules)


def test_products_of_the_chain_are_products() -> None:
    assert all(isinstance(each, Product) for each in CHAIN)
