"""Letters: messages that nobody can read or use are kept in the ledger, said and counted, and the stream goes on."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from icestream_runtime.ledger.contract import Ledger
from icestream_runtime.metrics import UNREADABLE, Metrics


class Letters:
    """Keeps letters. Safe to use from several threads."""

    def __init__(self, ledger: Ledger, metrics: Metrics) -> None:
        self._ledger, self._metrics = ledger, metrics
        self._log = structlog.stdlib.get_logger("icestream.gatherer")

    def keep(self, queue: str, reason: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Keep a message with the reason why nobody can read it; raises LedgerError where the ledger is away."""
        if not self._ledger.keep_letter(queue, reason, body, headers):
            # Said and counted already: what it came with is tried again, every two seconds while something is away.
            return
        self._metrics.count(UNREADABLE, queue=queue)
        self._log.error("message cannot be read", queue=queue, reason=reason[:500])
