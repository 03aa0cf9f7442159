"""A person who goes, with all that is theirs: by their own hand, or by an operator's."""

from contextlib import suppress

from redis import RedisError

from app.attachments.sweep import remove_files_of
from app.auth.models import User
from app.current import database
from app.storage.current import store
from app.web.reads import cache


def delete_user(user_id: int) -> None:
    """Remove the row, and by it everything that refers to it. Their sessions are nobody's from then on."""
    with database().write() as db:
        db.delete(db.get_one(User, user_id))
    with suppress(RedisError):
        cache().clear(f"users:{user_id}")


def delete_files_of(user_id: int) -> int:
    """Remove the files of somebody whose row is gone. Returns how many. Raises StoreError; sweeping takes the rest."""
    return remove_files_of(store(), user_id)
