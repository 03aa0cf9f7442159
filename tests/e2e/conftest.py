"""The browser, the running blog, and what every browser test gets without asking."""

import os
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Playwright

from app.config import Settings
from app.doctor.setup import setup
from app.storage.build import build_store
from app.storage.store import Store
from tests.e2e.custom_page import CustomPage
from tests.e2e.live_server import LiveServer, live_server
from tests.e2e.site_cache import SiteCache
from tests.e2e.standing_checks import StandingChecks
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.redis_server import RedisServer, executable, skip_without_redis
from tests.seaweedfs import SeaweedFS, made_bucket, seaweedfs, settings_of

__all__ = ["seaweedfs"]

NewPage = Callable[..., CustomPage]
SERVER_LOG = pytest.StashKey[tuple[LiveServer, list[int]]]()


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
def site(request: pytest.FixtureRequest) -> LiveServer:
    """The blog under test, over the store that a test is parametrised with: `disk`, if with none, or `s3`."""
    found = request.getfixturevalue(f"site_with_{getattr(request, 'param', 'disk')}")
    assert isinstance(found, LiveServer)
    return found


@pytest.fixture(scope="session")
def site_with_disk(
    site_settings: Settings, deployed_at: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """Started here, or deployed elsewhere with whatever store it has."""
    if deployed_at:
        yield LiveServer(deployed_at, site_settings.oidc_issuer, [], site_settings)
    else:
        with live_server(site_settings, tmp_path_factory.mktemp("server")) as server:
            yield server


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
    settings: Settings, deployed_at: str | None, seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """The same people and blogs, with a bucket on another origin for the files."""
    if deployed_at:
        pytest.skip("A deployed site has one store.")
    store = made_bucket(seaweedfs)
    folder = tmp_path_factory.mktemp("server-with-s3")
    with live_server(
        settings.model_copy(update={"instance_dir": folder, **settings_of(seaweedfs, store)}), folder
    ) as server:
        setup(store, server.url)
        yield server


@pytest.fixture(scope="session")
def base_url(site: LiveServer) -> str:
    return site.url


@pytest.fixture(scope="session")
def delete_output_dir() -> None:
    """Keep what is there: pytest-playwright's own lets one parallel worker delete another's traces."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], playwright: Playwright) -> dict[str, Any]:
    arguments = {**browser_type_launch_args, "args": ["--disable-quic"]}
    if executable := os.environ.get("INKWELL_BROWSER"):
        arguments["executable_path"] = executable
    return arguments


@pytest.fixture
def store(site: LiveServer) -> Store:
    """The store of the blog under test."""
    return build_store(site.settings)


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of the console errors that belong to a test. It adds its own."""
    return []


@pytest.fixture
def new_page(
    new_context: Callable[..., BrowserContext],
    site: LiveServer,
    user_factory: UserFactory,
    session_factory: SessionFactory,
    expected_errors: list[str],
) -> Iterator[NewPage]:
    """New pages, each in a browser context of its own and under the standing checks."""
    watched: list[StandingChecks] = []

    def open_page(**options: Any) -> CustomPage:
        page = CustomPage.build(new_context, user_factory, session_factory, site.url, **options)
        watched.append(StandingChecks(page.context, site.own_urls, expected_errors))
        return page

    yield open_page
    problems = [problem for checks in watched for problem in checks.problems]
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(new_page: NewPage) -> CustomPage:
    """A visitor's page, at no address yet and logged out."""
    return new_page()


@pytest.fixture(autouse=True)
def _server_log(request: pytest.FixtureRequest, site: LiveServer) -> None:
    request.node.stash[SERVER_LOG] = (site, site.log_size())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Show a failed test what the servers logged while it ran."""
    report = yield
    if report.failed and SERVER_LOG in item.stash:
        server, sizes = item.stash[SERVER_LOG]
        report.sections.append(("Server log of this test", server.log_since(sizes) or "(nothing)"))
    return report
