"""The blog as it is shipped: gunicorn with two workers, and a sign-in provider beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.config import Settings
from tests.forge.server import Command, Listener, LiveServer, Serve, gunicorn, started

WORKERS = 2


@dataclass(kw_only=True)
class LiveBlog(LiveServer):
    """A running blog: also how it is set, and where its sign-in provider is."""

    provider_url: str
    settings: Settings


def serve(settings: Settings, application: str = "wsgi:app", *options: str) -> Serve:
    """The blog of these settings, at the address that it is given."""

    def command(listener: Listener) -> Command:
        at = settings.model_copy(update={"base_url": listener.url})
        return gunicorn(application, *options, ready="/healthz", **environment(at))(listener)

    return command


@contextmanager
def live_blog(settings: Settings, folder: Path) -> Iterator[LiveBlog]:
    """The blog and its provider on free ports, over the database and with the secret of these settings."""
    # Another host name than the blog's: cookies ignore ports, and a login must cross sites as it does in life.
    listener, provider = Listener("localhost"), Listener("127.0.0.1")
    settings = settings.model_copy(
        update={
            "base_url": listener.url,
            "oidc_issuer": provider.url,
            "oidc_client_id": "inkwell",
            "web_concurrency": WORKERS,
        }
    )
    blog = LiveBlog(
        listener.url,
        [provider.url, *settings.upload_origins],
        [folder / "blog.log", folder / "provider.log"],
        folder / "clock",
        folder / "requests.jsonl",
        provider_url=provider.url,
        settings=settings,
    )
    with (
        started(sign_in_provider(provider, settings), provider, blog.logs[1]),
        started(serve(settings)(listener), listener, blog.logs[0], clock=blog.clock, record=blog.record),
    ):
        yield blog


def sign_in_provider(listener: Listener, settings: Settings) -> Command:
    arguments = [
        *("-m", "dev.provider", "--fd", str(listener.fd)),
        *("--client-id", settings.oidc_client_id, "--client-secret", settings.oidc_client_secret),
        *("--redirect-uri", f"{settings.base_url}/auth/google/callback"),
    ]
    return Command(arguments, ready="/.well-known/openid-configuration")


def environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables: these alone, whatever a `.env` says of a blog that is somebody's."""
    values = settings.model_dump(exclude_none=True)
    texts = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()}
    return {"ENV_FILE": os.devnull, **{name.upper(): text for name, text in texts.items()}}
