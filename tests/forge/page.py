"""A page that is logged in without a login page, and whose requests say what became of them.

Everything else it leaves to Playwright: what ForgePage lacks is looked up on the page, then on its context, then on
the browser. It passes as a Page to `expect` and to the type checker.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, Self, TypedDict

from playwright.sync_api import BrowserContext, Page

from .arrival import problem_of
from .project import Project
from .server import LiveServer
from .session import SessionCookie, SessionForge

if TYPE_CHECKING:
    _Page = Page
else:
    _Page = object

SHOWN = 500


class Action(TypedDict):
    """A request to send from inside the page: `{"method": "post", "path": "/api/blogs", "data": {...}}`.

    With `status`, any other answer fails the test.
    """

    method: str
    path: str
    data: NotRequired[Any]
    status: NotRequired[int]


class Answer(NamedTuple):
    """What became of a request that was sent from inside the page."""

    method: str
    path: str
    status: int
    body: str

    def __str__(self) -> str:
        body = self.body if len(self.body) <= SHOWN else f"{self.body[:SHOWN]} …"
        return f"{self.method.upper()} {self.path} answered {self.status}: {body or '(nothing)'}"

    def json(self) -> Any:
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            raise AssertionError(f"{self}\nThat is no JSON.") from None


_FETCH = """async ({ method, path, data }) => {
  const response = await fetch(path, {
    method: method.toUpperCase(),
    credentials: "same-origin",
    headers: data === undefined ? {} : { "Content-Type": "application/json" },
    body: data === undefined ? undefined : JSON.stringify(data),
  });
  return [response.status, await response.text()];
}"""


class ForgePage(_Page):
    def __init__(self, page: Page, project: Project, sessions: SessionForge, server: LiveServer) -> None:
        self._page = page
        self._project = project
        self._sessions = sessions
        self._server = server
        self.answers: list[Answer] = []

    @classmethod
    def build(
        cls,
        new_context: Callable[..., BrowserContext],
        project: Project,
        sessions: SessionForge,
        server: LiveServer,
        **options: Any,
    ) -> Self:
        """A page in a browser context of its own; options are Playwright's for a new context."""
        return cls(new_context(**options).new_page(), project, sessions, server)

    def login(self, user: Any = None, path: str | None = None, **session: Any) -> Any:
        """Be logged in as that user, or as somebody new, on that page; `age`, `key` and more are the forge's.

        Fails at once, and says why, when the site does not show the page to them.
        """
        __tracebackhide__ = True
        user = self._project.new_user() if user is None else user
        path = self._project.home if path is None else path
        cookie = self._sessions(user, **session)
        self.set_session_cookie(cookie)
        logged = self._server.log_sizes()
        response = self._page.goto(path)
        if problem := problem_of(
            self._page, response, path, self._server.url, self._project, lambda: self._sessions.explain(cookie)
        ):
            raise AssertionError(problem.with_log(self._server.log_since(logged)))
        return user

    def set_session_cookie(self, cookie: SessionCookie) -> None:
        """Send that cookie to the site from now on."""
        self._page.context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": self._server.url}])

    def submit(self, button: str, **fields: str) -> None:
        """Fill the named fields, press the button, and be on the page that answers."""
        for name, value in fields.items():
            self._page.locator(f"[name={name}]").fill(value)
        with self._page.expect_navigation():
            # Waiting for the page is not the click's, which has less time.
            self._page.get_by_role("button", name=button).click(no_wait_after=True)

    def get_contents_of(self, selector: str) -> str:
        """The text that a person reads in the first such element."""
        return self._page.locator(selector).first.inner_text()

    def get(self, path: str) -> Any:
        """The JSON answer to a GET, fetched inside the page."""
        return self.exec_requests([{"method": "get", "path": path}])[0]

    def post(self, path: str, data: Any) -> Any:
        """The JSON answer to a POST of the data as JSON, fetched inside the page."""
        return self.exec_requests([{"method": "post", "path": path, "data": data}])[0]

    def exec_requests(self, actions: list[Action]) -> list[Any]:
        """The JSON answers to these requests, fetched one after the other inside the page.

        `page.answers` has their statuses; a test that fails shows them.
        """
        __tracebackhide__ = True
        return [self._exec(action).json() for action in actions]

    def _exec(self, action: Action) -> Answer:
        __tracebackhide__ = True
        status, body = self._page.evaluate(_FETCH, action)
        answer = Answer(action["method"], action["path"], status, body)
        self.answers.append(answer)
        if action.get("status", status) != status:
            raise AssertionError(f"{answer}\nIt should have answered {action['status']}.")
        return answer

    def close(self, **options: Any) -> None:
        """Close the context, with all its pages; with Playwright's options, this page. The browser is everybody's."""
        if options:
            self._page.close(**options)
        else:
            self._page.context.close()

    if not TYPE_CHECKING:
        # `expect` takes a Page by isinstance, which asks for the class; a plain proxy would be refused.
        __class__ = property(lambda _self: Page)

        def __getattr__(self, name: str) -> Any:
            context = self._page.context
            for owner in (self._page, context, context.browser):
                if hasattr(owner, name):
                    return getattr(owner, name)
            raise AttributeError(
                f"neither {type(self).__name__} nor Playwright's page, context or browser has {name!r}"
            )
