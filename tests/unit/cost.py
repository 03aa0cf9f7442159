"""What a block of code costs the database, in counts that no load can move."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Mapper

from app.db import Database


class Cost:
    """What a block of code asked of the database."""

    def __init__(self) -> None:
        self.connections = 0
        self.statements: list[str] = []
        self.objects: list[object] = []


@contextmanager
def counted(database: Database) -> Iterator[Cost]:
    cost = Cost()

    def opened(*_: object) -> None:
        cost.connections += 1

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        cost.statements.append(statement)

    def loaded(target: object, _context: object) -> None:
        cost.objects.append(target)

    listeners: list[tuple[Any, str, Callable[..., None]]] = [
        (database.engine, "checkout", opened),
        (database.engine, "before_cursor_execute", executed),
        (Mapper, "load", loaded),
    ]
    for target, moment, listener in listeners:
        event.listen(target, moment, listener)
    yield cost
    for target, moment, listener in listeners:
        event.remove(target, moment, listener)
