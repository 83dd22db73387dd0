"""One catalogue that runs for all tests of a module: its world does not change under them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catalogue.world import World, day_of, serving

ARCTIC = (-180.0, 30.0, 180.0, 90.0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Cold-pass days, snow depths of them, one slot that waits, one that is dead and one that is void."""
    world = World(tmp_path_factory.mktemp("world"))
    world.register("cold-pass-tb", "snow-depth-china")
    for number in range(5):
        cold = day_of("cold-pass-tb", number, tile="nl", variant="cold")
        world.make(cold, [f"NSIDC0032.F17.{number}.19H", f"NSIDC0032.F17.{number}.37H"], bbox=ARCTIC)
        near = [
            day_of("cold-pass-tb", each, tile="nl", variant="cold").key
            for each in range(number, max(-1, number - 3), -1)
        ]
        world.make(day_of("snow-depth-china", number), near)
    world.wait_for(day_of("snow-depth-china", 5), "cold-pass-tb of 20140206")
    world.fail(day_of("snow-depth-china", 6))
    world.void(day_of("snow-depth-china", 7))
    yield world
    world.close()


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """Where the catalogue of the world answers; it took everything from the ledger."""
    with serving(world) as address:
        yield address
