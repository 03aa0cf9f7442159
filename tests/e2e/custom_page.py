"""A page that knows the blog: it logs in without a login page, and says things in the suite's words.

Everything else it leaves to Playwright: what CustomPage lacks is looked up on the page, then on its context, then on
the browser. It passes as a Page to `expect` and to the type checker.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from playwright.sync_api import BrowserContext, Page, Response, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from app.auth.models import User
from tests.factories.session import SessionCookie

if TYPE_CHECKING:
    _Page = Page
else:
    _Page = object


CacheResult = Literal["hit", "miss", "bypass"] | None


class Action(TypedDict, total=False):
    """A request to send from inside the page: `{"method": "post", "path": "/api/blogs", "data": {...}}`."""

    method: str
    path: str
    data: Any


_FETCH = """async ({ method, path, data }) => {
  const response = await fetch(path, {
    method,
    credentials: "same-origin",
    headers: data === undefined ? {} : { "Content-Type": "application/json" },
    body: data === undefined ? undefined : JSON.stringify(data),
  });
  const body = await response.text();
  return body === "" ? null : JSON.parse(body);
}"""


class CustomPage(_Page):
    def __init__(
        self, page: Page, new_user: Callable[[], User], session_of: Callable[[User], SessionCookie], site_url: str
    ) -> None:
        self._page = page
        self._new_user = new_user
        self._session_of = session_of
        self._site_url = site_url
        self._answer: Response | None = None
        page.on("response", self._note)

    @classmethod
    def build(
        cls,
        new_context: Callable[..., BrowserContext],
        new_user: Callable[[], User],
        session_of: Callable[[User], SessionCookie],
        site_url: str,
        **options: Any,
    ) -> "CustomPage":
        """A page in a browser context of its own; options are Playwright's for a new context."""
        return cls(new_context(**options).new_page(), new_user, session_of, site_url)

    def login(self, user: User | None = None, path: str = "/blogs") -> User:
        """Be logged in as that user, or as somebody new, on that page. Fails here if the blog refuses the session."""
        user = user or self._new_user()
        self.set_session_cookie(self._session_of(user))
        self._page.goto(path)
        expect(self._page.get_by_role("link", name="Logout"), "the blog refused the session cookie").to_be_visible()
        return user

    def set_session_cookie(self, cookie: SessionCookie) -> None:
        """Send that cookie to the blog from now on."""
        self._page.context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": self._site_url}])

    def submit(self, button: str, **fields: str) -> None:
        """Fill the named fields, press the button, and be on the page that answers."""
        for name, value in fields.items():
            self._page.locator(f"[name={name}]").fill(value)
        with self._page.expect_navigation():
            self._page.get_by_role("button", name=button).click()

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
        """The JSON answers to these requests, fetched one after the other inside the page."""
        return [self._page.evaluate(_FETCH, action) for action in actions]

    def expect_cache(self, result: CacheResult, *, timeout: float = 5000) -> None:
        """The page's answer says `X-Cache: <result>`, now or soon; None is an answer that read nothing to cache."""
        if self._answer is None or _cache_result(self._answer) != result:
            with suppress(PlaywrightTimeout):
                self._page.wait_for_event("response", self._says(result), timeout=timeout)
        assert self._answer is not None, "the page has not been anywhere yet"
        found, timing = _cache_result(self._answer), self._answer.headers.get("server-timing", "nothing")
        assert found == result, (
            f"{self._answer.url} should have been answered with X-Cache {result}, and says {found} ({timing})"
        )

    def close(self, **_options: Any) -> None:
        """Close the context, with all its pages. The browser is everybody's."""
        self._page.context.close()

    def _note(self, response: Response) -> None:
        if self._is_a_page(response):
            self._answer = response

    def _is_a_page(self, response: Response) -> bool:
        return response.request.is_navigation_request() and response.frame == self._page.main_frame

    def _says(self, result: CacheResult) -> Callable[[Response], bool]:
        return lambda response: self._is_a_page(response) and _cache_result(response) == result

    if not TYPE_CHECKING:
        # `expect` takes a Page by isinstance, which asks for the class; a plain proxy would be refused.
        __class__ = property(lambda _self: Page)

        def __getattr__(self, name: str) -> Any:
            context = self._page.context
            for owner in (self._page, context, context.browser):
                if hasattr(owner, name):
                    return getattr(owner, name)
            raise AttributeError(f"neither CustomPage nor Playwright's page, context or browser has {name!r}")


def _cache_result(response: Response) -> str | None:
    return response.headers.get("x-cache")
