"""The first tables."""

import sqlalchemy as sa
from alembic import op

from icestream_runtime.ledger.schema import Moment, Prose

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "granule",
        sa.Column("granule_id", sa.String(length=200), nullable=False),
        sa.Column("checksum", sa.String(length=150), nullable=False),
        sa.Column("collection", sa.String(length=100), nullable=False),
        sa.Column("tile", sa.String(length=64), nullable=False),
        sa.Column("variant", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=64), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("start_at", Moment(), nullable=False),
        sa.Column("end_at", Moment(), nullable=False),
        sa.Column("span", sa.SmallInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("quarantine", Prose(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("granule_id", "checksum", name=op.f("pk_granule")),
    )
    op.create_index(
        "ix_granule_quarantine",
        "granule",
        ["recorded_at"],
        unique=False,
        sqlite_where=sa.text("quarantine <> ''"),
        postgresql_where=sa.text("quarantine <> ''"),
    )
    op.create_index("ix_granule_tile", "granule", ["collection", "span", "tile", "start_at"], unique=False)
    op.create_index("ix_granule_time", "granule", ["collection", "span", "start_at"], unique=False)
    op.create_table(
        "letter",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("queue", sa.String(length=255), nullable=False),
        sa.Column("reason", Prose(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_letter")),
    )
    op.create_index("ix_letter_received", "letter", ["received_at"], unique=False)
    op.create_table(
        "product",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("registered_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_product")),
    )
    op.create_table(
        "slot",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("product", sa.String(length=100), nullable=False),
        sa.Column("period", sa.String(length=40), nullable=False),
        sa.Column("start_at", Moment(), nullable=False),
        sa.Column("end_at", Moment(), nullable=False),
        sa.Column("tile", sa.String(length=64), nullable=False),
        sa.Column("variant", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("waiting_for", Prose(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("setbacks", sa.Integer(), nullable=False),
        sa.Column("reason", Prose(), nullable=False),
        sa.Column("traceback", Prose(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("task_hash", sa.String(length=64), nullable=False),
        sa.Column("task_stage", sa.String(length=12), nullable=False),
        sa.Column("tasked_at", Moment(), nullable=True),
        sa.Column("task_published_at", Moment(), nullable=True),
        sa.Column("failed_hash", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("redriven", sa.Boolean(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_slot")),
    )
    op.create_index(
        "ix_slot_due",
        "slot",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state <> 'tasked' AND due_at IS NOT NULL"),
        postgresql_where=sa.text("state <> 'tasked' AND due_at IS NOT NULL"),
    )
    op.create_index("ix_slot_product_period", "slot", ["product", "period"], unique=False)
    op.create_index("ix_slot_product_state", "slot", ["product", "state"], unique=False)
    op.create_index(
        "ix_slot_unpublished",
        "slot",
        ["tasked_at"],
        unique=False,
        sqlite_where=sa.text("state = 'tasked' AND task_published_at IS NULL"),
        postgresql_where=sa.text("state = 'tasked' AND task_published_at IS NULL"),
    )
    op.create_table(
        "make",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slot_key", sa.String(length=300), nullable=False),
        sa.Column("inputs_hash", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", Prose(), nullable=False),
        sa.Column("checksum", sa.String(length=150), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("finalised_at", Moment(), nullable=False),
        sa.Column("announced_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["slot_key"], ["slot.key"], name=op.f("fk_make_slot_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_make")),
        sa.UniqueConstraint("slot_key", "inputs_hash", name=op.f("uq_make_slot_key_inputs_hash")),
        sa.UniqueConstraint("slot_key", "revision", name=op.f("uq_make_slot_key_revision")),
    )
    op.create_index("ix_make_finalised", "make", ["finalised_at"], unique=False)
    op.create_index(
        "ix_make_unannounced",
        "make",
        ["finalised_at"],
        unique=False,
        sqlite_where=sa.text("announced_at IS NULL"),
        postgresql_where=sa.text("announced_at IS NULL"),
    )
    op.create_table(
        "make_input",
        sa.Column("make_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("input", sa.String(length=100), nullable=False),
        sa.Column("granule_id", sa.String(length=200), nullable=False),
        sa.Column("checksum", sa.String(length=150), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["make_id"], ["make.id"], name=op.f("fk_make_input_make_id")),
        sa.PrimaryKeyConstraint("make_id", "input", "granule_id", name=op.f("pk_make_input")),
    )
    op.create_index("ix_make_input_granule", "make_input", ["granule_id"], unique=False)
