"""How the blog is put together."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from app import error_handlers, readiness, web
from app.account import routes as account_pages
from app.attachments import api as attachments_api
from app.attachments import routes as attachments_pages
from app.attachments.commands import restore_check
from app.auth import guard, session_cookie, usage
from app.auth import routes as auth_pages
from app.auth.commands import cache
from app.auth.user_commands import users
from app.backup import backup
from app.blogs import api as blogs_api
from app.blogs import draft_api, draft_pages, version_api, version_pages
from app.blogs import routes as blogs_pages
from app.blogs.commands import blogs
from app.blogs.commands import usage as usage_commands
from app.config import Settings
from app.db import Database
from app.doctor.commands import doctor, store
from app.images.commands import images
from app.images.server import build_image_server
from app.storage import routes as storage_pages
from app.storage.build import build_store
from app.web import csrf, metrics, reads
from app.web.limits import Limiter


class SyncFlask(Flask):
    """A Flask that does not look, for each view and hook of each request, whether it is a coroutine: none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings) -> Flask:
    """The blog that these settings describe."""
    app = SyncFlask("app", static_folder=None)
    app.secret_key = settings.secret_key
    app.config["SECRET_KEY_FALLBACKS"] = list(settings.secret_key_fallbacks)

    app.extensions["settings"] = settings
    app.extensions["database"] = database = Database(settings.database_url)
    usage.cap(database.sessions, settings)
    metrics.count_connections(database.engine)
    app.extensions["store"] = build_store(settings)
    app.extensions["images"] = build_image_server(settings, app.extensions["store"], metrics.time_image_work)

    web.init_app(app, settings)
    reads.init_app(app, settings, database)
    session_cookie.init_app(app, production=settings.production)
    guard.init_app(app, Limiter(settings, app.extensions["cache"]))
    csrf.init_app(app, base_url=settings.base_url)
    error_handlers.init_app(app)
    readiness.init_app(app, settings)

    app.register_blueprint(auth_pages.blueprint)
    app.register_blueprint(blogs_pages.blueprint)
    app.register_blueprint(version_pages.blueprint)
    app.register_blueprint(draft_pages.blueprint)
    app.register_blueprint(account_pages.blueprint)
    app.register_blueprint(blogs_api.blueprint)
    app.register_blueprint(draft_api.blueprint)
    app.register_blueprint(version_api.blueprint)
    app.register_blueprint(attachments_pages.blueprint)
    app.register_blueprint(attachments_api.blueprint)
    app.register_blueprint(storage_pages.blueprint)
    for command in (backup, blogs, cache, doctor, images, restore_check, store, usage_commands, users):
        app.cli.add_command(command)
    return app
