"""What a file says of its variables: whether kelvins are steps, whether codes are the result or say how good it is."""

from __future__ import annotations

import numpy as np
import pytest

from icestream_core.plugins import load
from icestream_core.variable import Flags, Variable, Written
from icestream_generation.described import variable_attributes

PRODUCTS = load().products
LEVEL = Variable(unit="K", standard_name="brightness_temperature", long_name="level", valid=(50.0, 350.0))
EXCESS = Variable(unit="K", long_name="above that of winter", valid=(-300.0, 300.0))
SPREAD = Variable(unit="K", long_name="standard deviation of days", valid=(0.0, 300.0))
CLASSES = Flags(long_name="state of the ground", meanings={0: "thawed", 1: "frozen"}, fill=255)
REASONS = Flags(long_name="what the state rests on", meanings={0: "fitted", 1: "published"})


def described(*writes: Written) -> list[dict[str, object]]:
    together = {f"v{number}": written for number, written in enumerate(writes)}
    return [variable_attributes(written, together) for written in writes]


@pytest.mark.parametrize(("written", "meant"), [(LEVEL, "on_scale"), (EXCESS, "difference"), (SPREAD, "difference")])
def test_a_range_that_reaches_nought_kelvins_is_of_differences(written: Variable, meant: str) -> None:
    # Converted to degrees Celsius, a temperature loses 273.15 and a difference nothing.
    (found,) = described(written)
    assert found["units_metadata"] == f"temperature: {meant}"


def test_what_is_no_temperature_says_nothing_of_scales() -> None:
    (found,) = described(Variable(unit="m", long_name="depth", valid=(0.0, 1.0)))
    assert found["units_metadata"] == ""


def test_codes_that_a_product_is_made_for_are_a_result_and_no_quality_of_another() -> None:
    state, index, reasons = described(CLASSES, EXCESS, REASONS)
    assert (state["standard_name"], state["coverage_content_type"]) == ("", "thematicClassification")
    assert (reasons["standard_name"], reasons["coverage_content_type"]) == ("status_flag", "qualityInformation")
    assert state["ancillary_variables"] == index["ancillary_variables"] == "v2"
    assert reasons["ancillary_variables"] == ""


def test_codes_beside_a_quantity_say_how_good_it_is() -> None:
    depth, reasons = described(LEVEL, REASONS)
    assert depth["ancillary_variables"] == "v1"
    assert reasons["standard_name"] == "status_flag"
    np.testing.assert_array_equal(np.asarray(reasons["flag_values"]), [0, 1])


@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_the_kelvins_of_every_product_are_what_they_say(name: str) -> None:
    writes = PRODUCTS[name].writes
    kelvins = [each for each in writes.values() if isinstance(each, Variable) and each.unit == "K"]
    for written in kelvins:
        meant = "on_scale" if written.standard_name.endswith("temperature") else "difference"
        assert variable_attributes(written, writes)["units_metadata"] == f"temperature: {meant}", written.long_name
