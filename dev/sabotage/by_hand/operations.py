"""What the API says of itself (rule 26: input is checked at one boundary), and what an operator is told."""

from dev.sabotage.entry import Sabotage

BLOGS_API = "app/blogs/api.py"
DEPLOYMENT = "app/doctor/deployment.py"

OF_DEPLOYMENT = ("tests/unit/doctor/test_deployment.py",)

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
        take_out="@answers(OwnBlog, body=Change, raises=[Changed])",
        put="@answers(OwnBlog, body=Change)",
        tests=("tests/unit/blogs/test_api.py",),
    ),
    Sabotage(
        "a view reads another form than the one it describes",
        rule=26,
        file=BLOGS_API,
        take_out="@answers(OwnBlog, 201, body=Draft,",
        put="@answers(OwnBlog, 201, body=Change,",
        tests=("tests/unit/web/test_openapi.py",),
    ),
    Sabotage(
        "the doctor of a deployment knows no network disk",
        rule=25,
        file=DEPLOYMENT,
        take_out="    if (disk := _disk_of(path)) in NETWORK_DISKS:\n",
        put='    if disk := "":\n',
        tests=OF_DEPLOYMENT,
    ),
    Sabotage(
        "the doctor of a deployment lets Redis fill up",
        rule=24,
        file=DEPLOYMENT,
        take_out='    elif policy == "noeviction":\n',
        put="    elif not policy:\n",
        tests=OF_DEPLOYMENT,
    ),
    Sabotage(
        "the doctor of a deployment looks at no schema",
        rule=51,
        file=DEPLOYMENT,
        take_out="    elif applied != latest:\n",
        put="    elif not latest:\n",
        tests=OF_DEPLOYMENT,
    ),
    Sabotage(
        "the doctor of a deployment takes any answer for the blog's",
        rule=29,
        file=DEPLOYMENT,
        take_out='        return bool(answer.json() == {"status": "ok"})\n',
        put="        return bool(answer.status_code)\n",
        tests=OF_DEPLOYMENT,
    ),
    Sabotage(
        "an id is given out again after a restore",
        rule=47,
        file="app/attachments/commands.py",
        take_out="SKIPPED = 1_000_000\n",
        put="SKIPPED = 0\n",
        tests=("tests/unit/attachments/test_restore_check.py",),
    ),
    Sabotage(
        "a backup of SQLite is a copy of its file",
        rule=47,
        file="app/backup.py",
        take_out="        source.backup(copy)\n",
        put="        target.write_bytes(Path(str(url.database)).read_bytes())\n",
        tests=("tests/unit/test_backup.py",),
    ),
    Sabotage(
        "other users read a backup",
        rule=36,
        file="app/backup.py",
        take_out="os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600",
        put="os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o666",
        tests=("tests/unit/test_backup.py",),
    ),
)
