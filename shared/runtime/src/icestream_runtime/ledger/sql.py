"""The ledger in SQL. What each method does stands in the file that is named for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from icestream_core.granule import Granule
from icestream_core.outcome import Outcome
from icestream_core.slot import Slot, SlotState
from icestream_core.task import Task
from icestream_core.touch import Query, Touch
from icestream_runtime.ledger import announce, ask, gauges, given_up, intake, listing, prune
from icestream_runtime.ledger.contract import (
    Announceable,
    Asked,
    Decide,
    Finalised,
    SlotRow,
    Superseded,
    Version,
    Waiting,
)
from icestream_runtime.ledger.database import Database
from icestream_runtime.ledger.finalise import finalise
from icestream_runtime.ledger.look import look
from icestream_runtime.ledger.schema import granule, slot


class SqlLedger:
    """A ledger in SQLite or PostgreSQL; see `contract.Ledger` for what it promises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, record: Mapping[str, Any]) -> bool:
        return intake.register(self._database, record)

    def records(self) -> list[dict[str, Any]]:
        return listing.records(self._database)

    def record_granules(self, granules: Sequence[Granule], opening: Sequence[Slot] = ()) -> list[bool]:
        return intake.record_granules(self._database, granules, opening)

    def slots_touched(self, touches: Sequence[Touch]) -> list[Slot]:
        return intake.slots_touched(self._database, touches)

    def look(self, slots: Sequence[Slot], queries: Callable[[Slot], dict[str, Query]], decide: Decide) -> list[Task]:
        return look(self._database, slots, queries, decide)

    def task_published(self, tasks: Sequence[Task]) -> None:
        announce.task_published(self._database, tasks)

    def unpublished_tasks(self, older_than_seconds: float, limit: int = 100) -> list[Task]:
        return announce.unpublished_tasks(self._database, older_than_seconds, limit)

    def finalise(
        self, outcomes: Sequence[Outcome], max_attempts: int, backoff_seconds: Callable[[int], float]
    ) -> list[Finalised]:
        return finalise(self._database, outcomes, max_attempts, backoff_seconds)

    def to_announce(
        self, slots: Sequence[Slot] | None = None, older_than_seconds: float = 0.0, limit: int = 100
    ) -> list[Announceable]:
        return announce.to_announce(self._database, slots, older_than_seconds, limit)

    def announced(self, announced: Sequence[Announceable]) -> None:
        announce.announced(self._database, announced)

    def due(self, limit: int = 100) -> list[Slot]:
        return listing.due(self._database, limit)

    def slots(
        self,
        *,
        product: str | None = None,
        state: SlotState | None = None,
        reason: str = "",
        older_than_seconds: float | None = None,
        limit: int = 1000,
    ) -> list[SlotRow]:
        return listing.slots(
            self._database,
            product=product,
            state=state,
            reason=reason,
            older_than_seconds=older_than_seconds,
            limit=limit,
        )

    def slot(self, key: str) -> SlotRow | None:
        return next(iter(listing.slots(self._database, key=key)), None)

    def task(self, slot: Slot) -> Task | None:
        return listing.task(self._database, slot.key)

    def history(self, slot: Slot) -> list[dict[str, Any]]:
        return listing.history(self._database, slot.key)

    def ask(self, slots: Sequence[Slot], asked: Asked) -> int:
        return ask.ask(self._database, slots, asked)

    def under_way(self, product: str) -> int:
        return ask.under_way(self._database, product)

    def opened(self, slots: Sequence[Slot]) -> set[str]:
        return ask.opened(self._database, slots)

    def versions(self, product: str, between: tuple[datetime, datetime]) -> list[Version]:
        return ask.versions(self._database, product, between)

    def redrive(self, slots: Sequence[Slot]) -> int:
        given_up = slot.c.state.in_(("dead", "parked", "hopeless", "void"))
        with self._database.transaction() as connection:
            chosen = self._database.among(slot.c.key)
            locked = select(slot.c.key).where(chosen, given_up).order_by(slot.c.key).with_for_update()
            now = self._database.now(connection)
            statement = update(slot).where(slot.c.key.in_(locked), given_up)
            again = {"attempts": 0, "setbacks": 0, "failed_hash": "", "reason": "", "traceback": ""}
            redriven = slot.c.redriven | (slot.c.state == "void")
            return connection.execute(
                statement.values(state="waiting", due_at=now, updated_at=now, redriven=redriven, **again),
                self._database.these(each.key for each in slots),
            ).rowcount

    def park(self, slots: Sequence[Slot]) -> int:
        return given_up.park(self._database, slots)

    def drop_slots(self, slots: Sequence[Slot]) -> int:
        return given_up.drop_slots(self._database, slots)

    def drop_granules(self, keys: Sequence[tuple[str, str]]) -> int:
        return given_up.drop_granules(self._database, keys)

    def superseded(self, older_than_seconds: float, limit: int = 1000) -> list[Superseded]:
        return prune.superseded(self._database, older_than_seconds, limit)

    def forget_revision(self, old: Superseded, remove: Callable[[], object]) -> bool:
        return prune.forget_revision(self._database, old, remove)

    def results(self, product: str) -> dict[Slot, set[str]]:
        return prune.results(self._database, product)

    def forget_directory(self, slot: Slot, beginning: str, remove: Callable[[], object]) -> bool:
        return prune.forget_directory(self._database, slot, beginning, remove)

    def forget_granules(self, older_than_seconds: float, *, dry_run: bool) -> int:
        return prune.forget_granules(self._database, older_than_seconds, dry_run=dry_run)

    def forget_letters(self, older_than_seconds: float, *, dry_run: bool) -> int:
        return prune.forget_letters(self._database, older_than_seconds, dry_run=dry_run)

    def republish(self, read: Sequence[str] = ()) -> int:
        return announce.republish(self._database, read)

    def quarantine(self, granule_id: str, checksum: str, reason: str) -> int:
        statement = update(granule).where(granule.c.granule_id == granule_id)
        if checksum:
            statement = statement.where(granule.c.checksum == checksum)
        with self._database.transaction() as connection:
            return connection.execute(statement.values(quarantine=reason or "without a reason")).rowcount

    def release(self, granule_id: str) -> int:
        statement = update(granule).where(granule.c.granule_id == granule_id, granule.c.quarantine != "")
        with self._database.transaction() as connection:
            return connection.execute(statement.values(quarantine="")).rowcount

    def keep_letter(self, queue: str, reason: str, body: bytes, headers: Mapping[str, str]) -> bool:
        return intake.keep_letter(self._database, queue, reason, body, headers)

    def letters(self, limit: int = 100) -> list[dict[str, Any]]:
        return listing.letters(self._database, limit)

    def granules(
        self,
        *,
        collection: str | None = None,
        quarantined: bool | None = None,
        between: tuple[datetime, datetime] | None = None,
        named: Sequence[str] | None = None,
        reason: str = "",
        older_than_seconds: float | None = None,
        limit: int = 1000,
    ) -> list[tuple[Granule, str]]:
        return listing.granules(
            self._database, collection, quarantined, between, named, reason, older_than_seconds, limit
        )

    def counts(self) -> dict[str, dict[str, int]]:
        return listing.counts(self._database)

    def unusable(self) -> tuple[int, int]:
        return listing.unusable(self._database)

    def waiting(self) -> list[Waiting]:
        return gauges.waiting(self._database)

    def overdue(self, seconds: float) -> dict[str, int]:
        return gauges.overdue(self._database, seconds)

    def latest_granules(self) -> list[tuple[Granule, datetime]]:
        return gauges.latest_granules(self._database)

    def recent(self, limit: int = 20) -> list[dict[str, Any]]:
        return listing.recent(self._database, limit)

    def finalised(self, since: datetime, limit: int) -> list[dict[str, Any]]:
        return listing.finalised(self._database, since, limit)

    def clock(self) -> datetime:
        with self._database.transaction(writes=False) as connection:
            return self._database.now(connection)

    def close(self) -> None:
        self._database.close()
