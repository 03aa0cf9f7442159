"""what blogs were before, and the bin"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("owner_id", NUMBER, nullable=False),
        sa.Column("blog_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("attachment_id", NUMBER, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("binned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shared_with", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_versions_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sqlite_autoincrement=True,
    )
    name = "ix_versions_owner_id_versions_blog_id_versions_number"
    op.create_index(op.f(name), "versions", ["owner_id", "blog_id", "number"], unique=True)
    op.create_index(op.f("ix_versions_owner_id_versions_binned_at"), "versions", ["owner_id", "binned_at"])
    op.create_index(op.f("ix_versions_binned_at"), "versions", ["binned_at"])
    op.create_table(
        "version_files",
        sa.Column("version_id", NUMBER, nullable=False),
        sa.Column("attachment_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_version_files_version_id_versions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachments.id"],
            name=op.f("fk_version_files_attachment_id_attachments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "attachment_id", name=op.f("pk_version_files")),
    )
    op.create_index(op.f("ix_version_files_attachment_id"), "version_files", ["attachment_id"])


def downgrade() -> None:
    op.drop_table("version_files")
    op.drop_table("versions")
