"""what blogs are filed under"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("blogs", "versions", "drafts")


def upgrade() -> None:
    # With a default of the server's own, for the code that still runs and knows no tags.
    for name in TABLES:
        op.add_column(name, sa.Column("tags", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "blog_tags",
        sa.Column("blog_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("owner_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["blog_id"], ["blogs.id"], name=op.f("fk_blog_tags_blog_id_blogs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("blog_id", "name", name=op.f("pk_blog_tags")),
    )
    name = "ix_blog_tags_owner_id_blog_tags_name_blog_tags_blog_id"
    op.create_index(op.f(name), "blog_tags", ["owner_id", "name", "blog_id"])


def downgrade() -> None:
    op.drop_table("blog_tags")
    for name in TABLES:
        op.drop_column(name, "tags")
