"""The first tables."""

import sqlalchemy as sa
from alembic import op

from icestream_runtime.ledger.schema import Moment, Prose

revision = "0001"
down_revision = None

SERVED = sa.text("void = ''")


def upgrade() -> None:
    op.create_table(
        "catalogue_item",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("product", sa.String(length=100), nullable=False),
        sa.Column("standing", sa.Integer(), nullable=False),
        sa.Column("void", Prose(), nullable=False),
        sa.Column("checksum", sa.String(length=150), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("start_at", Moment(), nullable=False),
        sa.Column("end_at", Moment(), nullable=False),
        sa.Column("announced_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("west", sa.Float()),
        sa.Column("south", sa.Float()),
        sa.Column("east", sa.Float()),
        sa.Column("north", sa.Float()),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_catalogue_item"),
    )
    newest: list[str | sa.TextClause] = [sa.text("start_at DESC"), "id"]
    compared = ["end_at", "west", "south", "east", "north"]
    for name, columns in (("time", [*newest, "product", *compared]), ("product", ["product", *newest, *compared])):
        op.create_index(
            f"ix_catalogue_item_{name}", "catalogue_item", columns, sqlite_where=SERVED, postgresql_where=SERVED
        )
    op.create_index("ix_catalogue_item_changed", "catalogue_item", ["changed_at"])
    op.create_table(
        "catalogue_source",
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.Column("input", sa.String(length=100), nullable=False),
        sa.Column("granule_id", sa.String(length=200), nullable=False),
        sa.Column("collection", sa.String(length=100), nullable=False),
        sa.Column("checksum", sa.String(length=150), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "input", "granule_id", name="pk_catalogue_source"),
    )
    op.create_index("ix_catalogue_source_granule", "catalogue_source", ["granule_id"])
    op.create_table(
        "catalogue_record",
        sa.Column("product", sa.String(length=100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("product", name="pk_catalogue_record"),
    )
