"""what is shared with an address, in the order of its list"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index(op.f("ix_shares_email_shares_blog_id"), "shares", ["email", "blog_id"])
    op.drop_index(op.f("ix_shares_email"), "shares")


def downgrade() -> None:
    op.create_index(op.f("ix_shares_email"), "shares", ["email"])
    op.drop_index(op.f("ix_shares_email_shares_blog_id"), "shares")
