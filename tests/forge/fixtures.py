"""The fixtures: the site, pages and clients of somebody logged in, and the server's clock."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIRequestContext, Browser, BrowserContext, Playwright, expect

from .browsers import launched
from .checks import StandingChecks
from .evidence.folder import folder_of
from .examination import Examination
from .page import Answer, ForgePage
from .pictures import Pictures
from .project import Project
from .recording import CONTEXTS
from .refusals import REFUSED
from .report.steps import STEPS
from .server import LiveServer, live_server
from .session import SAME_ORIGIN, SessionCookie, SessionForge, Unsigned

ACTION_MILLISECONDS = 5000
NAVIGATION_MILLISECONDS = 10_000
# Nobody listens there: what may not be asked finds no way out.
DEAD_END = "http://127.0.0.1:9"

NewPage = Callable[..., ForgePage]
ClientFor = Callable[..., APIRequestContext]


@dataclass(frozen=True)
class Visit:
    """One page of a test, under its standing checks, and how long the server's logs were before it."""

    page: ForgePage
    checks: StandingChecks
    server: LiveServer
    logged: Sequence[int]
    examination: Examination

    def answers(self) -> list[Answer]:
        return self.page.answers


VISITS = pytest.StashKey[list[Visit]]()


@pytest.fixture(scope="session")
def playwright(playwright: Playwright, pytestconfig: pytest.Config) -> Playwright:
    if STEPS in pytestconfig.stash:
        pytestconfig.stash[STEPS].listen(playwright)
    return playwright


@pytest.fixture
def repetition(request: pytest.FixtureRequest) -> int:
    """Which time it is, with `--repeat-each`."""
    return int(request.param)


@pytest.fixture(scope="session")
def project() -> Project:
    """What the harness must know of the project under test."""
    raise pytest.UsageError(
        "Tell forge of your project: a session fixture `project` that returns a forge.project.Project"
    )


@pytest.fixture(scope="session")
def session_factory(project: Project) -> SessionForge:
    return SessionForge(project.app, project.login, project.why)


@pytest.fixture(scope="session")
def site(
    project: Project, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """The site under test: started here, or with `--base-url` deployed elsewhere."""
    if deployed_at := pytestconfig.getoption("--base-url"):
        yield LiveServer(deployed_at, project.origins)
    else:
        with live_server(project.serve, tmp_path_factory.mktemp("site"), origins=project.origins) as server:
            yield server


@pytest.fixture(scope="session")
def base_url() -> None:
    """For pytest-playwright; a run may visit several sites, and each test's own is `site.url`."""


@pytest.fixture(scope="session")
def delete_output_dir() -> None:
    """Left to the start of the run: pytest-playwright's own lets one parallel worker delete another's traces."""


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], browser_name: str, browser_channel: str | None
) -> dict[str, Any]:
    if browser_name != "chromium":
        return browser_type_launch_args
    chosen = os.environ.get("FORGE_BROWSER") if not browser_channel else None
    program = {"executable_path": chosen} if chosen else {}
    return {**browser_type_launch_args, "args": ["--disable-quic"], **program}


@pytest.fixture(scope="session")
def browser(launch_browser: Callable[[], Browser], browser_name: str, pytestconfig: pytest.Config) -> Iterator[Browser]:
    """The browser of this process; the first that asks for one that is missing waits for its download."""
    browser = launched(launch_browser, browser_name, pytestconfig)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def connect_options(pytestconfig: pytest.Config) -> dict[str, Any] | None:
    address = pytestconfig.getoption("--connect")
    return {"endpoint": address, "expose_network": "<loopback>"} if address else None


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    expect.set_options(timeout=ACTION_MILLISECONDS)


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], site: LiveServer, pytestconfig: pytest.Config
) -> dict[str, Any]:
    """Contexts that begin at the site, and reach it, its provider and its store, and nothing else."""
    # A browser takes `localhost:8000` as it stands; `page.request` knows no ports, and only it reads `.localhost` so.
    names = {f".{host.partition(':')[0]}" for host in site.own_hosts}
    way_out = {"server": DEAD_END, "bypass": ",".join(sorted(site.own_hosts | names))}
    # A browser elsewhere reaches this machine through Playwright's own tunnel, which a proxy would come before.
    proxy = {} if pytestconfig.getoption("--connect") else {"proxy": way_out}
    return {**browser_context_args, "base_url": site.url, **proxy}


@pytest.fixture
def new_context(
    new_context: Callable[..., BrowserContext], request: pytest.FixtureRequest
) -> Callable[..., BrowserContext]:
    """Opens browser contexts that do not wait for long."""
    opened: list[BrowserContext] = []
    request.node.stash[CONTEXTS] = opened

    def open_context(**options: Any) -> BrowserContext:
        context = new_context(**options)
        opened.append(context)
        if not os.environ.get("PWDEBUG"):
            context.set_default_timeout(ACTION_MILLISECONDS)
            context.set_default_navigation_timeout(NAVIGATION_MILLISECONDS)
        return context

    return open_context


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of the problems that belong to a test, such as `500 from`. It adds its own."""
    return []


@pytest.fixture
def examination(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Examination:
    """Has each distinct page of the run examined, once for all of its processes."""
    folder = tmp_path_factory.getbasetemp()
    # A worker's own folder is in the one that all share.
    shared = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "examined-pages"
    shared.mkdir(exist_ok=True)
    # Made anew for each test: in one run of several projects, each has its own.
    return Examination(project.examine, shared)


@pytest.fixture
def new_page(
    request: pytest.FixtureRequest,
    new_context: Callable[..., BrowserContext],
    project: Project,
    session_factory: SessionForge,
    site: LiveServer,
    expected_errors: list[str],
    examination: Examination,
) -> NewPage:
    """Opens pages, each in a browser context of its own and under the standing checks."""
    visits: list[Visit] = []
    request.node.stash[VISITS] = visits
    page_class = project.page_class or ForgePage

    def open_page(**options: Any) -> ForgePage:
        logged = site.log_sizes()
        page = page_class.build(new_context, project, session_factory, site, **options)
        checks = StandingChecks(page.context, site.own_hosts, expected_errors)
        # Without scripts an examination that is one, such as axe's, would wait for ever.
        runs_scripts = options.get("java_script_enabled", True)
        visits.append(Visit(page, checks, site, logged, examination if runs_scripts else Examination(None, Path())))
        return page

    return open_page


@pytest.fixture
def page(new_page: NewPage) -> ForgePage:
    """A visitor's page, at no address yet and logged out."""
    return new_page()


@pytest.fixture
def as_user(new_page: NewPage) -> NewPage:
    """`as_user(ada)` is another person's page, in a browser of their own: logged in, as by `page.login(ada)`."""

    def open_page(user: Any = None, path: str | None = None, **session: Any) -> ForgePage:
        page = new_page()
        page.login(user, path, **session)
        return page

    return open_page


@pytest.fixture
def client_for(playwright: Playwright, session_factory: SessionForge, site: LiveServer) -> Iterator[ClientFor]:
    """`client_for(user)` asks the site as that user's browser would, without a browser; of nobody, as a stranger's."""
    clients: list[APIRequestContext] = []

    def make(user: Any = None, **session: Any) -> APIRequestContext:
        cookies = [session_factory(user, **session).at(site.url)] if user is not None else []
        clients.append(
            playwright.request.new_context(
                base_url=site.url, extra_http_headers=SAME_ORIGIN, storage_state={"cookies": cookies, "origins": []}
            )
        )
        return clients[-1]

    yield make
    for client in clients:
        client.dispose()


@pytest.fixture(params=[*REFUSED.values()], ids=[*REFUSED])
def refused_session(request: pytest.FixtureRequest, session_factory: SessionForge, project: Project) -> SessionCookie:
    """Session cookies that must log nobody in, one after the other."""
    try:
        refused: SessionCookie = request.param(session_factory, project.new_user())
    except Unsigned:
        pytest.skip("The app signs no cookies.")
    return refused


@pytest.fixture
def expect_screenshot(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Pictures:
    """`expect_screenshot(page, "the list", mask=[…])`: the page looks like its picture of that name."""
    return Pictures(pytestconfig, folder_of(request.node))


class Clock:
    """The server's clock; the browser's own is `page.clock`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def forward(self, **span: float) -> None:
        """Be that much ahead of the true time: `clock.forward(days=8)`."""
        self._file.write_text(str(timedelta(**span).total_seconds()))


@pytest.fixture
def clock(site: LiveServer) -> Iterator[Clock]:
    """Moves the time of the server under test, which is right again after the test."""
    if site.clock is None:
        pytest.skip("A deployed site keeps its own time.")
    yield Clock(site.clock)
    site.clock.unlink(missing_ok=True)
