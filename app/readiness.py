"""How /readyz asks what the blog can do without for a while: the cache, the store, the provider."""

from time import monotonic

from flask import Flask

from app.cache import Cache
from app.config import Settings
from app.storage.store import Store
from app.web.checks import Check

# Nobody can have the store or the provider asked more often than this, however often /readyz is asked.
KEPT_SECONDS = 5
# No file has this key, and saying so is answer enough.
KEY = "readyz"
PROVIDER_SECONDS = 2


def init_app(app: Flask, settings: Settings) -> None:
    cache: Cache = app.extensions["cache"]
    store: Store = app.extensions["store"]

    def ask_cache() -> dict[str, str]:
        answers = cache.redis_answers()
        return {"cache": "none" if answers is None else "ok" if answers else "down"}

    def ask_store() -> dict[str, str]:
        store.head(KEY)
        return {"store": "ok"}

    app.extensions["checks"] += [
        Check(ask_cache, {"cache": "down"}),
        Check(ask_store, {"store": "down"}, KEPT_SECONDS),
        Check(lambda: _ask_provider(settings.oidc_issuer), {"provider": "down"}, KEPT_SECONDS),
    ]


def _ask_provider(issuer: str) -> dict[str, str]:
    # Here, because most workers' first requests are no logins.
    from app.auth.exchange import Exchange

    with Exchange(issuer, monotonic() + PROVIDER_SECONDS) as exchange:
        exchange.document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    return {"provider": "ok"}
