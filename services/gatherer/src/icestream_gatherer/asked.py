"""What somebody asked of a slot: made out of the way of new passes, or made again by a newer version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from icestream_core.gather import Decision, gather
from icestream_core.pick import Recorded
from icestream_core.product import Product
from icestream_core.task import inputs_hash
from icestream_runtime.ledger.contract import SlotRow


def gather_as_asked(
    product: Product, row: SlotRow, rows: Sequence[Recorded], now: datetime, settle: timedelta, level: int
) -> Decision:
    """Decide for a slot, and do what was asked of it.

    To be made again by a newer version, the very same inputs are wanted under another identity: the directory of the
    older version stays what it is, and is not adopted.
    """
    again = row.asked == "again"
    decision = gather(product, row.slot, rows, now, settle, None if again else row.made, level)
    if not row.asked:
        return decision
    decision = decision._replace(mode="reprocessing")
    if not again or decision.action != "make":
        return decision
    identity = inputs_hash(decision.inputs, {**product.options, "version": product.version})
    done = row.made is not None and row.made.inputs_hash == identity
    return decision._replace(inputs_hash=identity, action="nothing" if done else "make")
