"""The tables of the ledger, for SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)

SPANS = (timedelta(days=2), timedelta(days=40), timedelta(days=400))
"""Granules are kept by length, up to these and longer: an overlap of [start, end) then bounds `start_at` from below."""


def span(start: datetime, end: datetime) -> int:
    """Return the class of length of an interval: 0 for the shortest."""
    return sum(end - start > longest for longest in SPANS)


class Moment(TypeDecorator[datetime]):
    """A UTC time: `timestamptz` in PostgreSQL, microseconds since 1970 in SQLite, which has no type for it."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as it is called
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return EPOCH + timedelta(microseconds=value)


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


class Prose(TypeDecorator[str]):
    """Text that came from elsewhere. PostgreSQL keeps no NUL, and no text is lost for the sake of one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as it is called
        return None if value is None else value.replace("\x00", "\N{REPLACEMENT CHARACTER}")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Identity = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up only what it calls INTEGER."""

product = Table(
    "product",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("version", String(40), nullable=False),
    Column("record", Text, nullable=False),
    Column("registered_at", Moment, nullable=False),
)

granule = Table(
    "granule",
    metadata,
    Column("granule_id", String(200), primary_key=True),
    Column("checksum", String(150), primary_key=True),
    Column("collection", String(100), nullable=False),
    Column("tile", String(64), nullable=False),
    Column("variant", String(64), nullable=False),
    Column("part", String(64), nullable=False),
    Column("void", Boolean, nullable=False),
    Column("start_at", Moment, nullable=False),
    Column("end_at", Moment, nullable=False),
    Column("span", SmallInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("quarantine", Prose, nullable=False, server_default=""),
    Column("body", Text, nullable=False),
)
# Two ways in: a slot of one tile, and a slot that reads every tile.
Index("ix_granule_tile", granule.c.collection, granule.c.span, granule.c.tile, granule.c.start_at)
Index("ix_granule_time", granule.c.collection, granule.c.span, granule.c.start_at)
Index(
    "ix_granule_quarantine",
    granule.c.recorded_at,
    sqlite_where=text("quarantine <> ''"),
    postgresql_where=text("quarantine <> ''"),
)

slot = Table(
    "slot",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("product", String(100), nullable=False),
    Column("period", String(40), nullable=False),
    Column("start_at", Moment, nullable=False),
    Column("end_at", Moment, nullable=False),
    Column("tile", String(64), nullable=False),
    Column("variant", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("due_at", Moment),
    Column("waiting_for", Prose, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("setbacks", Integer, nullable=False),
    Column("reason", Prose, nullable=False),
    Column("traceback", Prose, nullable=False),
    Column("token", String(64), nullable=False),
    Column("task_hash", String(64), nullable=False),
    Column("task_stage", String(12), nullable=False),
    Column("tasked_at", Moment),
    Column("task_published_at", Moment),
    Column("failed_hash", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("redriven", Boolean, nullable=False),
    Column("asked", String(12), nullable=False, server_default=""),
    Column("updated_at", Moment, nullable=False),
    Column("task", Text),
)
Index("ix_slot_product_period", slot.c.product, slot.c.period)
Index("ix_slot_product_state", slot.c.product, slot.c.state)
DUE = "state <> 'tasked' AND due_at IS NOT NULL"
Index("ix_slot_due", slot.c.due_at, sqlite_where=text(DUE), postgresql_where=text(DUE))
UNPUBLISHED = "state = 'tasked' AND task_published_at IS NULL"
Index("ix_slot_unpublished", slot.c.tasked_at, sqlite_where=text(UNPUBLISHED), postgresql_where=text(UNPUBLISHED))

make = Table(
    "make",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("slot_key", String(300), ForeignKey(slot.c.key), nullable=False),
    Column("inputs_hash", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("version", String(40), nullable=False),
    Column("stage", String(12), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", Prose, nullable=False),
    Column("checksum", String(150), nullable=False),
    Column("body", Text, nullable=False),
    Column("finalised_at", Moment, nullable=False),
    Column("announced_at", Moment),
    UniqueConstraint("slot_key", "inputs_hash"),
    UniqueConstraint("slot_key", "revision"),
)
UNANNOUNCED = "announced_at IS NULL"
Index("ix_make_finalised", make.c.finalised_at)
Index("ix_make_unannounced", make.c.finalised_at, sqlite_where=text(UNANNOUNCED), postgresql_where=text(UNANNOUNCED))

make_input = Table(
    "make_input",
    metadata,
    Column("make_id", Identity, ForeignKey(make.c.id), primary_key=True),
    Column("input", String(100), primary_key=True),
    Column("granule_id", String(200), primary_key=True),
    Column("checksum", String(150), nullable=False),
    Column("step", Integer, nullable=False),
)
Index("ix_make_input_granule", make_input.c.granule_id)

letter = Table(
    "letter",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("received_at", Moment, nullable=False),
    Column("queue", String(255), nullable=False),
    Column("reason", Prose, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("ix_letter_received", letter.c.received_at)
