"""The files of the page: nothing of theirs lies elsewhere, none makes HTML of text, and they know our words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from icestream_core.slot import SlotState

PAGE = Path(__file__).parents[2] / "services" / "catalogue" / "src" / "icestream_catalogue" / "page"


def test_the_page_loads_nothing_from_elsewhere_and_makes_no_html_of_text() -> None:
    for path in [*PAGE.rglob("*.js"), *PAGE.rglob("*.html"), *PAGE.rglob("*.css")]:
        content = path.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", content), (
            path
        )
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//(?!stacspec\.org)", content), path
        assert not re.search(r"<[^>]+ (?:style|on\w+)=", content), path
        assert not re.search(r"@import|url\(", content), path


def test_the_coastline_says_whose_it_is() -> None:
    assert "global-land-mask (MIT licence)" in (PAGE / "coast.json").read_text("utf-8")[:200]
    assert (PAGE / "coast.json").stat().st_size < 150_000


def test_the_timeline_shows_every_state_that_a_slot_may_be_in() -> None:
    table = re.search(r"const STATES = \{(.*?)\};", (PAGE / "js" / "timeline.js").read_text("utf-8"), re.DOTALL)
    assert table
    shown = set(re.findall(r"(\w+): \[", table[1]))
    assert shown == {*get_args(SlotState), "provisional", "late"}
    style = (PAGE / "style.css").read_text("utf-8")
    assert {state for state in shown - {"made"} if f"\n.slot.{state} {{" not in style} == set()
