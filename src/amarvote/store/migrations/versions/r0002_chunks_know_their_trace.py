"""Chunks know which trace they belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the change."""
    op.add_column("chunks", sa.Column("traceparent", sa.Text(), nullable=True))
