"""Rules 15 to 17 and 31: who may see and change what, predicate by predicate."""

from dev.sabotage.entry import Sabotage

BLOGS = "app/blogs/queries.py"
SHARES = "app/sharing/queries.py"
FILES = "app/attachments/queries.py"
SEEN = "app/attachments/access.py"
GUARD = "app/auth/guard.py"
PICTURES = "app/attachments/routes.py"

OF_ACCESS = ("tests/unit/test_access.py",)
OF_SHARES = ("tests/unit/blogs/test_shares.py", "tests/unit/test_access.py")
OF_FILES = ("tests/unit/attachments/test_api.py", "tests/unit/attachments/test_routes.py")
OF_BLOGS = ("tests/unit/blogs/test_api.py",)
OF_FORMS = ("tests/unit/blogs/test_forms.py",)

SABOTAGES = (
    Sabotage(
        "anybody's blog is one's own to read",
        rule=15,
        file=BLOGS,
        take_out="    .where(Blog.owner_id == _owner)\n",
        put="    .where((Blog.owner_id == _owner) | (Blog.owner_id != _owner))\n",
        tests=OF_ACCESS,
    ),
    Sabotage(
        "anybody's blog is one's own to change",
        rule=15,
        file=BLOGS,
        take_out="select(Blog).where(Blog.owner_id == owner_id, Blog.id == blog_id)",
        put="select(Blog).where(Blog.id == blog_id)",
        tests=OF_ACCESS,
    ),
    Sabotage(
        "every blog is shared with everybody",
        rule=15,
        file=BLOGS,
        take_out='_VISIBLE = or_(Blog.owner_id == bindparam("reader_id"), shared(Blog.id))',
        put='_VISIBLE = or_(Blog.owner_id != bindparam("reader_id"), shared(Blog.id))',
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a blog that is shared is not shown",
        rule=15,
        file=BLOGS,
        take_out='_VISIBLE = or_(Blog.owner_id == bindparam("reader_id"), shared(Blog.id))',
        put='_VISIBLE = Blog.owner_id == bindparam("reader_id")',
        tests=OF_ACCESS,
    ),
    Sabotage(
        "the list of what is shared has everybody's blogs",
        rule=15,
        file=BLOGS,
        take_out='ANYBODYS.where(shared(Blog.id), Blog.owner_id != bindparam("reader_id"))',
        put='ANYBODYS.where(Blog.owner_id != bindparam("reader_id"))',
        tests=OF_SHARES,
    ),
    Sabotage(
        "one's own blogs are among those of others",
        rule=15,
        file=BLOGS,
        take_out='ANYBODYS.where(shared(Blog.id), Blog.owner_id != bindparam("reader_id"))',
        put="ANYBODYS.where(shared(Blog.id))",
        tests=OF_SHARES,
    ),
    Sabotage(
        "a share with anybody opens a blog",
        rule=15,
        file=SHARES,
        take_out='select(Share.blog_id).where(Share.email == bindparam("reader_email"))',
        put='select(Share.blog_id).where(Share.email != bindparam("reader_email"))',
        tests=OF_SHARES,
    ),
    Sabotage(
        "a share of one blog opens all",
        rule=15,
        file=SHARES,
        take_out='return blog_id.in_(select(Share.blog_id).where(Share.email == bindparam("reader_email")))',
        put='return select(Share.blog_id).where(Share.email == bindparam("reader_email")).correlate(None).exists()',
        tests=OF_SHARES,
    ),
    Sabotage(
        "a share is found by any address, verified or not",
        rule=15,
        file=SHARES,
        take_out='"reader_email": reader.verified_email}',
        put='"reader_email": reader.email}',
        tests=OF_SHARES,
    ),
    Sabotage(
        "anybody sees with whom a blog is shared",
        rule=15,
        file=SHARES,
        take_out='.where(_BLOGS.c.owner_id == bindparam("owner_id"), _BLOGS.c.id == bindparam("blog_id"))',
        put='.where(_BLOGS.c.id == bindparam("blog_id"))',
        tests=OF_SHARES,
    ),
    Sabotage(
        "anybody shares a blog",
        rule=15,
        file=SHARES,
        take_out="select(_BLOGS.c.id).where(_BLOGS.c.owner_id == owner_id, _BLOGS.c.id == blog_id)",
        put="select(_BLOGS.c.id).where(_BLOGS.c.id == blog_id)",
        tests=OF_SHARES,
    ),
    Sabotage(
        "a share is stopped through another blog",
        rule=15,
        file=SHARES,
        take_out="select(Share).where(Share.blog_id == blog_id, Share.id == share_id)",
        put="select(Share).where(Share.id == share_id)",
        tests=OF_SHARES,
    ),
    Sabotage(
        "stopping a share keeps it",
        rule=15,
        file=SHARES,
        take_out="    session.delete(found)\n",
        put="    pass\n",
        tests=OF_SHARES,
    ),
    Sabotage(
        "anybody's file is one's own",
        rule=15,
        file=FILES,
        take_out="select(Attachment).where(Attachment.id == attachment_id, Attachment.uploader_id == uploader_id)",
        put="select(Attachment).where(Attachment.id == attachment_id)",
        tests=("tests/unit/test_access.py", "tests/unit/attachments/test_api.py"),
    ),
    Sabotage(
        "anybody's file is shown in a form",
        rule=15,
        file=FILES,
        take_out="Attachment.uploader_id == uploader_id, Attachment.state == READY\n",
        put="Attachment.state == READY\n",
        tests=OF_FORMS,
    ),
    Sabotage(
        "a file that is on another blog is taken from it",
        rule=15,
        file=FILES,
        take_out="if wanted.state != READY or wanted.blog_id is not None:",
        put="if wanted.state != READY:",
        tests=("tests/unit/attachments/test_api.py", "tests/unit/blogs/test_forms.py", "tests/unit/blogs/test_api.py"),
    ),
    Sabotage(
        "a file that was never looked at is put on a blog",
        rule=15,
        file=FILES,
        take_out="if wanted.state != READY or wanted.blog_id is not None:",
        put="if wanted.blog_id is not None:",
        tests=OF_FILES,
    ),
    Sabotage(
        "a file that was never looked at is shown",
        rule=15,
        file=SEEN,
        take_out="    Attachment.state == READY, or_(",
        put="    or_(",
        tests=OF_FILES,
    ),
    Sabotage(
        "a file is shown to everybody",
        rule=15,
        file=SEEN,
        take_out='or_(Attachment.uploader_id == bindparam("reader_id"), shared(Attachment.blog_id))',
        put='or_(Attachment.uploader_id != bindparam("reader_id"), shared(Attachment.blog_id))',
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a file on a shared blog is hidden from its reader",
        rule=15,
        file=SEEN,
        take_out='or_(Attachment.uploader_id == bindparam("reader_id"), shared(Attachment.blog_id))',
        put='Attachment.uploader_id == bindparam("reader_id")',
        tests=OF_ACCESS,
    ),
    Sabotage(
        "what is not ours is forbidden, and so is there",
        rule=15,
        file="app/errors.py",
        take_out='    status = 404\n    sentence = "There is nothing at this address."',
        put='    status = 403\n    sentence = "There is nothing at this address."',
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a file that is kept is not asked about again",
        rule=16,
        file=PICTURES,
        take_out="    width = _width()\n    with database().read() as db:\n",
        put="    width = _width()\n"
        "    if request.if_none_match:\n"
        "        return Response(status=304)\n"
        "    with database().read() as db:\n",
        tests=("tests/unit/attachments/test_routes.py",),
    ),
    Sabotage(
        "a file is signed before anybody asks whose it is",
        rule=16,
        file="app/attachments/api.py",
        take_out="        attachment = visible_to(db, current_user(), attachment_id)\n",
        put="        attachment = db.get_one(Attachment, attachment_id)\n",
        tests=("tests/unit/test_access.py",),
    ),
    Sabotage(
        "the cache answers for somebody else's blog",
        rule=16,
        file="app/cache/query.py",
        take_out="            if (kind, self.parameters.get(parameter)) != (scope.kind, scope.id):\n",
        put="            if False:\n",
        tests=("tests/unit/cache/test_query.py",),
    ),
    Sabotage(
        "a blog's unknown field is ignored",
        rule=16,
        file="app/blogs/forms.py",
        take_out='    """A blog before it is saved."""\n\n    model_config = ConfigDict(extra="forbid", strict=True)',
        put='    """A blog before it is saved."""\n\n    model_config = ConfigDict(extra="ignore", strict=True)',
        tests=OF_BLOGS,
    ),
    Sabotage(
        "strangers are let in",
        rule=17,
        file=GUARD,
        take_out="    app.before_request(_refuse_strangers)\n",
        put="",
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a view is public unless it says otherwise",
        rule=17,
        file="app/web/marks.py",
        take_out='return getattr(view, "is_public", False)',
        put='return getattr(view, "is_public", True)',
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a blog is shared with any number of people",
        rule=31,
        file=SHARES,
        take_out=">= MAX_SHARES:\n",
        put=">= 10**9:\n",
        tests=OF_SHARES,
    ),
)
