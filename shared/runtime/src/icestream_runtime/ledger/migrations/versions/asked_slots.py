"""What somebody asked of a slot: a backfill, or to be made again by a newer version."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("slot", sa.Column("asked", sa.String(length=12), server_default="", nullable=False))
