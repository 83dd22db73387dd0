"""The microwave families on RabbitMQ and PostgreSQL: from a day's granules, every product once, by real processes."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from icestream_core import naming
from icestream_core.plugins import load
from icestream_simulator.simulate import simulate
from icestream_simulator.truth import Truth
from parts.stream import stream
from plugins.stream import ALTAI, TILE
from plugins.stream import Stream as Simulated

DAY = date(2014, 2, 4)
FITTED = ("snow-depth-global", "freeze-thaw-three-river-source", "freeze-thaw-global-025")
PRODUCTS = (
    "cold-pass-tb",
    "snow-depth-china",
    "snow-depth-global",
    "snow-cover-hma",
    "snow-cover-probability",
    "snow-depth-tibet-005",
    "swe-tibet-005",
    "freeze-thaw-three-river-source",
    "freeze-thaw-global-025",
    "freeze-thaw-global-005",
    "melt-onset-high-asia",
    "melt-onset-high-asia-years",
    "melt-onset-quikscat",
    "melt-reference-greenland",
    "surface-melt-greenland",
)
"""Left out for their size: those of Antarctica, and the radar's of the Qinghai-Tibet corridor. The demonstration makes
them on the stream of one process (tests/cli/test_demo.py)."""
DELIVERED = {
    "snow-depth-global": 2,
    "swe-tibet-005": 1,
    "freeze-thaw-three-river-source": 1,
    "freeze-thaw-global-025": 1,
    "freeze-thaw-global-005": 1,
    "melt-onset-high-asia": 1,
    "melt-onset-high-asia-years": 1,
    "melt-onset-quikscat": 1,
    "surface-melt-greenland": 1,
}
"""Files that a dataset promises, of a slot."""


def write_granules(out: Path) -> None:
    """Write a cold pass of F17, the snow composites around it, two radar images, Greenland's mask, the fitted sets."""
    truth = Truth(3)
    simulate("nsidc-0032", DAY, DAY, out, truth=truth, platform="F17", passes=("D",))
    for collection in ("mod10a2", "myd10a2"):
        simulate(collection, DAY, DAY, out, truth=truth, tiles=(TILE,))
    for begin in (date(2007, 1, 20), date(2007, 3, 26)):
        simulate("quikscat", begin, begin, out, truth=truth, grid="ChJ", passes=("D",), box=ALTAI)
    simulate("ease-loci-mask", DAY, DAY, out, truth=truth, grid="NL")
    simulated = Simulated(out, load(), DAY)
    for name in FITTED:
        simulated.fitted(name)


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("rabbitmq-stream")
def test_every_product_of_the_microwave_families_is_made_once_on_rabbitmq_and_postgresql(
    tmp_path: Path, amqp_url: str, postgres_url: str
) -> None:
    granules = tmp_path / "granules"
    granules.mkdir()
    write_granules(granules)
    with stream(tmp_path, amqp_url, postgres_url, concurrency=2) as running:
        running.start("gatherer", "gatherer")
        running.start("worker", "worker", *(word for name in PRODUCTS for word in ("--product", name)))
        running.start("watcher", "watch", str(running.watched))
        running.wait_until_ready()
        for path in sorted(granules.iterdir()):
            shutil.move(path, running.watched / path.name)
        rows = running.wait_until_quiet(500, quiet_seconds=6, least_made=len(PRODUCTS))
        made = [row for row in rows if row.state == "made"]
        assert {row.slot.product for row in made} == set(PRODUCTS)
        assert {row.state for row in rows} == {"made"}, [(row.slot.key, row.state, row.reason) for row in rows]
        assert not running.ledger.letters()
        assert not running.ledger.granules(quarantined=True)
        for row in made:
            history = running.ledger.history(row.slot)
            hashes = [make["inputs_hash"] for make in history]
            assert len(set(hashes)) == len(hashes)
            shown = list((running.out / naming.dataset_path(row.slot)).iterdir())
            assert len(shown) > DELIVERED.get(row.slot.product, 0)
        computed = [
            line for line in running.log("slot answered") if line["status"] == "made" and not line.get("adopted")
        ]
        assert len(computed) == sum(len(running.ledger.history(row.slot)) for row in made)
        (bands,) = (running.out / "datasets" / "melt-onset-high-asia-years").rglob("*.tif")
        assert bands.name == "am.tif"
        assert set(running.stop().values()) == {0}
