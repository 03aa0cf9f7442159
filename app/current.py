"""What a request can reach: the parts that create_app has put together."""

from typing import cast

from flask import current_app

from app.attachments.files import Files
from app.config import Settings
from app.db import Database


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def database() -> Database:
    return cast(Database, current_app.extensions["database"])


def files() -> Files:
    return cast(Files, current_app.extensions["files"])
