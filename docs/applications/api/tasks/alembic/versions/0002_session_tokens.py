"""session_tokens, for sessiontoken.repository = sqlalchemy

The table stays empty where sessions are in Redis, or in another database.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "session_tokens",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "expires", sa.BigInteger(), autoincrement=False, nullable=False
        ),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_session_tokens"),
    )
    for column in ("expires", "subject"):
        name = f"ix_session_tokens_{column}"
        op.create_index(name, "session_tokens", [column])


def downgrade():
    op.drop_table("session_tokens")
