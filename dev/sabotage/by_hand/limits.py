"""Rules 31, 42 and 56: what is sent again, how much somebody may have, and how often they may ask."""

from dev.sabotage.entry import Sabotage

OF_KEYS = ("tests/unit/blogs/test_sent_again.py",)

SABOTAGES = (
    Sabotage(
        "a blog sent again is another one",
        rule=42,
        file="app/blogs/queries.py",
        take_out="            raise KeyReused\n        return before\n",
        put="            raise KeyReused\n        key = None\n",
        tests=OF_KEYS,
    ),
    Sabotage(
        "a key is everybody's",
        rule=42,
        file="app/blogs/queries.py",
        take_out="select(Blog).where(Blog.owner_id == owner_id, Blog.client_key == key)",
        put="select(Blog).where(Blog.client_key == key)",
        tests=OF_KEYS,
    ),
    Sabotage(
        "a key used for other content is not told of",
        rule=42,
        file="app/blogs/queries.py",
        take_out="        if before.client_digest != digest:\n            raise KeyReused\n",
        put="",
        tests=OF_KEYS,
    ),
    Sabotage(
        "the database takes a key twice",
        rule=42,
        file="app/migrations/versions/0006_limits.py",
        take_out='"blogs", ["owner_id", "client_key"], unique=True)',
        put='"blogs", ["owner_id", "client_key"])',
        tests=(*OF_KEYS, "tests/unit/test_migrations.py"),
    ),
    Sabotage(
        "the second step of a form has another key",
        rule=42,
        file="app/blogs/routes.py",
        take_out="draft=draft, key=key, attachment",
        put="draft=draft, attachment",
        tests=OF_KEYS,
    ),
    Sabotage(
        "a program's key is not read",
        rule=56,
        file="app/blogs/api.py",
        take_out="draft, header_key())",
        put="draft)",
        tests=OF_KEYS,
    ),
    Sabotage(
        "a file declared again is another one",
        rule=56,
        file="app/attachments/queries.py",
        take_out="            raise KeyReused\n        return before\n",
        put="            raise KeyReused\n        client_key = None\n",
        tests=OF_KEYS,
    ),
)
