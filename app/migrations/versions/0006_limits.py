"""keys of writes that may be sent again"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


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


def downgrade() -> None:
    op.drop_index(op.f("ix_attachments_uploader_id_attachments_client_key"), "attachments")
    op.drop_column("attachments", "client_key")
    op.drop_index(op.f("ix_blogs_owner_id_blogs_client_key"), "blogs")
    op.drop_column("blogs", "client_digest")
    op.drop_column("blogs", "client_key")
