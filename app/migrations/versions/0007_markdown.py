"""texts as they are shown, and files in texts"""

from contextlib import AbstractContextManager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("blogs", sa.Column("html", sa.Text(), nullable=True))
    op.add_column("blogs", sa.Column("files", sa.Text(), server_default="[]", nullable=False))
    op.add_column("blogs", sa.Column("excerpt", sa.String(280), server_default="", nullable=False))
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("blogs", sa.Column("words", number, server_default="0", nullable=False))
    # Of the texts that are there, about how many words: they are counted when a text is saved.
    op.execute(
        "UPDATE blogs SET words = (length(content) + 5) / 6,"
        " excerpt = CASE WHEN length(content) > 280 THEN substr(content, 1, 277) || '...' ELSE content END"
    )
    with _attachments() as table:
        table.drop_constraint(op.f("uq_attachments_blog_id"), type_="unique")
        table.add_column(sa.Column("in_text", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(op.f("ix_attachments_blog_id"), "attachments", ["blog_id"])
    at_the_top = sa.text("NOT in_text")
    op.create_index(
        "uq_attachments_top",
        "attachments",
        ["blog_id"],
        unique=True,
        sqlite_where=at_the_top,
        postgresql_where=at_the_top,
    )


def downgrade() -> None:
    op.drop_index("uq_attachments_top", "attachments")
    op.drop_index(op.f("ix_attachments_blog_id"), "attachments")
    op.execute("UPDATE attachments SET blog_id = NULL WHERE in_text")
    with _attachments() as table:
        table.drop_column("in_text")
        table.create_unique_constraint(op.f("uq_attachments_blog_id"), ["blog_id"])
    for name in ("words", "excerpt", "files", "html"):
        op.drop_column("blogs", name)


def _attachments() -> AbstractContextManager[BatchOperations]:
    return op.batch_alter_table("attachments", table_kwargs={"sqlite_autoincrement": True})
