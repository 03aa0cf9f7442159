"""Rules 12 and 46: what a person may do with all that is theirs at once."""

from dev.sabotage.entry import Sabotage

ROUTES = "app/account/routes.py"
ARCHIVES = "app/account/archives.py"
IMPORTS = "app/account/imports.py"
EXPORTS = "app/account/exports.py"
FRONT = "app/account/front_matter.py"
PLACES = "app/account/places.py"

OF_ACCOUNT = ("tests/unit/account/test_account.py",)
OF_MOVING = ("tests/unit/account/test_export_and_import.py",)

SABOTAGES = (
    Sabotage(
        "an export has everybody's blogs",
        rule=12,
        file=EXPORTS,
        take_out="select(Blog).where(Blog.owner_id == owner_id, Blog.id > last)",
        put="select(Blog).where(Blog.id > last)",
        tests=OF_MOVING,
    ),
    Sabotage(
        "a login overwrites a chosen name",
        file="app/auth/queries.py",
        take_out="    if not user.chose_name:\n",
        put="    if True:\n",
        tests=OF_ACCOUNT,
    ),
    Sabotage(
        "an account is deleted without what confirms it",
        rule=46,
        file=ROUTES,
        take_out="        question.check()\n",
        put="        pass\n",
        tests=OF_ACCOUNT,
    ),
    Sabotage(
        "the files of an account that was deleted stay",
        rule=46,
        file=ROUTES,
        take_out="        delete_files_of(current_user().id)\n",
        put="        pass\n",
        tests=OF_ACCOUNT,
    ),
    Sabotage(
        "an import grows what is packed too tightly",
        file=ARCHIVES,
        take_out="        if info.file_size > max(MAX_SMALL, MAX_RATIO * info.compress_size):\n",
        put="        if False:\n",
        tests=OF_MOVING,
    ),
    Sabotage(
        "the directory of a zip may be as long as it likes",
        file=ARCHIVES,
        take_out="            if _directory_bytes(file) > MAX_DIRECTORY_BYTES:\n",
        put="            if False:\n",
        tests=OF_MOVING,
    ),
    Sabotage(
        "a zip may have any number of files",
        file=ARCHIVES,
        take_out="        if len(infos) > MAX_ENTRIES:\n",
        put="        if False:\n",
        tests=OF_MOVING,
    ),
    Sabotage(
        "front matter merges keys without end",
        file=FRONT,
        take_out="Loader=yaml.BaseLoader",
        put="Loader=yaml.SafeLoader",
        tests=OF_MOVING,
    ),
    Sabotage(
        "a blog that is not taken leaves its files",
        file=IMPORTS,
        take_out="        self._forget(files)\n        return ImportOutcome(self.path, REFUSED, reason)\n",
        put="        return ImportOutcome(self.path, REFUSED, reason)\n",
        tests=OF_MOVING,
    ),
    Sabotage(
        "a zip that is imported twice makes two copies",
        file=IMPORTS,
        take_out="            if before:\n",
        put="            if False:\n",
        tests=OF_MOVING,
    ),
    Sabotage(
        "one person takes every place for exports",
        file=PLACES,
        take_out="            if user_id in self._taken:\n",
        put="            if False:\n",
        tests=OF_MOVING,
    ),
    Sabotage(
        "exports take every thread of a worker",
        file=PLACES,
        take_out="            if len(self._taken) >= self._number:\n",
        put="            if False:\n",
        tests=OF_MOVING,
    ),
)
