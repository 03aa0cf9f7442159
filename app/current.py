"""What a request can reach: the parts that create_app has put together."""

from collections.abc import Callable
from typing import TypeVar

from flask import current_app

from app.config import Settings
from app.db import Database

T = TypeVar("T")


def extension(name: str, _kind: Callable[..., T]) -> T:
    """The part that create_app put under that name, which is of that kind."""
    found: T = current_app.extensions[name]
    return found


def settings() -> Settings:
    return extension("settings", Settings)


def database() -> Database:
    return extension("database", Database)
