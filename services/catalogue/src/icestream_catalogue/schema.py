"""The tables of the catalogue, for SQLite and PostgreSQL alike."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

from icestream_runtime.ledger.schema import Moment, Prose
from icestream_runtime.ledger.tables import Tables

TABLES: Final = Tables("catalogue", Path(__file__).parent / "migrations", "0001", "icestream catalogue")


class Name(TypeDecorator[str]):
    """A name. PostgreSQL refuses to be asked for one with a zero byte, which is none of ours and is just not there."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as it is called
        return None if value is None else value.replace("\x00", "\N{REPLACEMENT CHARACTER}")


metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"},
)

item = Table(
    "catalogue_item",
    metadata,
    Column("id", Name(200), primary_key=True),
    Column("product", Name(100), nullable=False),
    Column("standing", Integer, nullable=False),
    Column("void", Prose, nullable=False),
    Column("checksum", String(150), nullable=False),
    Column("backfill", Boolean, nullable=False),
    Column("start_at", Moment, nullable=False),
    Column("end_at", Moment, nullable=False),
    Column("announced_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("west", Float),
    Column("south", Float),
    Column("east", Float),
    Column("north", Float),
    Column("directory", Text, nullable=False),
    Column("body", Text, nullable=False),
)
SERVED: Final = "void = ''"
# Newest first is the order of every answer. Both hold all that a search compares: it walks in them alone, in this
# order, and looks up only what it found. (A GiST index of boxes was tried: PostgreSQL takes any box for one in two
# hundred, and then reads a third of the table where it could have walked a month.)
COMPARED: Final = (item.c.end_at, item.c.west, item.c.south, item.c.east, item.c.north)
for name, first in (("time", ()), ("product", (item.c.product,))):
    Index(
        f"ix_catalogue_item_{name}",
        *first,
        item.c.start_at.desc(),
        item.c.id,
        *(() if first else (item.c.product,)),
        *COMPARED,
        sqlite_where=text(SERVED),
        postgresql_where=text(SERVED),
    )
Index("ix_catalogue_item_changed", item.c.changed_at)

source = Table(
    "catalogue_source",
    metadata,
    Column("item_id", Name(200), primary_key=True),
    Column("input", String(100), primary_key=True),
    Column("granule_id", Name(200), primary_key=True),
    Column("collection", String(100), nullable=False),
    Column("checksum", String(150), nullable=False),
    Column("step", Integer, nullable=False),
)
Index("ix_catalogue_source_granule", source.c.granule_id)

record = Table(
    "catalogue_record",
    metadata,
    Column("product", String(100), primary_key=True),
    Column("body", Text, nullable=False),
)
