"""Every line of the score card holds, and the card says so truly."""

from __future__ import annotations

import json

import pytest

from icestream_core.plugins import load
from scores import card
from scores.card import Check, checks, families, main, measured

CHECKS = checks()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.product}: {check.measure}")
def test_a_line_of_the_card_holds(check: Check) -> None:
    result = measured(check)
    assert result.holds, result


def test_every_line_is_of_an_installed_product_and_none_stands_twice() -> None:
    assert {check.product for check in CHECKS} <= load().products.keys()
    named = [(check.product, check.measure) for check in CHECKS]
    assert len(set(named)) == len(named)
    assert "foundation" in families()


@pytest.mark.parametrize(
    ("value", "holds_if", "holds"),
    [
        (0.9, "at most", True),
        (-0.9, "at most", True),
        (-1.1, "at most", False),
        (1.1, "at least", True),
        (0.9, "at least", False),
        (float("nan"), "at most", False),
        (float("nan"), "at least", False),
    ],
)
def test_a_value_is_judged_by_its_tolerance(value: float, holds_if: str, holds: bool) -> None:
    assert measured(Check("p", "m", "t", lambda: value, 1.0, holds_if=holds_if)).holds is holds


def test_one_line_that_fails_fails_the_card(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = (Check("snow", name, "by hand", lambda v=v: v, 1.0) for name, v in (("good", 0.5), ("bad", 2.0)))
    monkeypatch.setattr(card, "checks", lambda: [good, bad])
    assert main(["--json"]) == 1
    assert [line["holds"] for line in json.loads(capsys.readouterr().out)] == [True, False]
    monkeypatch.setattr(card, "checks", lambda: [good])
    assert main([]) == 0
    assert "1 of 1 hold" in capsys.readouterr().out
    assert main(["--product", "ice"]) == 2
