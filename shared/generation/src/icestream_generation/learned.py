"""What fitted parameters were learned from, so that who looks at a product sees whether that was the real world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from icestream_core.product import Product

SIMULATED = "simulated"
HANDED_ON = "icestream_simulated"
"""Attribute of what is made: parameters behind it, its own and earlier ones, that the simulated world taught."""


def learned(product: Product, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return by input of parameters what its set was learned from: "data", "ledger" or "simulated"; "" where unsaid.

    inputs : as they were opened; None where there is no set
    """
    return {
        name: origin_of(inputs[name])
        for name, entry in product.inputs.items()
        if entry.role == "parameters" and inputs.get(name) is not None
    }


def inherited(inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parameters behind what was read that were learned from the simulated world."""
    return tuple(sorted({name for data in inputs.values() for name in handed_on(data)}))


def handed_on(data: Any) -> tuple[str, ...]:
    """Return the same of one opened granule or input; none where it says nothing."""
    return tuple(name for name in str(getattr(data, "attrs", {}).get(HANDED_ON, "")).split(", ") if name)


def origin_of(data: Any) -> str:
    """Return what an opened set says that it was learned from; "" where it does not."""
    try:
        said = json.loads(getattr(data, "attrs", {}).get("provenance", "{}"))
    except (TypeError, ValueError):
        return ""
    found = said.get("learned_from", "") if isinstance(said, dict) else ""
    return found if isinstance(found, str) else ""
