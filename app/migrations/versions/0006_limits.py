"""keys of writes that may be sent again, what people have, and what they turned away"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNTS = ("blog_count", "text_bytes", "file_bytes", "pending_uploads")


def upgrade() -> None:
    op.add_column("blogs", sa.Column("client_key", sa.String(length=100), nullable=True))
    op.add_column("blogs", sa.Column("client_digest", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_blogs_owner_id_blogs_client_key"), "blogs", ["owner_id", "client_key"], unique=True)
    op.add_column("attachments", sa.Column("client_key", sa.String(length=100), nullable=True))
    op.create_index(
        op.f("ix_attachments_uploader_id_attachments_client_key"),
        "attachments",
        ["uploader_id", "client_key"],
        unique=True,
    )
    for name in COUNTS:
        op.add_column("users", sa.Column(name, ID, server_default="0", nullable=False))
    _count()
    op.add_column("shares", sa.Column("owner_id", ID, server_default="0", nullable=False))
    op.add_column("shares", sa.Column("declined", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE shares SET owner_id = (SELECT owner_id FROM blogs WHERE blogs.id = shares.blog_id)")
    op.create_index(op.f("ix_shares_owner_id_shares_email"), "shares", ["owner_id", "email"])
    op.create_table(
        "blocks",
        sa.Column("id", ID, nullable=False),
        sa.Column("reader_id", ID, nullable=False),
        sa.Column("sender_id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["users.id"], name=op.f("fk_blocks_reader_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["users.id"], name=op.f("fk_blocks_sender_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
        sa.UniqueConstraint("reader_id", "sender_id", name=op.f("uq_blocks_reader_id_sender_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_blocks_reader_id_blocks_id"), "blocks", ["reader_id", "id"])
    op.create_index(op.f("ix_blocks_sender_id"), "blocks", ["sender_id"])


def _count() -> None:
    # In bytes, as UTF-8 has it, on either database.
    length = "length(CAST({} AS BLOB))" if op.get_bind().dialect.name == "sqlite" else "octet_length({})"
    text = f"{length.format('title')} + {length.format('content')}"
    blogs, files = "FROM blogs WHERE owner_id = users.id", "FROM attachments WHERE uploader_id = users.id"
    counts = {
        "blog_count": f"count(*) {blogs}",
        "text_bytes": f"coalesce(sum({text}), 0) {blogs}",
        "file_bytes": f"coalesce(sum(size), 0) {files}",
        "pending_uploads": f"count(*) {files} AND state = 'pending' AND refusal IS NULL",
    }
    for name, count in counts.items():
        op.execute(f"UPDATE users SET {name} = (SELECT {count})")  # noqa: S608  no text from outside


def downgrade() -> None:
    op.drop_table("blocks")
    op.drop_index(op.f("ix_shares_owner_id_shares_email"), "shares")
    op.drop_column("shares", "declined")
    op.drop_column("shares", "owner_id")
    for name in COUNTS:
        op.drop_column("users", name)
    op.drop_index(op.f("ix_attachments_uploader_id_attachments_client_key"), "attachments")
    op.drop_column("attachments", "client_key")
    op.drop_index(op.f("ix_blogs_owner_id_blogs_client_key"), "blogs")
    op.drop_column("blogs", "client_digest")
    op.drop_column("blogs", "client_key")
