"""The contract of products, kept by every product that is installed, on granules simulated in their real formats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from core.specimens import granule, slot_of
from icestream_core.gather import gather
from icestream_core.pick import Recorded, pick
from icestream_core.plugins import load
from icestream_core.slot import Slot
from icestream_generation.product_contract import Case, Made, ProductContract
from plugins.lacking import blanked, computed, flags, gathered_of, known, observed, optical
from plugins.stream import RECIPES, Stream

PLUGINS = load()
MICROWAVE = sorted(
    name
    for name, product in PLUGINS.products.items()
    if product.family in ("foundation", "snow-depth", "freeze-thaw", "surface-melt") and name in RECIPES
)
SHARED = (11, 41)
"""Rows and columns of fine cells round one that lie in its coarse cell, near the pole too."""
CHANNELS = ("tb_19h", "tb_19v", "tb_22v", "tb_37h", "tb_37v", "tb_91h", "tb_91v")


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return Stream(tmp_path_factory.mktemp("stream"), PLUGINS, date(2014, 2, 4))


@pytest.fixture(scope="module")
def made_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Made]:
    """Make each case once."""
    kept: dict[str, Made] = {}

    def once(case: Case) -> Made:
        name = case.product.name
        if name not in kept:
            kept[name] = Made.of(case, tmp_path_factory.mktemp("made") / name)
        return kept[name]

    return once


@pytest.mark.xdist_group("contract of products")
@pytest.mark.parametrize("name", sorted(PLUGINS.products))
class TestEveryInstalledProduct(ProductContract):
    @pytest.fixture
    def case(self, stream: Stream, name: str) -> Case:
        assert name in RECIPES, f"product {name} is installed and no recipe in stream.py says what to make it of"
        return stream.case(name)

    @pytest.fixture
    def made(self, case: Case, made_of: Callable[[Case], Made]) -> Made:
        return made_of(case)


def test_every_recipe_is_of_an_installed_product() -> None:
    assert RECIPES.keys() <= PLUGINS.products.keys()


def test_no_recipe_lacks_what_its_product_cannot_be_made_without() -> None:
    for name, recipe in RECIPES.items():
        inputs = PLUGINS.products[name].inputs
        assert {entry for entry, given in inputs.items() if not given.optional} <= recipe.keys() <= inputs.keys()


@pytest.mark.xdist_group("contract of products")
@pytest.mark.parametrize("name", MICROWAVE)
class TestWhatAMicrowaveProductLacks:
    """It is void, missing or flagged: never filled in silence."""

    @pytest.fixture
    def case(self, stream: Stream, name: str) -> Case:
        return stream.case(name)

    def test_where_nothing_was_seen_it_is_void_or_knows_nothing(self, case: Case) -> None:
        gathered, chief = gathered_of(case), observed(case)
        inputs = case.product.inputs
        # Where no input alone is needed, each of them is something that was seen.
        seen = [each for each in inputs if inputs[each].triggers] if inputs[chief].optional else [chief]
        for each in seen:
            if gathered.inputs[each] is not None:
                gathered = blanked(gathered, each, [str(name) for name in gathered.inputs[each].data_vars])
        found = computed(case, gathered)
        if found is not None:
            assert {each: int(where.sum()) for each, where in known(case, found).items()} == dict.fromkeys(
                known(case, found), 0
            )

    def test_without_a_channel_it_knows_no_more_than_it_did_or_says_so(self, case: Case) -> None:
        gathered, chief = gathered_of(case), observed(case)
        whole = computed(case, gathered)
        for channel in set(CHANNELS) & set(gathered.inputs[chief].data_vars):
            found = computed(case, blanked(gathered, chief, [channel]))
            if found is None or whole is None:
                continue
            said = any((flags(case, found)[each] != told).any() for each, told in flags(case, whole).items())
            for each, where in known(case, found).items():
                new = where & ~known(case, whole)[each]
                changed = where & known(case, whole)[each] & (found[each] != whole[each])
                assert said or not (new.any() or changed.any()), (channel, each)

    def test_under_cloud_and_in_the_polar_night_it_says_cell_by_cell_what_it_did_without(self, case: Case) -> None:
        gathered = gathered_of(case)
        whole = computed(case, gathered)
        assert whole is not None
        for name in optical(case):
            blind = blanked(gathered, name, [str(each) for each in gathered.inputs[name].data_vars])
            found = computed(case, blind)
            if found is None:
                continue
            told = [flags(case, found)[each] != before for each, before in flags(case, whole).items()]
            # What a cell has lost, those that share its coarse cell have gained: 25 km at the most.
            # Where there is no flag, what was not seen must be missing, and nothing else may change.
            said = maximum_filter(np.any(told, axis=0), SHARED) if told else np.False_
            for each, where in known(case, found).items():
                before = known(case, whole)[each]
                assert not (where & ~before & ~said).any(), f"{each} came from nowhere without {name}"
                changed = where & before & (found[each] != whole[each])
                assert not (changed & ~said).any(), f"{each} changed without {name}, and its flags did not"

    def test_what_never_came_is_done_without_after_patience_and_quiet_and_named(self, case: Case) -> None:
        awaited = {
            name: entry
            for name, entry in case.product.inputs.items()
            if entry.optional and not entry.timeless and name in case.task.inputs
        }
        rows = [
            Recorded(given.granule, given.granule.received_at)
            for name, entries in case.task.inputs.items()
            if name not in awaited
            for given in entries
            if not given.granule.collection.startswith("library-")
        ]
        there = {each.granule.granule_id for each in rows}
        awaited = {
            name: entry
            for name, entry in awaited.items()
            if not there & {given.granule.granule_id for given in case.task.inputs[name]}
        }
        late = case.task.slot.end + timedelta(days=400)
        decision = gather(case.product, case.task.slot, rows, late, timedelta(minutes=10), None)
        assert decision.action == "make"
        assert awaited.keys() <= {word.split(" ")[0] for word in decision.missing}
        assert not awaited.keys() & decision.inputs.keys()


@pytest.mark.xdist_group("contract of products")
def test_every_input_that_cloud_or_night_can_blind_is_tried(stream: Stream) -> None:
    tried = {(name, entry) for name in MICROWAVE for entry in optical(stream.case(name))}
    assert tried >= {
        ("snow-depth-tibet-005", "probability"),
        ("snow-depth-tibet-005", "cover"),
        ("swe-tibet-005", "cover"),
        ("freeze-thaw-global-005", "lst"),
        ("surface-melt-greenland", "albedo"),
        ("surface-melt-antarctica", "albedo"),
        ("frost-indicators-qtec", "lst"),
    }


def of_two_sensors(name: str) -> tuple[Slot, list[Recorded]]:
    """Return a slot, and what two platforms of different sensors saw within it."""
    product = PLUGINS.products[name]
    interval = product.period.containing(datetime(2014, 2, 1, tzinfo=UTC))
    tiles = [tile for each in product.inputs["tb"].sources if each.collection == "cold-pass-tb" for tile in each.tiles]
    assert interval is not None
    seen = [
        granule(
            0, "cold-pass-tb", start=interval.start + timedelta(days=day), platform=platform, sensor=sensor, tile=tile,
            variant=variant,
        )
        for platform, sensor, tile in (("F17", "ssmis", tiles[0]), ("GW1", "amsr2", tiles[-1]))
        for variant in ("cold", "warm")
        for day in range(2)
    ]  # fmt: skip
    slot = slot_of(interval, product, variant="cold" if product.variants else "")
    return slot, [Recorded(each, each.received_at) for each in seen]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in MICROWAVE
        if any(
            each.collection == "cold-pass-tb"
            for each in getattr(PLUGINS.products[name].inputs.get("tb"), "sources", ())
        )
    ],
)
def test_two_sensors_are_never_mixed_in_one_slot(name: str) -> None:
    slot, rows = of_two_sensors(name)
    found = pick(PLUGINS.products[name], slot, "tb", rows)
    assert found.entries
    assert len({(given.granule.platform, given.granule.sensor) for given in found.entries}) == 1
