"""What the API says of itself (rule 26: input is checked at one boundary), and what an operator is told."""

from dev.sabotage.entry import Sabotage

BLOGS_API = "app/blogs/api.py"

SABOTAGES = (
    Sabotage(
        "the API sends a field that it does not describe",
        rule=26,
        file="app/blogs/documents.py",
        take_out="    content_truncated: bool\n",
        put="",
        tests=("tests/unit/test_fuzz.py",),
    ),
    Sabotage(
        "the API answers with a status that it does not describe",
        rule=26,
        file=BLOGS_API,
        take_out="@answers(BlogDocument, body=Change, raises=[Changed])",
        put="@answers(BlogDocument, body=Change)",
        tests=("tests/unit/blogs/test_api.py",),
    ),
    Sabotage(
        "a view reads another form than the one it describes",
        rule=26,
        file=BLOGS_API,
        take_out="@answers(BlogDocument, 201, body=Draft,",
        put="@answers(BlogDocument, 201, body=Change,",
        tests=("tests/unit/web/test_openapi.py",),
    ),
)
