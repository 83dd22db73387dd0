"""The ledger: the durable record. `contract` says what it promises, `open_ledger` gives one."""

from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.ledger.opening import open_ledger

__all__ = ["Ledger", "open_ledger"]
