"""logins whose sessions may be open, to be shown to whose they are"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "open_sessions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("epoch", NUMBER, nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_open_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_sessions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_open_sessions_user_id"), "open_sessions", ["user_id"])
    op.create_index(op.f("ix_open_sessions_opened_at"), "open_sessions", ["opened_at"])


def downgrade() -> None:
    op.drop_table("open_sessions")
