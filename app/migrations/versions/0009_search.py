"""blogs by their words"""

from alembic import op

revision = "0009"
down_revision = "0008"

# The text stays in `blogs` alone: the index reads it there, and must be told what a row was before it changes.
SQLITE = (
    "CREATE VIEW blogs_searched AS SELECT id, title, content, 'u' || owner_id AS owner FROM blogs",
    (
        "CREATE VIRTUAL TABLE blogs_search USING fts5("
        "title, content, owner, content='blogs_searched', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    ),
    (
        "CREATE TRIGGER blogs_search_insert AFTER INSERT ON blogs BEGIN"
        " INSERT INTO blogs_search (rowid, title, content, owner)"
        " VALUES (new.id, new.title, new.content, 'u' || new.owner_id); END"
    ),
    (
        "CREATE TRIGGER blogs_search_delete AFTER DELETE ON blogs BEGIN"
        " INSERT INTO blogs_search (blogs_search, rowid, title, content, owner)"
        " VALUES ('delete', old.id, old.title, old.content, 'u' || old.owner_id); END"
    ),
    (
        "CREATE TRIGGER blogs_search_update AFTER UPDATE OF title, content, owner_id ON blogs BEGIN"
        " INSERT INTO blogs_search (blogs_search, rowid, title, content, owner)"
        " VALUES ('delete', old.id, old.title, old.content, 'u' || old.owner_id);"
        " INSERT INTO blogs_search (rowid, title, content, owner)"
        " VALUES (new.id, new.title, new.content, 'u' || new.owner_id); END"
    ),
    "INSERT INTO blogs_search (blogs_search) VALUES ('rebuild')",
)
POSTGRESQL = (
    "CREATE INDEX ix_blogs_search ON blogs USING gin (to_tsvector('simple'::regconfig, title || ' ' || content))",
)


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER blogs_search_{name}")
        op.execute("DROP TABLE blogs_search")
        op.execute("DROP VIEW blogs_searched")
    else:
        op.execute("DROP INDEX ix_blogs_search")
