"""What is wrong on any page: noted from outside, whether a test looks for it or not."""

import re
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError
from playwright.sync_api import Error as PlaywrightError

# A refusal is an answer like another; a test that is about it says so itself.
REFUSALS = "Failed to load resource: the server responded with a status of 4"
# The trace recorder fetches a preview that the browser could not decode; no script of ours fetches one.
RECORDER = "Connecting to 'blob:"
MOST_ANSWERS = 20
MOST_OF_BODY = 500
MOST_PLACES = 3
# As a line of a stack ends, in each of the browsers.
PLACE = re.compile(r":\d+:\d+\)?$")


class StandingChecks:
    """Notes every script error, console error, 5xx and request to an outside host in a browser context."""

    def __init__(self, context: BrowserContext, own_hosts: Collection[str], expected: Sequence[str] = ()) -> None:
        self.problems: list[str] = []
        # What was asked with a query, which may hold a code or a signature.
        self.addresses: list[str] = []
        self._expected = expected
        self._own_hosts = own_hosts
        self._context = context
        self._answers: deque[Response] = deque(maxlen=MOST_ANSWERS)
        context.on("weberror", self._on_script_error)
        context.on("console", self._on_console)
        context.on("response", self._on_response)
        context.on("request", self._on_request)

    def settle(self) -> list[str]:
        """Every problem, once those on their way from the browser have come."""
        with suppress(PlaywrightError):
            # Events come in their order: those before this answer are here when it is.
            self._context.cookies()
        return self.problems

    def last_answers(self) -> list[str]:
        """The last answers that the pages got, the newest at the end, and what a refusal said."""
        return [f"{each.status} {each.request.method} {each.url}{_refusal(each)}" for each in self._answers]

    def note(self, problem: str) -> None:
        if not any(part in problem for part in self._expected):
            self.problems.append(problem)

    def _on_script_error(self, error: WebError) -> None:
        places = [line.strip() for line in (error.error.stack or "").splitlines() if PLACE.search(line)]
        self.note("\n    ".join([f"script error: {error.error}", *places[:MOST_PLACES]]))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith((REFUSALS, RECORDER)):
            file, line = message.location["url"].partition("?")[0], message.location["lineNumber"] + 1
            self.note(f"console error: {message.text}" + (f"\n    at {file}:{line}" if file else ""))

    def _on_response(self, response: Response) -> None:
        part_of_a_page = response.request.resource_type in ("stylesheet", "script", "image", "font")
        if not part_of_a_page or response.status >= 400:
            # The others would push out what the person did.
            self._answers.append(response)
        if response.status >= (400 if part_of_a_page else 500):
            self.note(f"{response.status} from {response.url}")

    def _on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.query:
            self.addresses.append(request.url)
        if url.scheme in ("http", "https") and url.netloc not in self._own_hosts:
            self.note(f"request to an outside host: {request.url}")


def _refusal(response: Response) -> str:
    # A body that is still on its way would be waited for.
    if response.status < 400 or response.request.timing["responseEnd"] < 0:
        return ""
    with suppress(PlaywrightError):
        body = " ".join(response.text().split())
        return f"\n    {body[:MOST_OF_BODY]}{' …' if len(body) > MOST_OF_BODY else ''}"
    return ""
