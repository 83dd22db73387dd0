"""The ledger: the durable record of granules, slots, makes and product records. What it promises, whoever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from icestream_core.gather import Made
from icestream_core.granule import Granule, Mode
from icestream_core.outcome import Outcome
from icestream_core.pick import Recorded
from icestream_core.slot import Slot, SlotState, Stage
from icestream_core.task import Task
from icestream_core.touch import Query, Touch

Asked = Literal["", "backfill", "again"]
"""What somebody asked of a slot: that it is made out of the way of new passes, or made again by a newer version."""


class SlotRow(NamedTuple):
    """A slot as the ledger knows it.

    token, task_published_at : of the outstanding task, while the state is `tasked`
    attempts : failures in a row that counted
    failed_hash : the inputs hash of the task that failed last; empty once something was made
    asked : by a backfill; empty once it has been answered
    made : what the current revision was made from; None where there is none, or where it was void and redriven
    """

    slot: Slot
    state: SlotState
    due_at: datetime | None
    waiting_for: tuple[str, ...]
    attempts: int
    reason: str
    traceback: str
    token: str
    task_published_at: datetime | None
    revision: int
    made: Made | None
    updated_at: datetime
    failed_hash: str = ""
    asked: Asked = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a look decides to write for a slot, in the transaction that holds its lock.

    task : the task that is now outstanding; it is published after the commit
    void : finalise the slot as void without a worker, for this reason
    inputs_hash, entries, version, mode : of the void make; entries are (input, granule id, checksum, step)
    promote : the current revision is final now; it is announced once more
    """

    state: SlotState
    due_at: datetime | None = None
    waiting_for: tuple[str, ...] = ()
    reason: str = ""
    task: Task | None = None
    stage: Stage = "final"
    void: str = ""
    inputs_hash: str = ""
    entries: Sequence[tuple[str, str, str, int]] = field(default_factory=tuple)
    promote: bool = False
    version: str = ""
    mode: Mode = "forward"


class Announceable(NamedTuple):
    """A current revision that has not been seen announced."""

    slot: Slot
    outcome: Outcome
    revision: int
    stage: Stage
    finalised_at: datetime


class Version(NamedTuple):
    """A slot, and the version of its product that made the current revision."""

    slot: Slot
    version: str
    state: SlotState
    asked: Asked


class Superseded(NamedTuple):
    """A make that is no longer its slot's current revision.

    href : of its directory; empty for a void one
    """

    slot: Slot
    revision: int
    inputs_hash: str
    href: str


class Finalised(NamedTuple):
    """What became of an outcome.

    adopted : it is now the slot's current revision; False for a zombie's answer, a repeated one or a failure
    dead : it failed, and will not be tried again unasked
    due : something touched the slot while it was being made, or went wrong with it: look again now
    announceable : the revision that it became, which nobody has announced yet
    """

    adopted: bool
    revision: int
    attempts: int
    dead: bool
    due: bool = False
    announceable: Announceable | None = None


class Waiting(NamedTuple):
    """So many slots of a product wait for the same things, in words."""

    product: str
    waiting_for: tuple[str, ...]
    slots: int


Decide = Callable[[SlotRow, Mapping[str, Sequence[Recorded]], datetime], Change | None]
"""(slot, rows by input, database clock) -> what to write; None leaves the slot as it is."""


class Ledger(Protocol):
    """Every method is one transaction (or two where said) and safe to call from several processes and threads.

    Raises LedgerError where the database is away.
    """

    def register(self, record: Mapping[str, Any]) -> bool:
        """Keep a product's record; False for an older version than the one kept, which stays."""

    def records(self) -> list[dict[str, Any]]:
        """Return the records kept."""

    def record_granules(self, granules: Sequence[Granule], opening: Sequence[Slot] = ()) -> list[bool]:
        """Insert and commit, slots that they open too; for each, whether it was new. The same again is a no-op.

        Except for a product's granule: of a higher revision, or final after provisional, it replaces the one kept and
        counts as new (the same files may be announced again). One that lies elsewhere now is no new one, and its new
        place is kept: the one that was received last.
        """

    def slots_touched(self, touches: Sequence[Touch]) -> list[Slot]:
        """Open the slots that touches open, and return them with the existing slots that the others concern.

        A slot that is opened is due at once, so that it is not forgotten when nobody comes to look.
        A touch without interval concerns every slot of the product in state `waiting` (or with a due date). There may
        be very many: all that wait are made due now, and the 1,000 latest are returned; `due` gives the others.
        """

    def look(self, slots: Sequence[Slot], queries: Callable[[Slot], dict[str, Query]], decide: Decide) -> list[Task]:
        """Lock the slots (in order of key), then select their granules, then decide and write. One transaction.

        A slot whose task is outstanding is only marked to be looked at again (`due_at` = now) and not decided.
        Returns the tasks to publish. Quarantined granules are not offered; slots never opened are passed over.
        A task of the very inputs that failed is refused while its back-off lasts, and while the slot is dead: the slot
        stays as it is. A task of other inputs starts with no attempts.
        """

    def task_published(self, tasks: Sequence[Task]) -> None:
        """Mark tasks as published, where their token still holds."""

    def unpublished_tasks(self, older_than_seconds: float, limit: int = 100) -> list[Task]:
        """Return outstanding tasks whose publication was never marked."""

    def finalise(
        self, outcomes: Sequence[Outcome], max_attempts: int, backoff_seconds: Callable[[int], float]
    ) -> list[Finalised]:
        """Write outcomes: token compare and unique key decide.

        made, void: a new make and the next revision, or the make of the same inputs hash becomes current again.
        failed: attempts + 1 and `due_at` after the back-off; `dead` at `max_attempts`; a fault of storage never counts;
        a granule at fault is quarantined with the reason, and the slot is looked at again (it counts where no granule
        is named, or none that the ledger knows).
        made by an older version than the current revision: not adopted, tried again after the back-off, not counted.
        The state `tasked` ends in every case where the token holds. What was decided with the task, until when the
        slot waits and for what, holds on; unless a granule touched it since: then `due_at` is past, as `due` says.
        A late outcome whose token does not hold is dropped, or adopted where its inputs hash is the outstanding one.
        """

    def to_announce(
        self, slots: Sequence[Slot] | None = None, older_than_seconds: float = 0.0, limit: int = 100
    ) -> list[Announceable]:
        """Return current revisions without `announced_at` (or promoted since), of these slots or of all."""

    def announced(self, announced: Sequence[Announceable]) -> None:
        """Mark as announced, where revision and stage still hold."""

    def due(self, limit: int = 100) -> list[Slot]:
        """Return slots whose `due_at` has passed, the longest due first, those that are tasked left out."""

    def slots(
        self,
        *,
        product: str | None = None,
        state: SlotState | None = None,
        reason: str = "",
        older_than_seconds: float | None = None,
        limit: int = 1000,
    ) -> list[SlotRow]:
        """List slots, the latest changed first."""

    def slot(self, key: str) -> SlotRow | None:
        """Return one slot by its key."""

    def task(self, slot: Slot) -> Task | None:
        """Return the outstanding task, or the one that failed last (a dead slot's inputs); None after a success."""

    def history(self, slot: Slot) -> list[dict[str, Any]]:
        """Return every make of a slot: revision, inputs hash, stage, outcome, inputs, manifest, times."""

    def ask(self, slots: Sequence[Slot], asked: Asked) -> int:
        """Open slots that nobody has opened, and ask of them what is asked; they are due now. Returns how many.

        backfill: of slots that did not exist; what exists is left alone, because it is on its way already.
        again: of slots that are made or void, and nothing of theirs is under way.
        """

    def under_way(self, product: str) -> int:
        """Return how many slots of a product were asked for and have no answer yet."""

    def opened(self, slots: Sequence[Slot]) -> set[str]:
        """Return the keys of those slots that have been opened."""

    def versions(self, product: str, between: tuple[datetime, datetime]) -> list[Version]:
        """Return, for each slot of a product that overlaps a time and has a revision, by which version that is."""

    def redrive(self, slots: Sequence[Slot]) -> int:
        """Forget the attempts of dead, parked, hopeless or void slots, and have them looked at now."""

    def park(self, slots: Sequence[Slot]) -> int:
        """Put dead slots aside, with all that is known of them; they are as dead as before, and nobody is alarmed."""

    def drop_slots(self, slots: Sequence[Slot]) -> int:
        """Forget slots that are dead, parked or hopeless and have no revision."""

    def drop_granules(self, keys: Sequence[tuple[str, str]]) -> int:
        """Forget quarantined granules, by id and checksum."""

    def superseded(self, older_than_seconds: float, limit: int = 1000) -> list[Superseded]:
        """Return makes that are no longer current, nor were so long ago, the oldest first; none that a task reads."""

    def forget_revision(self, old: Superseded, remove: Callable[[], object]) -> bool:
        """Forget a make, and have its files removed while nobody can want it back; False where somebody does."""

    def results(self, product: str) -> dict[Slot, set[str]]:
        """Return each slot of a product with the inputs hashes of its makes, and of the task that is outstanding."""

    def forget_directory(self, slot: Slot, beginning: str, remove: Callable[[], object]) -> bool:
        """Have a directory removed that no make is of, while nobody can come to want it; False where one is, or may be.

        beginning : of the inputs hash that the directory is named by
        """

    def forget_granules(self, older_than_seconds: float, *, dry_run: bool) -> int:
        """Forget granules that a correction or a later revision has replaced so long ago; returns how many."""

    def forget_letters(self, older_than_seconds: float, *, dry_run: bool) -> int:
        """Forget messages that nobody could read and that came so long ago; returns how many."""

    def republish(self, read: Sequence[str] = ()) -> int:
        """Forget what was published to a broker that is gone: a memory broker after a restart. Returns how much.

        Of outstanding tasks, that they were published; of current revisions of the products in `read` (those that
        others read), that they were announced, where the announcement never came back as a granule.
        """

    def quarantine(self, granule_id: str, checksum: str, reason: str) -> int:
        """Leave a granule out of every gathering, with its reason; an empty checksum stands for all of that id.

        Returns how many it is.
        """

    def release(self, granule_id: str) -> int:
        """Offer a quarantined granule again."""

    def keep_letter(self, queue: str, reason: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Keep a message that nobody can read, with the reason (table `letter`); False where it is kept already."""

    def letters(self, limit: int = 100) -> list[dict[str, Any]]:
        """List kept messages, the latest first: received_at, queue, reason, size, headers, body."""

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
        """List granules, the latest first, each with its quarantine reason or nothing.

        between : only those that overlap this time
        named : only those of these ids
        reason : only those whose quarantine's reason holds this text
        older_than_seconds : only those that were recorded so long ago
        """

    def counts(self) -> dict[str, dict[str, int]]:
        """Return slots by product and state: what `icestream status` and the gauges show."""

    def unusable(self) -> tuple[int, int]:
        """Return how many granules are quarantined, and how many letters are kept."""

    def waiting(self) -> list[Waiting]:
        """Return the slots in state `waiting`, by what they wait for."""

    def overdue(self, seconds: float) -> dict[str, int]:
        """Return, by product, how many slots have been due for so long and were not looked at."""

    def latest_granules(self) -> list[tuple[Granule, datetime]]:
        """Return of each collection the latest observation that was recorded, and when."""

    def recent(self, limit: int = 20) -> list[dict[str, Any]]:
        """Return the makes finalised last, the last first."""

    def finalised(self, since: datetime, limit: int) -> list[dict[str, Any]]:
        """Return the makes finalised since a time, that time included, the first first."""

    def clock(self) -> datetime:
        """Return the database's clock."""

    def close(self) -> None:
        """Give the connections back."""
