"""The whole contract between icestream and a plugin. Entry-point group `icestream`; see docs/add-a-product.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from datetime import datetime

    from icestream_core.collection import Collection
    from icestream_core.granule import Granule
    from icestream_core.outcome import Outcome
    from icestream_core.product import Product
    from icestream_core.slot import Slot

GROUP = "icestream"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def icestream_products() -> Sequence[Product]:  # type: ignore[empty-body]
    """Return the products of this plugin."""


@hookspec
def icestream_collections() -> Sequence[Collection]:  # type: ignore[empty-body]
    """Return the collections that this plugin reads."""


@hookspec
def granule_received(granule: Granule, new: bool) -> None:
    """A granule was recorded; `new` is False for one that was known already."""


@hookspec
def slot_waiting(slot: Slot, waiting_for: tuple[str, ...], due_at: datetime | None) -> None:
    """A slot was looked at and waits, for what and until when."""


@hookspec
def product_made(slot: Slot, outcome: Outcome, revision: int, announcement: Granule | None) -> None:
    """A slot's outcome, made or void, was finalised; the announcement has been confirmed where there is one."""


@hookspec
def product_failed(slot: Slot, outcome: Outcome, attempts: int, dead: bool) -> None:
    """A slot's outcome, failed, was counted; `dead` where it will not be tried again unasked."""
