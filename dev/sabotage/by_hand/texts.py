"""Rule 14 and 15 for texts: what others wrote runs nothing, and what is in the bin is nobody's but its owner's."""

from dev.sabotage.entry import Sabotage

MARKDOWN = "app/blogs/markdown.py"
VERSIONS = "app/blogs/versions.py"

OF_MARKDOWN = ("tests/unit/blogs/test_markdown.py",)
OF_VERSIONS = ("tests/unit/blogs/test_versions.py",)

SABOTAGES = (
    Sabotage(
        "a text holds HTML as it is typed",
        rule=14,
        file=MARKDOWN,
        take_out='{"html": False, "linkify": True, "breaks": True}',
        put='{"html": True, "linkify": True, "breaks": True}',
        tests=OF_MARKDOWN,
    ),
    Sabotage(
        "a text leads to any address of this site",
        rule=40,
        file=MARKDOWN,
        take_out="return value if ELSEWHERE.match(value) or HERE.fullmatch(value) else None",
        put="return value",
        tests=OF_MARKDOWN,
    ),
    Sabotage(
        "a text names parts of the page",
        rule=14,
        file=MARKDOWN,
        take_out="return value if FOOTNOTE.fullmatch(value) else None",
        put="return value",
        tests=OF_MARKDOWN,
    ),
    Sabotage(
        "a text may take any time",
        rule=26,
        file=MARKDOWN,
        take_out='    if env["steps"] > MAX_STEPS:\n',
        put="    if False:\n",
        tests=OF_MARKDOWN,
    ),
    Sabotage(
        "a text shows anybody's files",
        rule=15,
        file="app/attachments/queries.py",
        take_out="        Attachment.id.in_(wanted),\n        Attachment.uploader_id == uploader_id,\n",
        put="        Attachment.id.in_(wanted),\n",
        tests=OF_VERSIONS,
    ),
    Sabotage(
        "anybody's bin is everybody's",
        rule=15,
        file=VERSIONS,
        take_out="mine = (Version.owner_id == owner_id, Version.blog_id == blog_id, Version.binned_at.is_not(None))",
        put="mine = (Version.blog_id == blog_id, Version.binned_at.is_not(None))",
        tests=OF_VERSIONS,
    ),
    Sabotage(
        "files of kept versions are swept",
        rule=18,
        file="app/attachments/sweep.py",
        take_out='("version_files", "draft_files")',
        put='("draft_files",)',
        tests=OF_VERSIONS,
    ),
    Sabotage(
        "a search finds what others wrote",
        rule=15,
        file="app/blogs/search.py",
        take_out="AND blogs.owner_id = :owner_id",
        put="",
        tests=("tests/unit/blogs/test_search.py",),
    ),
)
