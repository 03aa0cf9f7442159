"""What every answer passes through."""

from flask import Flask

from app import log
from app.config import Settings
from app.headers import security_headers
from app.web import health, metrics, openapi, pages, paths, static_files
from app.web.middleware import Middleware
from app.web.validation import MAX_BODY_BYTES


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        TRUSTED_HOSTS=settings.trusted_hosts,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=20,
    )
    log.configure(production=settings.production)
    paths.init_app(app)
    static_files.init_app(app)
    pages.init_app(app, site_name=settings.site_name, provider_name=settings.provider_name)
    health.init_app(app, settings)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(openapi.blueprint)
    headers = security_headers(
        hsts=settings.hsts if settings.production else "",
        script_sources=settings.static_addresses,
        upload_origins=settings.upload_origins,
    )
    app.wsgi_app = Middleware(app.wsgi_app, headers, proxy_hops=settings.proxy_hops)  # type: ignore[method-assign]
