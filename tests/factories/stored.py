"""What the factories of rows have in common."""

from typing import Any, Self

import factory

from app.db import Database


class StoredFactory(factory.Factory):
    """Bound to a database by `on`; what it makes, each time that it is called, is stored there."""

    class Meta:
        abstract = True

    _database: Database

    @classmethod
    def on(cls, database: Database) -> Self:
        # Called itself, a class of factory_boy's makes a model, which is in no database.
        bound = object.__new__(cls)
        bound._database = database
        return bound

    def _stored(self, **columns: Any) -> Any:
        made = self.build(**columns)
        with self._database.write() as db:
            db.add(made)
        return made
