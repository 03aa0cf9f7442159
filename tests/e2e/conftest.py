"""What the harness is told of the blog, and the running blog itself, over either store."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.config import Settings
from app.doctor.setup import setup
from app.storage.build import build_store
from app.storage.store import Store
from tests.e2e.accessibility import violations
from tests.e2e.custom_page import CustomPage
from tests.e2e.live_server import LiveBlog, live_blog, serve
from tests.e2e.site_cache import SiteCache
from tests.factories.session import SessionFactory, login
from tests.factories.user import UserFactory
from tests.forge.project import Project
from tests.forge.redis_server import RedisServer, executable, skip_without_redis
from tests.forge.seaweedfs import SeaweedFS, seaweedfs
from tests.seaweedfs import made_bucket, settings_of

__all__ = ["seaweedfs"]


@pytest.fixture(scope="session")
def secrets(settings: Settings) -> list[str]:
    """What no failing test may leave behind."""
    return [settings.oidc_client_secret]


@pytest.fixture(scope="session")
def project(
    app: Flask,
    site_settings: Settings,
    user_factory: UserFactory,
    session_factory: SessionFactory,
    secrets: list[str],
) -> Project:
    return Project(
        app=app,
        login=login,
        serve=serve(site_settings),
        new_user=user_factory,
        home="/blogs",
        proof="a[href='/auth/logout']",
        why=session_factory.why,
        page_class=CustomPage,
        examine=violations,
        secrets=secrets,
    )


@pytest.fixture(scope="session")
def site_settings(
    settings: Settings, deployed_at: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The settings of the blog under test: with a Redis of its own, where this machine has one to start."""
    if deployed_at or executable() is None:
        yield settings
    else:
        redis = RedisServer(tmp_path_factory.mktemp("redis"))
        yield settings.model_copy(update={"redis_url": redis.url})
        redis.kill()


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> LiveBlog:
    """The blog under test, over the store that a test is parametrised with: `disk`, if with none, or `s3`."""
    found = request.getfixturevalue(f"site_with_{getattr(request, 'param', 'disk')}")
    assert isinstance(found, LiveBlog)
    return found


@pytest.fixture(scope="session")
def site_with_disk(
    site_settings: Settings, deployed_at: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveBlog]:
    """Started here, or deployed elsewhere with whatever store it has."""
    if deployed_at:
        origins = [site_settings.oidc_issuer, *site_settings.upload_origins]
        yield LiveBlog(deployed_at, origins, provider_url=site_settings.oidc_issuer, settings=site_settings)
    else:
        with live_blog(site_settings, tmp_path_factory.mktemp("server")) as blog:
            yield blog


@pytest.fixture(scope="session")
def site_cache(site_settings: Settings) -> Iterator[SiteCache]:
    if not site_settings.redis_url:
        skip_without_redis()
        pytest.skip("The site's Redis is not known: give its REDIS_URL")
    cache = SiteCache(site_settings)
    yield cache
    cache.close()


@pytest.fixture
def cache(site_cache: SiteCache) -> SiteCache:
    """The site's cache. A test that asks for it is skipped where the site has no Redis."""
    return site_cache


@pytest.fixture(scope="session")
def site_with_s3(
    settings: Settings,
    deployed_at: str | None,
    seaweedfs: SeaweedFS,
    secrets: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveBlog]:
    """The same people and blogs, with a bucket on another origin for the files."""
    if deployed_at:
        pytest.skip("A deployed site has one store.")
    secrets.append(seaweedfs.secret_key)
    store = made_bucket(seaweedfs)
    folder = tmp_path_factory.mktemp("server-with-s3")
    with live_blog(
        settings.model_copy(update={"instance_dir": folder, **settings_of(seaweedfs, store)}), folder
    ) as server:
        setup(store, server.url)
        yield server


@pytest.fixture
def store(site: LiveBlog) -> Store:
    """The store of the blog under test."""
    return build_store(site.settings)
