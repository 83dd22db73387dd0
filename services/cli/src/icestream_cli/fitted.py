"""Which products have been fitted: what the ledger knows of the sets of parameters that they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from icestream_cli.given import open_ledger

if TYPE_CHECKING:
    from icestream_core.granule import Granule
    from icestream_core.product import Product
    from icestream_runtime.settings import Settings

Sets = Mapping[str, "Granule"]


def fitted_sets(settings: Settings, products: Iterable[Product]) -> Sets | None:
    """Return the set that holds of each collection of parameters; None where no ledger can be asked."""
    from icestream_core.errors import LedgerError

    wanted = {
        source.collection for product in products for _, entry in _parameters(product) for source in entry.sources
    }
    if not wanted:
        return {}
    try:
        with closing(open_ledger(settings)) as ledger:
            known = {name: [each for each, _ in ledger.granules(collection=name, quarantined=False)] for name in wanted}
    except LedgerError:
        return None
    return {name: max(sets, key=lambda granule: granule.order) for name, sets in known.items() if sets}


def parameters_of(
    product: Product, sets: Sets | None, origin: Callable[[Granule], str] | None = None
) -> list[dict[str, Any]]:
    """Return each input of parameters of a product as plain data.

    set : the granule that is used now; None where there is none, or no ledger could be asked
    learned_from : what that was learned from, where `origin` tells it
    """
    found = [
        {
            "input": name,
            "collections": [source.collection for source in entry.sources],
            "optional": entry.optional,
            "ledger": sets is not None,
            "set": next((sets[s.collection].granule_id for s in entry.sources if s.collection in sets), None)
            if sets
            else None,
            "command": f"icestream fit {product.name}",
        }
        for name, entry in _parameters(product)
    ]
    if origin is not None and sets:
        by_id = {granule.granule_id: granule for granule in sets.values()}
        found = [each | ({"learned_from": origin(by_id[each["set"]])} if each["set"] else {}) for each in found]
    return found


def told(parameters: Mapping[str, Any]) -> str:
    """Return one of `parameters_of` in words."""
    if parameters["set"]:
        said = f"fitted: {parameters['set']}"
        return f"{said}, learned from {parameters['learned_from']}" if "learned_from" in parameters else said
    unfitted = "unfitted" if parameters["ledger"] else "unfitted as far as known here (no ledger)"
    waits = "" if parameters["optional"] else ", its slots wait"
    return f"{unfitted}{waits}: {parameters['command']}"


def _parameters(product: Product) -> list[tuple[str, Any]]:
    return [(name, entry) for name, entry in product.inputs.items() if entry.role == "parameters"]
