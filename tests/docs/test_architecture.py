"""docs/architecture.md: its example is played, and its table of imports is what is imported."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta

import pytest

from docs.pages import ROOT, section, table
from icestream_core.gather import Made, gather
from icestream_core.granule import Asset, Granule
from icestream_core.pick import Recorded
from icestream_core.plugins import load
from icestream_core.slot import Slot
from icestream_runtime.settings import Settings

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
OWN_DAY = datetime(2014, 2, 1, tzinfo=UTC)
SETTLE = timedelta(seconds=Settings.model_fields["settle_seconds"].default)
FAMILIES = tuple(f"icestream_{folder.name.replace('-', '_')}" for folder in (ROOT / "plugins").iterdir())


def brightness(day: str, corrected: bool, at: datetime) -> Recorded:
    """Return the announcement of one day's cold pass."""
    start = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
    checksum = f"sha256:{'b' if corrected else 'a'}0"
    granule = Granule(
        granule_id=f"cold-pass-tb.{day}.nl.cold",
        checksum=checksum,
        collection="cold-pass-tb",
        sensor="ssmis",
        platform="F17",
        tile="nl",
        variant="cold",
        start=start,
        end=start + timedelta(days=1),
        assets=(Asset(href="tb.nc", size=1, checksum=checksum),),
        published_at=at,
        received_at=at,
        revision=2 if corrected else 1,
    )
    return Recorded(granule, at)


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def test_the_example_of_a_closing_slot_is_what_the_gatherer_decides() -> None:
    product = load().product("snow-depth-china")
    slot = Slot(product=product.name, period="20140201", start=OWN_DAY, end=OWN_DAY + timedelta(days=1))
    rows: list[Recorded] = []
    made: Made | None = None
    revision = 0
    for when, comes, told in table(section(PAGE, "When a slot closes")):
        now = moment(when)
        rows += [brightness(day, "again" in comes, now) for day in re.findall(r"`(\d{8})`", comes)]
        decision = gather(product, slot, rows, now, SETTLE, made)
        word = re.match(r"\*\*(\w+)\*\*", told)
        assert word, told
        assert (when, decision.action) == (when, word[1])
        if until := re.search(r"until (\d\d:\d\d)", told):
            assert decision.due_at == moment(f"{when[:10]} {until[1]}")
        if decision.action == "make":
            revision += 1
            assert f"{decision.stage}, revision {revision}" in told
            entries = frozenset(
                (name, entry.granule.granule_id, entry.granule.checksum, entry.step)
                for name, given in decision.inputs.items()
                for entry in given
            )
            made = Made(decision.inputs_hash, decision.stage, entries)
    assert revision == 3


def test_a_day_that_never_comes_holds_the_slot_up_as_long_as_the_page_says() -> None:
    product = load().product("snow-depth-china")
    slot = Slot(product=product.name, period="20140201", start=OWN_DAY, end=OWN_DAY + timedelta(days=1))
    days = ("20140129", "20140130", "20140131", "20140201", "20140202", "20140204")
    rows = [brightness(day, False, moment("2014-02-05 06:00")) for day in days]
    early = gather(product, slot, rows, moment("2014-02-05 11:59"), SETTLE)
    closed = gather(product, slot, rows, moment("2014-02-05 12:00"), SETTLE)
    assert (early.stage, closed.action, closed.stage) == ("provisional", "make", "final")
    assert any("20140203" in word for word in closed.missing)


def imported(package: str) -> set[str]:
    """Return the packages of ours that a package imports."""
    names: set[str] = set()
    for folder in ROOT.glob(f"*/*/src/{package}"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names |= {module.split(".")[0] for module in modules}
    return {name for name in names if name.startswith("icestream_")} - {package}


@pytest.mark.parametrize("row", table(section(PAGE, "Who may import whom")), ids=lambda row: row[0].split("`")[1])
def test_a_package_imports_no_more_than_the_table_says(row: list[str]) -> None:
    for package in re.findall(r"`(\w+)`", row[0]):
        found = imported(package)
        if row[2] == "all of these but families":
            assert found.isdisjoint(FAMILIES)
        else:
            assert found <= {f"icestream_{word}" for word in row[2].split(", ") if word}


def test_the_table_of_imports_lists_every_package() -> None:
    named = {name for row in table(section(PAGE, "Who may import whom")) for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {path.name for path in ROOT.glob("*/*/src/icestream_*")}
