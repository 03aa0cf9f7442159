"""What every answer passes through."""

from flask import Flask

from app.config import Settings
from app.web import headers, health, log, metrics, paths, request_id
from app.web.validation import MAX_BODY_BYTES


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        TRUSTED_HOSTS=settings.trusted_hosts,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=20,
    )
    app.jinja_env.globals["site_name"] = settings.site_name
    log.init_app(app, production=settings.production)
    request_id.init_app(app)
    headers.init_app(app, production=settings.production, upload_origins=settings.upload_origins)
    paths.init_app(app)
    health.init_app(app, base_url=settings.base_url)
    app.register_blueprint(metrics.blueprint)
