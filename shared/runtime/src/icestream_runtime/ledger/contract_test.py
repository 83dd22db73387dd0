"""What every ledger must keep, as tests: subclass `LedgerContract` and give it a fixture `ledger`, new and empty."""

from __future__ import annotations

from icestream_runtime.ledger.contract_asking import AskingContract
from icestream_runtime.ledger.contract_finalising import AnnouncingContract, FailingContract, FinalisingContract
from icestream_runtime.ledger.contract_forgetting import ForgettingContract
from icestream_runtime.ledger.contract_gathering import LookingContract, RecordingContract, TouchingContract


class LedgerContract(
    RecordingContract,
    TouchingContract,
    LookingContract,
    FinalisingContract,
    FailingContract,
    AnnouncingContract,
    AskingContract,
    ForgettingContract,
):
    """All of it."""
