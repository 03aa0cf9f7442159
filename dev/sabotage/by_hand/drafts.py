"""Rules 14 and 28 for drafts: they are their writer's alone, no other device writes over them, none comes back."""

from dev.sabotage.entry import Sabotage

DRAFTS = "app/blogs/drafts.py"

SCRIPT = "app/static/draft.js"

OF_DRAFTS = ("tests/unit/blogs/test_drafts.py",)
OF_WRITING = ("tests/e2e/test_drafts.py",)

SABOTAGES = (
    Sabotage(
        "a draft is anybody's who has its key",
        rule=14,
        file=DRAFTS,
        take_out="where(StoredDraft.owner_id == owner_id, StoredDraft.key == key))",
        put="where(StoredDraft.key == key))",
        tests=OF_DRAFTS,
    ),
    Sabotage(
        "one lists the drafts of all",
        rule=14,
        file=DRAFTS,
        take_out="statement.outerjoin(Blog, own_blog).where(StoredDraft.owner_id == owner_id)",
        put="statement.outerjoin(Blog, own_blog)",
        tests=OF_DRAFTS,
    ),
    Sabotage(
        "one device writes over the other's draft",
        rule=28,
        file=DRAFTS,
        take_out="    elif draft.revision != typed.revision:\n",
        put="    elif draft.revision < typed.revision:\n",
        tests=OF_DRAFTS,
    ),
    Sabotage(
        "what was published comes back as a draft",
        rule=28,
        file=DRAFTS,
        take_out="        raise KeyReused(SAVED_BEFORE)\n",
        put="        pass\n",
        tests=OF_DRAFTS,
    ),
    Sabotage(
        "there are as many drafts as one likes",
        rule=26,
        file=DRAFTS,
        take_out='        raise OverQuota("drafts", sentence)\n',
        put="        pass\n",
        tests=OF_DRAFTS,
    ),
    Sabotage(
        "a draft's pictures are swept",
        rule=28,
        file="app/attachments/sweep.py",
        take_out='("version_files", "draft_files")',
        put='("version_files",)',
        tests=OF_DRAFTS,
    ),
    Sabotage(
        "a form without JavaScript keeps no draft",
        rule=28,
        file="app/blogs/routes.py",
        take_out="            form.keep()\n",
        put="",
        tests=OF_DRAFTS,
    ),
    Sabotage(
        "of two texts without JavaScript one is lost",
        rule=28,
        file="app/blogs/form_pages.py",
        take_out="            return save_draft(db, current_user().id, new_key(), typed)\n",
        put='            return save_draft(db, current_user().id, key, typed.model_copy(update={"revision": 1}))\n',
        tests=OF_DRAFTS,
    ),
    Sabotage(
        "nothing is saved when the network is back",
        rule=28,
        file=SCRIPT,
        take_out='    window.addEventListener("online", () => this.save());\n',
        put="",
        tests=OF_WRITING,
    ),
    Sabotage(
        "a lost answer makes a second draft",
        rule=28,
        file=SCRIPT,
        take_out="if (theirs && this.lastSent && isSame(theirs, this.lastSent)) {",
        put="if (false) {",
        tests=OF_WRITING,
    ),
    Sabotage(
        "the later device waits with its text",
        rule=28,
        file=SCRIPT,
        take_out='      this.field("key").value = newKey();\n',
        put="",
        tests=OF_WRITING,
    ),
    Sabotage(
        "a text that another tab's logout has removed is said to be kept",
        rule=28,
        file=SCRIPT,
        take_out='      this.form.dispatchEvent(new Event("draft"));\n      this.fail(',
        put="      this.fail(",
        tests=OF_WRITING,
    ),
)
